//===- TrainErrorsTest.cpp - What ternary-train refuses -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TrainTool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

using testing::ElementsAre;
using testing::HasSubstr;

namespace {

class TrainErrorsTest : public TrainToolTest {
protected:
  /// That these options are refused and that nothing is written.
  void expectRefused(const std::string &options, const std::string &text,
                     const std::string &object = "FakeTraining.so") {
    SCOPED_TRACE(options);
    expectError(train(options, object), text);
    EXPECT_FALSE(exists("run"));
  }
};

TEST_F(TrainErrorsTest, WrongOptions) {
  const std::pair<const char *, const char *> cases[] = {
      {"--learning-rate 0",
       "--learning-rate: expected a number above 0 and at most 1000, found '0'"},
      {"--learning-rate nan", "found 'nan'"},
      {"--learning-rate -1", "found '-1'"},
      {"--learning-rate inf", "found 'inf'"},
      {"--learning-rate 1e-60", "found '1e-60'"},
      {"--learning-rate ''", "found ''"},
      {"--learning-rate 1x", "found '1x'"},
      {"--final-fraction 2", "--final-fraction: expected a number from 0 to 1, found '2'"},
      {"--warmup -1", "--warmup: expected an integer from 0"},
      {"--warmup 30", "--warmup: expected fewer than --steps, 30, found 30"},
      {"--halve-at soon", "--halve-at: expected an integer from 0 to "},
      {"--beta1 1", "--beta1: expected a number from 0 to 0.999999, found '1'"},
      {"--beta2 -0.1", "--beta2: expected a number"},
      {"--adam-epsilon 0", "--adam-epsilon: expected a number above 0"},
      {"--weight-decay nan", "--weight-decay: expected a number"},
      {"--clip -1", "--clip: expected a number"},
      {"--steps 0", "--steps: expected an integer from 1"},
      {"--accumulate 0", "--accumulate: expected an integer from 1"},
      {"--sequence-length 0", "--sequence-length: expected an integer from 1"},
      {"--seed -1", "--seed: expected an integer of at least 0, found '-1'"},
      {"--data-format utf8",
       "--data-format: expected text, bytes, ids, uint16 or int32, found 'utf8'"},
      {"--valid-fraction 1", "--valid-fraction: expected a number from 0 to 0.999, found '1'"},
      {"--valid-data corpus.txt", "--valid-data and --valid-fraction: expected one at most"},
      {"--valid-fraction 0 --save-best", "--save-best: expected --valid-data"},
      {"--valid-every 0", "--valid-every: expected"},
      {"--save-every 0", "--save-every: expected"},
      {"--keep 0", "--keep: expected"},
      {"--threads 0", "--threads: expected"},
      {"--weights a --init b", "--weights and --init: expected one at most"},
      {"--input-ids a", "--input-ids and --gradients: expected both or neither"},
      {"--input-ids a --gradients b", "--input-ids: expected none of --data, --out and --resume"},
      {"--prepend-bos", "--prepend-bos: expected a model with a beginning-of-sequence token"},
      {"--nonsense", "unknown option --nonsense"},
      {"other.so", "expected one training object, found 2 arguments"},
  };
  for (auto [options, text] : cases)
    expectRefused(kRun + "--out run " + options, text);
  expectRefused("--data corpus.txt", "expected --data and --out, found no --out");
  expectRefused("--out run", "expected --data and --out, found no --data");
  expectRefused("", "expected --data and --out, found neither");
  expectRefused(kRun + "--out ''", "--out: expected a folder, found ''");
}

TEST_F(TrainErrorsTest, WrongData) {
  std::string rest = " --sequence-length 16 --data-format bytes --out run";
  expectRefused("--data missing.txt" + rest, "missing.txt: cannot read the file: No such file");
  expectRefused("--data ." + rest, ".: cannot read the file: expected a regular file, found a dir");
  dir.write("empty", "");
  expectRefused("--data empty" + rest, "empty: expected data to train on, found an empty file");
  dir.write("tiny", std::string(32, 'a'));
  expectRefused("--data tiny" + rest, "tiny: expected at least 33 tokens for one training step, 2 "
                                      "sequences of 16, found 32");
  expectRefused("--data corpus.txt --accumulate 9999" + rest, "one training step, 19998 sequences");
  expectRefused(
      "--data corpus.txt --valid-fraction 0.0005" + rest,
      "corpus.txt: expected at least 17 tokens for validation, 1 sequence of 16, found 1");
  expectRefused("--data corpus.txt --valid-data tiny --sequence-length 32 --data-format bytes "
                "--out run",
                "tiny: expected at least 33 tokens for validation, 1 sequence of 32, found 32");
  dir.write("high", std::string(100, '\xc8'));
  expectRefused("--data high" + rest, "high: expected ids in [0, 128), found 200 at 0",
                "FakeTrainingSmall.so");
  writeIds("ids.npy", {3}, {1, 2, 256});
  expectRefused("--data ids.npy --out run", "ids.npy: expected ids in [0, 256), found 256 at 2");
  expectRefused("--data corpus.txt --out run",
                "FakeTraining.so: expected a tokenizer for text in the object, found none; see "
                "--data-format");
}

TEST_F(TrainErrorsTest, SequencesLongerThanTheModel) {
  expectRefused("--data corpus.txt --sequence-length 33 --out run",
                "--sequence-length: expected at most 32 tokens, as", "FakeTrainingText.so");
}

TEST_F(TrainErrorsTest, OtherObjects) {
  expectRefused(kRun + "--out run",
                "FakeModel.so: expected an object that ternary-compile --function=train made, "
                "found a model that generates text",
                "FakeModel.so");
  expectRefused(kRun + "--out run", "Missing.so: cannot load the model", "Missing.so");
  expectError(shell("head -c 5000 '" + kModels +
                    "FakeTraining.so' > part.so && '" TERNARY_TRAIN "' part.so " + kRun +
                    "--out run"),
              "part.so: cannot load the model: file is truncated: expected at least ");
}

TEST_F(TrainErrorsTest, OutputsThatCannotBe) {
  expectRefused(kRun + "--out corpus.txt", "--out corpus.txt: cannot use the folder: Not a dir");
  expectRefused(kRun + "--out corpus.txt/run", "corpus.txt/run: cannot create the folder");
}

TEST_F(TrainErrorsTest, FoldersInUse) {
  std::filesystem::create_directory(dir.file("busy"));
  int folder = open(dir.file("busy").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(folder, LOCK_EX), 0);
  expectError(train(kRun + "--out busy"),
              "--out busy: expected a folder of its own, found another");
  close(folder);
}

TEST_F(TrainErrorsTest, EarlierRunsAreNotOverwritten) {
  ASSERT_EQ(train(kRun + "--out run").status, 0);
  std::vector<std::string> before = entries("run");
  std::string model = dir.read("run/model.safetensors");
  expectError(train(kRun + "--out run"), "--out run: expected a new folder or --resume, found ");
  std::filesystem::create_directory(dir.file("model"));
  dir.write("model/config.json", "{}");
  expectError(train(kRun + "--out model"), "--resume, found config.json in it");

  const std::pair<const char *, const char *> cases[] = {
      {"--learning-rate 0.02",
       "--learning-rate: expected 0.03 as in run/checkpoint-30, found 0.02"},
      {"--steps 20", "--steps: expected at least 30, as many as run/checkpoint-30 has done, "
                     "found 20"},
      {"--steps 40 --schedule restart --warmup 10",
       "--warmup: expected fewer than the 10 steps that are left, found 10"},
      {"--steps 40 --seed 1", "--seed: expected 0 as in"},
      {"--seed 1", "--seed: expected 0 as in"},
      {"--halve-at none", "--halve-at: expected 15 as in run/checkpoint-30, found \"none\""},
      {"--sequence-length 8", "--sequence-length: expected 16 as in"},
      {"--accumulate 2", "--accumulate: expected 1 as in"},
      {"--weight-decay 0", "--weight-decay: expected 0.1 as in run/checkpoint-30, found 0.0"},
      {"--valid-fraction 0.2", "--valid-fraction: expected 0.1 as in"},
  };
  for (auto [options, text] : cases) {
    SCOPED_TRACE(options);
    expectError(train(kRun + "--out run --resume " + options), text);
  }
  expectError(train(kRun + "--out run --resume", "FakeTrainingSmall.so"),
              "FakeTrainingSmall.so: batch: expected 2 as in run/checkpoint-30, found 3");

  dir.write("corpus.txt", corpus().substr(1) + "x");
  expectError(train(kRun + "--out run --resume"),
              "corpus.txt: expected the data of run/checkpoint-30, 20000 bytes with checksum 0x");
  EXPECT_EQ(entries("run"), before);
  EXPECT_TRUE(dir.read("run/model.safetensors") == model);
}

TEST_F(TrainErrorsTest, DamagedCheckpoints) {
  ASSERT_EQ(train(kRun + "--out run").status, 0);
  std::string resume = kRun + "--out run --resume", folder = "run/checkpoint-30/";
  auto damaged = [&](const std::string &name, const std::string &content, const std::string &text) {
    SCOPED_TRACE(content.substr(0, 100));
    std::string before = dir.read(folder + name);
    dir.write(folder + name, content);
    expectError(train(resume), text);
    dir.write(folder + name, before);
  };
  std::string model = dir.read(folder + "model.safetensors");
  damaged("model.safetensors", model.substr(0, model.size() - 1), "data_offsets within");
  std::string other = model;
  other.replace(other.find("[256,256]"), 9, "[512,128]");
  damaged("model.safetensors", other,
          "tensor 'model.table.weight': expected shape [256, 256], found [512, 128]");
  damaged("model.safetensors", dir.read(folder + "optimizer.safetensors"),
          "expected the 2 parameters of ");
  damaged("optimizer.safetensors", model, "tensor 'exp_avg.model.bias': expected shape [256]");
  std::string state = dir.read(folder + "trainer_state.json");
  damaged("trainer_state.json", "", "expected a JSON object, found malformed JSON");
  damaged("trainer_state.json", "{}", "expected 'step' with a number");
  damaged("trainer_state.json", "{\"step\": 30, \"tokens\": 1}", "expected seconds, data");
  std::string wrong = state;
  damaged("trainer_state.json", wrong.replace(wrong.find("30"), 2, "29"),
          "expected step 30, found 29");
  dir.write("run/loss.csv", "other\n");
  expectError(train(resume), "run/loss.csv: expected a loss log, found another kind of file");
}

TEST_F(TrainErrorsTest, GradientsOfWrongIds) {
  auto refuse = [&](const std::vector<int64_t> &shape, const std::vector<int32_t> &ids,
                    const std::string &text) {
    writeIds("ids.npy", shape, ids);
    expectError(train("--input-ids ids.npy --gradients g", "FakeTrainingText.so"), text);
    EXPECT_FALSE(exists("g"));
  };
  refuse({1, 2}, {1, 1024}, "ids.npy: expected ids in [0, 1024), found 1024 at [0, 1]");
  refuse({1, 2}, {-1, 1}, "found -1 at [0, 0]");
  refuse({2, 1}, {1, 1}, "expected at least one sequence of two tokens, found 2 x 1");
  refuse({0, 7}, {}, "expected at least one sequence of two tokens, found 0 x 7");
  refuse({7, 0}, {}, "expected at least one token, found none");
  refuse({1, 33}, std::vector<int32_t>(33), "expected at most 32 tokens, found 33");
  refuse({4}, {1, 2, 3, 4}, "expected 2 dimensions [batch, tokens], found 1");
  writeIds("ids.npy", {1, 2}, {1, 2});
  expectError(train("--input-ids ids.npy --gradients no/such"), "no/such: cannot write");
  expectError(train("--input-ids none.npy --gradients g"), "none.npy: cannot read the file");
}

} // namespace
