//===- TrainTest.cpp - ternary-train on a fake object ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TrainTool.h"
#include "ternary/Runtime/Archive.h"
#include "ternary/Runtime/DataOrder.h"
#include "ternary/Runtime/Safetensors.h"

#include <cmath>
#include <cstring>

using namespace ternary;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

namespace {

/// What FakeTraining.c computes, in double precision.
struct Bigram {
  explicit Bigram(int vocab) : vocab(vocab), bias(vocab), table(vocab * vocab) {
    uint32_t state = 1;
    for (auto *values : {&bias, &table})
      for (double &value : *values) {
        state = state * 1664525u + 1013904223u;
        value = (state >> 16) / 65536.0 - 0.5;
      }
  }

  /// Adds -log p(target) and its gradients.
  void add(int id, int target) {
    double sum = 0;
    for (int v = 0; v < vocab; ++v)
      sum += std::exp(logit(id, v));
    loss += std::log(sum) - logit(id, target);
    ++targets;
    for (int v = 0; v < vocab; ++v) {
      double d = std::exp(logit(id, v)) / sum - (v == target);
      biasGradient[v] += d;
      tableGradient[id * vocab + v] += d;
    }
  }

  double logit(int id, int v) const { return bias[v] + table[id * vocab + v]; }
  double meanLoss() const { return loss / targets; }

  int vocab;
  std::vector<double> bias, table;
  double loss = 0;
  int targets = 0;
  std::vector<double> biasGradient = std::vector<double>(bias.size()),
                      tableGradient = std::vector<double>(table.size());
};

/// The optimizer of training.h on a bigram model, whose table decays.
struct AdamW {
  double rate, beta1, beta2, epsilon, weightDecay, clip;
  std::vector<double> first = std::vector<double>(256 + 65536), second = first;
  int steps = 0;

  /// Learns from the mean of what was added to the model, and forgets it.
  /// Returns the norm of the gradients.
  double step(Bigram &model) {
    double norm = 0;
    for (auto *gradients : {&model.biasGradient, &model.tableGradient})
      for (double &g : *gradients) {
        g /= model.targets;
        norm += g * g;
      }
    norm = std::sqrt(norm);
    double factor = std::min(1.0, clip / (norm + 1e-6));
    ++steps;
    for (double &p : model.table)
      p *= 1 - rate * weightDecay;
    auto m = first.begin(), v = second.begin();
    auto learn = [&](std::vector<double> &values, std::vector<double> &gradients) {
      for (size_t i = 0; i < values.size(); ++i, ++m, ++v) {
        double g = factor * gradients[i];
        *m = beta1 * *m + (1 - beta1) * g;
        *v = beta2 * *v + (1 - beta2) * g * g;
        values[i] -= rate * (*m / (1 - std::pow(beta1, steps))) /
                     (std::sqrt(*v / (1 - std::pow(beta2, steps))) + epsilon);
        gradients[i] = 0;
      }
    };
    learn(model.bias, model.biasGradient);
    learn(model.table, model.tableGradient);
    model.loss = model.targets = 0;
    return norm;
  }
};

double field(const std::string &line, int index) {
  size_t at = 0;
  for (int i = 0; i < index; ++i)
    at = line.find(',', at) + 1;
  return std::atof(line.c_str() + at);
}

class TrainTest : public TrainToolTest {
protected:
  /// The mean loss of sequences of 16 bytes in the order of seed 0, from the
  /// initial values.
  double expectedLoss(int sequences) {
    std::string text = corpus();
    runtime::DataOrder order(0, (18000 - 1) / 16);
    Bigram model(256);
    for (int i = 0; i < sequences; ++i)
      for (size_t t = 16 * order(i), end = t + 16; t < end; ++t)
        model.add(text[t], text[t + 1]);
    return model.meanLoss();
  }

  /// A run that nothing interrupts.
  void trainReference() {
    ASSERT_EQ(train(kRun + "--out reference").status, 0);
    ASSERT_EQ(losses("reference").size(), 31u);
  }

  /// That `run` ended in the same way.
  void expectReference() {
    EXPECT_EQ(losses("run"), losses("reference"));
    EXPECT_TRUE(dir.read("run/model.safetensors") == dir.read("reference/model.safetensors"));
    EXPECT_TRUE(dir.read("run/checkpoint-30/optimizer.safetensors") ==
                dir.read("reference/checkpoint-30/optimizer.safetensors"));
    EXPECT_EQ(entries("run"), entries("reference"));
  }

  static std::string signal(int number, int at, int times = 1) {
    return "FAKE_SIGNAL=" + std::to_string(number) + " FAKE_SIGNAL_AT=" + std::to_string(at) +
           " FAKE_SIGNAL_TIMES=" + std::to_string(times) + " ";
  }

  Result run(const std::string &before, const std::string &options = "") {
    return shell(before + " " + command(kRun + "--out run " + options));
  }
};

//===----------------------------------------------------------------------===//
// What a run leaves
//===----------------------------------------------------------------------===//

TEST_F(TrainTest, LeavesAModelAndItsHistory) {
  Result result = train(kRun + "--out a/run");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(entries("a/run"), ElementsAre("checkpoint-20", "checkpoint-30", "config.json",
                                            "loss.csv", "loss.svg", "model.safetensors"));
  EXPECT_THAT(entries("a/run/checkpoint-30"),
              ElementsAre("config.json", "model.safetensors", "optimizer.safetensors",
                          "trainer_state.json"));
  EXPECT_EQ(dir.read("a/run/config.json"), "{\"model_type\": \"bigram\", \"vocab_size\": 256}\n");
  EXPECT_TRUE(dir.read("a/run/model.safetensors") ==
              dir.read("a/run/checkpoint-30/model.safetensors"));
  EXPECT_THAT(dir.read("a/run/checkpoint-20/trainer_state.json"), HasSubstr("\"step\": 20"));
  std::string svg = dir.read("a/run/loss.svg");
  for (const char *text : {"<svg ", "bigram", "validation", "</svg>"})
    EXPECT_THAT(svg, HasSubstr(text));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));

  std::vector<std::string> lines = losses("a/run");
  ASSERT_EQ(lines.size(), 31u);
  EXPECT_EQ(lines[0], "step,tokens,loss,valid_loss,learning_rate,gradient_norm");
  for (int step = 1; step <= 30; ++step) {
    EXPECT_EQ(field(lines[step], 0), step);
    EXPECT_EQ(field(lines[step], 1), step * 32);
    bool validated = step % 7 == 0 || step == 30;
    EXPECT_EQ(field(lines[step], 3) != 0, validated) << lines[step];
  }
  EXPECT_LT(field(lines[30], 2), field(lines[1], 2) - 1);
}

TEST_F(TrainTest, FollowsTheDataOrder) {
  ASSERT_EQ(train(kRun + "--out run").status, 0);
  EXPECT_NEAR(field(losses("run")[1], 2), expectedLoss(2), 1e-5);
  ASSERT_EQ(train(kRun + "--accumulate 3 --out more").status, 0);
  EXPECT_NEAR(field(losses("more")[1], 2), expectedLoss(6), 1e-5);
  ASSERT_EQ(train(kRun + "--seed 1 --out other").status, 0);
  EXPECT_NE(losses("run")[1], losses("other")[1]);
}

TEST_F(TrainTest, FollowsTheSchedule) {
  ASSERT_EQ(train(kRun + "--out run --warmup 4 --final-fraction 0.1 --halve-at 20").status, 0);
  ASSERT_EQ(train(kRun + "--out flat --warmup 0 --final-fraction 1 --halve-at none").status, 0);
  for (int s = 0; s < 30; ++s) {
    double t = std::max(0, s - 4) / 26.0;
    double rate = 0.03 * (0.1 + 0.9 * (1 + std::cos(M_PI * t)) / 2);
    rate *= std::min(1.0, (s + 1) / 4.0) * (s >= 20 ? 0.5 : 1);
    EXPECT_NEAR(field(losses("run")[s + 1], 4), rate, 1e-8) << s;
    EXPECT_NEAR(field(losses("flat")[s + 1], 4), 0.03, 1e-8) << s;
  }
}

TEST_F(TrainTest, FollowsTheOptimizer) {
  // The gradients have a norm of about 1, so one run clips and the other does not.
  for (double clip : {0.25, 40.0}) {
    std::string folder = "run" + std::to_string(clip);
    ASSERT_EQ(train(kRun +
                    "--steps 3 --final-fraction 1 --warmup 0 --halve-at none --beta1 0.8 "
                    "--beta2 0.9 --adam-epsilon 0.01 --weight-decay 0.5 --clip " +
                    std::to_string(clip) + " --out " + folder)
                  .status,
              0);
    AdamW optimizer = {0.03, 0.8, 0.9, 0.01, 0.5, clip};
    Bigram model(256);
    std::string text = corpus();
    runtime::DataOrder order(0, (18000 - 1) / 16);
    for (int step = 0; step < 3; ++step) {
      for (int i = 2 * step; i < 2 * step + 2; ++i)
        for (size_t t = 16 * order(i), end = t + 16; t < end; ++t)
          model.add(text[t], text[t + 1]);
      double norm = optimizer.step(model);
      EXPECT_NEAR(field(losses(folder)[step + 1], 5), norm, 1e-5);
      EXPECT_EQ(norm > clip, clip < 1);
    }
    runtime::SafetensorsFile file(dir.file(folder + "/model.safetensors"));
    std::vector<float> bias(256), table(65536);
    file.read("model.bias", {256}, bias.data());
    file.read("model.table.weight", {256, 256}, table.data());
    for (size_t i = 0; i < bias.size(); ++i)
      ASSERT_NEAR(bias[i], model.bias[i], 1e-6) << i;
    for (size_t i = 0; i < table.size(); ++i)
      ASSERT_NEAR(table[i], model.table[i], 1e-6) << i;
  }
}

TEST_F(TrainTest, ValidatesOnTheMeanOverSequences) {
  // Five sequences, which fill no whole number of batches.
  dir.write("valid.txt", corpus().substr(0, 5 * 16 + 1));
  std::string options = "--data corpus.txt --data-format bytes --sequence-length 16 --steps 1 "
                        "--learning-rate 1e-30 --weight-decay 0 --valid-data valid.txt ";
  ASSERT_EQ(train(options + "--out all").status, 0);
  ASSERT_EQ(train(options + "--valid-sequences 2 --out two").status, 0);
  std::string text = corpus();
  Bigram all(256), two(256);
  for (size_t t = 0; t < 80; ++t) {
    all.add(text[t], text[t + 1]);
    if (t / 16 == 0 || t / 16 == 2) // evenly spread: 0 * 5 / 2 and 1 * 5 / 2
      two.add(text[t], text[t + 1]);
  }
  EXPECT_NEAR(field(losses("all")[1], 3), all.meanLoss(), 1e-5);
  EXPECT_NEAR(field(losses("two")[1], 3), two.meanLoss(), 1e-5);
}

TEST_F(TrainTest, KeepsTheBestModelAndAsManyCheckpointsAsAsked) {
  ASSERT_EQ(train(kRun + "--out run --save-best --keep 1").status, 0);
  EXPECT_THAT(entries("run"), ElementsAre("best", "checkpoint-30", "config.json", "loss.csv",
                                          "loss.svg", "model.safetensors"));
  EXPECT_THAT(entries("run/best"), ElementsAre("config.json", "model.safetensors"));
}

TEST_F(TrainTest, ReadsIdsAsTheSameTokens) {
  std::vector<int32_t> ids;
  std::string raw16, raw32;
  for (char c : corpus()) {
    ids.push_back(c);
    raw16 += {c, 0};
    raw32 += {c, 0, 0, 0};
  }
  writeIds("ids.npy", {int64_t(ids.size())}, ids);
  dir.write("raw16", raw16);
  dir.write("raw32", raw32);
  std::string options = "--sequence-length 16 --steps 3 --out ";
  ASSERT_EQ(train("--data corpus.txt --data-format bytes " + options + "bytes").status, 0);
  ASSERT_EQ(train("--data ids.npy " + options + "npy").status, 0);
  ASSERT_EQ(train("--data raw16 --data-format uint16 " + options + "raw16run").status, 0);
  ASSERT_EQ(train("--data raw32 --data-format int32 " + options + "raw32run").status, 0);
  EXPECT_EQ(losses("npy"), losses("bytes"));
  EXPECT_EQ(losses("raw16run"), losses("bytes"));
  EXPECT_EQ(losses("raw32run"), losses("bytes"));
}

TEST_F(TrainTest, TokenizesText) {
  std::string options = "--data corpus.txt --steps 2 --out ";
  Result result = train(options + "run", "FakeTrainingText.so");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("sequences of 32 tokens")); // as many as the model takes
  EXPECT_THAT(entries("run"), testing::Contains("tokenizer.model"));
  ASSERT_EQ(train("--prepend-bos " + options + "bos", "FakeTrainingText.so").status, 0);
  EXPECT_NE(losses("run")[1], losses("bos")[1]);
}

//===----------------------------------------------------------------------===//
// Initial values
//===----------------------------------------------------------------------===//

TEST_F(TrainTest, StartsFromACheckpoint) {
  ASSERT_EQ(train(kRun + "--out run").status, 0);
  Result result = train(kRun + "--init run --out again");
  EXPECT_EQ(result.status, 0);
  EXPECT_LT(field(losses("again")[1], 2), field(losses("run")[1], 2) - 1);
  result = train(kRun + "--init run/checkpoint-30/optimizer.safetensors --out no");
  expectError(result, "tensor 'model.bias': expected shape [256], found no such tensor");

  // What is no parameter is ignored, not silently.
  runtime::SafetensorsFile before(dir.file("run/model.safetensors"));
  std::vector<float> bias(256), table(65536), other(1);
  before.read("model.bias", {256}, bias.data());
  before.read("model.table.weight", {256, 256}, table.data());
  runtime::SafetensorsWriter writer(
      dir.file("more.safetensors"),
      {{"inv_freq", {1}}, {"model.bias", {256}}, {"model.table.weight", {256, 256}}});
  for (auto *values : {&other, &bias, &table})
    writer.write(values->data());
  writer.commit();
  result = train(kRun + "--init more.safetensors --out third");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("warning: more.safetensors: ignored 1 tensor without a "
                                    "parameter: inv_freq"));
  EXPECT_EQ(losses("third"), losses("again"));
}

TEST_F(TrainTest, ReadsWeightArchives) {
  // The archive of FakeTrainingExternal, all zero but for two values.
  std::string header = "{\"tensors\":[]}", archive(4096, 0);
  constexpr size_t kFloats = 272 + 65536 + 16;
  std::string payload(kFloats * 4, 0);
  payload[3] = 0x40; // bias[0] = 2
  auto put = [&](size_t at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
      archive[at + i] = static_cast<char>(value >> 8 * i);
  };
  archive.replace(0, 8, "TERNARYW");
  put(8, 1, 4);
  put(12, runtime::crc32(0, header.data(), header.size()), 4);
  put(16, header.size(), 8);
  put(24, 4096, 8);
  put(32, payload.size(), 8);
  put(40, runtime::crc32(0, payload.data(), payload.size()), 4);
  archive.replace(64, header.size(), header);
  std::string options = "--data corpus.txt --data-format bytes --sequence-length 16 --steps 1 ";
  std::string object = "FakeTrainingExternal.so";

  dir.write("bigram.weights", archive + payload);
  ASSERT_EQ(train(options + "--weights bigram.weights --out run", object).status, 0);
  EXPECT_NEAR(field(losses("run")[1], 2), std::log(255 + std::exp(2.0)), 1e-5);

  options += "--out no ";
  std::string weights = "--weights bigram.weights";
  expectError(train(options, object), "bigram.weights: cannot read the weight archive: No such");
  expectError(train(options + "--weights corpus.txt", object), "expected a weight archive");
  dir.write("bigram.weights", archive + payload.substr(4));
  expectError(train(options + weights, object), "weight archive is damaged");
  payload[7] = 1;
  dir.write("bigram.weights", archive + payload);
  expectError(train(options + weights, object), "do not match their checksum");
  archive[12] ^= 1;
  dir.write("bigram.weights", archive + payload);
  expectError(train(options + weights, object), "expected the weights of model 'bigram'");
  EXPECT_FALSE(exists("no"));
}

//===----------------------------------------------------------------------===//
// Going on
//===----------------------------------------------------------------------===//

TEST_F(TrainTest, SignalsEndARunThatCanGoOn) {
  trainReference();
  Result result = run(signal(SIGINT, 12));
  EXPECT_EQ(result.status, 130);
  EXPECT_THAT(result.err, HasSubstr("stopped by SIGINT after step 12: run/checkpoint-12 is "
                                    "complete, and --resume goes on from it"));
  EXPECT_EQ(losses("run").size(), 13u);
  EXPECT_FALSE(exists("run/model.safetensors"));
  result = run(signal(SIGTERM, 5), "--resume");
  EXPECT_EQ(result.status, 143);
  EXPECT_THAT(result.err, HasSubstr("stopped by SIGTERM after step 17"));
  result = run(signal(SIGHUP, 2), "--resume");
  EXPECT_EQ(result.status, 129);
  EXPECT_THAT(result.err, HasSubstr("stopped by SIGHUP after step 19"));
  EXPECT_EQ(run("", "--resume").status, 0);
  expectReference();
}

TEST_F(TrainTest, TheSameSignalAgainEndsAtOnce) {
  for (int number : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(run("exec env " + signal(number, 12, 2)).status, -1); // ended by the signal
    EXPECT_EQ(losses("run").size(), 12u);
    EXPECT_FALSE(exists("run/checkpoint-12"));
    std::filesystem::remove_all(dir.file("run"));
  }
}

TEST_F(TrainTest, RunsUnderNohup) {
  trainReference();
  Result result = run("nohup env " + signal(SIGHUP, 12));
  EXPECT_EQ(result.status, 0) << result.err;
  expectReference();
}

TEST_F(TrainTest, KilledRunsGoOnFromTheLastCheckpoint) {
  trainReference();
  Result result = run(signal(SIGKILL, 17));
  EXPECT_NE(result.status, 0);
  EXPECT_EQ(losses("run").size(), 17u); // more than the checkpoint
  std::ofstream(dir.file("run/loss.csv"), std::ios::app) << "17,5";
  std::filesystem::create_directory(dir.file("run/.checkpoint-20.incomplete"));
  dir.write("run/model.safetensors.Ab12Cd", "half a file");
  result = run("", "--resume");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("resume     from run/checkpoint-10"));
  expectReference();
  // Killed after the last checkpoint, before the oldest was removed.
  std::filesystem::copy(dir.file("run/checkpoint-20"), dir.file("run/checkpoint-15"));
  EXPECT_EQ(run("", "--resume").status, 0); // there is nothing left to do
  expectReference();
}

TEST_F(TrainTest, SurvivesBeingKilledAtAnyMoment) {
  trainReference();
  // Most of the time goes into checkpoints.
  int kills = 0, status = -1;
  for (; status != 0 && kills < 200; ++kills) {
    std::string seconds = std::to_string(0.008 + 0.003 * kills);
    status = run("timeout --signal=KILL " + seconds, "--resume --save-every 1").status;
  }
  EXPECT_EQ(status, 0);
  EXPECT_GT(kills, 1);
  EXPECT_EQ(losses("run"), losses("reference"));
  EXPECT_TRUE(dir.read("run/model.safetensors") == dir.read("reference/model.safetensors"));
  EXPECT_THAT(entries("run"), ElementsAre("checkpoint-29", "checkpoint-30", "config.json",
                                          "loss.csv", "loss.svg", "model.safetensors"));
}

TEST_F(TrainTest, AFullDiskLeavesThePreviousCheckpoint) {
  trainReference();
  // The model fits, the moments do not.
  Result result = run("prlimit --fsize=400000");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("error: cannot write run/checkpoint-10: "));
  EXPECT_THAT(entries("run"), ElementsAre("loss.csv", "loss.svg"));

  ASSERT_EQ(run(signal(SIGINT, 12), "--resume").status, 130);
  result = run("prlimit --fsize=400000", "--resume");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("error: cannot write run/checkpoint-20; run/checkpoint-12 is "
                                    "intact: "));
  EXPECT_THAT(result.err, HasSubstr("File too large"));
  EXPECT_THAT(entries("run"),
              ElementsAre("checkpoint-10", "checkpoint-12", "loss.csv", "loss.svg"));
  EXPECT_EQ(run("", "--resume").status, 0);
  expectReference();
}

TEST_F(TrainTest, StopsWhenNumbersAreNotFinite) {
  trainReference();
  for (std::string how : {"", "FAKE_NAN_HIDES=1 "}) {
    Result result = run("FAKE_NAN_AT=17 " + how);
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("error: step 17: expected "));
    EXPECT_THAT(result.err, HasSubstr(how.empty() ? "a finite loss, found NaN"
                                                  : "finite gradients, found norm NaN"));
    EXPECT_THAT(result.err, HasSubstr("; the first that is not is the gradient of "
                                      "model.table.weight; run/checkpoint-10 is intact\n"));
    EXPECT_THAT(entries("run"), ElementsAre("checkpoint-10", "loss.csv", "loss.svg"));
    EXPECT_EQ(run("", "--resume").status, 0);
    expectReference();
    std::filesystem::remove_all(dir.file("run"));
  }
}

TEST_F(TrainTest, ResumesFromTheStartWithoutACheckpoint) {
  trainReference();
  EXPECT_NE(run(signal(SIGKILL, 5)).status, 0);
  Result result = run("", "--resume");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("resume     from the start: no checkpoint in run"));
  expectReference();
}

/// The rate of a step, counted from 0, of a schedule of `total` steps with the defaults.
static double rateOf(int step, int total) {
  int warmup = total / 10;
  double t = std::max(0, step - warmup) / static_cast<double>(total - warmup);
  double rate = 0.03 * (1 + std::cos(M_PI * t)) / 2;
  return rate * std::min(1.0, (step + 1.0) / warmup) * (step >= total / 2 ? 0.5 : 1);
}

TEST_F(TrainTest, GoesOnForMoreSteps) {
  ASSERT_EQ(train(kRun + "--out run").status, 0);
  Result result = train(kRun + "--steps 40 --out run --resume");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("schedule   of 40 steps instead of 30"));
  for (int step = 0; step < 40; ++step)
    EXPECT_NEAR(field(losses("run")[step + 1], 4), rateOf(step, step < 30 ? 30 : 40), 1e-8) << step;
  EXPECT_EQ(field(losses("run")[40], 1), 40 * 32); // the data goes on as well

  // From there on it is a run of 40 steps, whatever else is said of the schedule.
  std::string model = dir.read("run/model.safetensors");
  std::filesystem::remove_all(dir.file("run/checkpoint-40"));
  result = train(kRun + "--steps 40 --schedule restart --out run --resume");
  EXPECT_THAT(result.err, HasSubstr("schedule   anew for 10 steps, with moments of zero"));
  EXPECT_FALSE(dir.read("run/model.safetensors") == model);
}

TEST_F(TrainTest, StartsANewScheduleThatGoesOn) {
  std::string more = kRun + "--steps 50 --schedule restart --resume ";
  ASSERT_EQ(train(kRun + "--out run").status, 0);
  std::filesystem::copy(dir.file("run"), dir.file("stopped"),
                        std::filesystem::copy_options::recursive);
  ASSERT_EQ(train(more + "--out run").status, 0);
  for (int step = 0; step < 20; ++step)
    EXPECT_NEAR(field(losses("run")[step + 31], 4), rateOf(step, 20), 1e-8) << step;

  // With moments of zero the first step of AdamW is one of the rate's size, but for decay.
  runtime::SafetensorsFile before(dir.file("stopped/model.safetensors"));
  std::vector<float> old(256), now(256);
  before.read("model.bias", {256}, old.data());
  ASSERT_EQ(train(more + "--save-every 1 --keep 50 --out stopped").status, 0);
  runtime::SafetensorsFile after(dir.file("stopped/checkpoint-31/model.safetensors"));
  after.read("model.bias", {256}, now.data());
  double largest = 0;
  for (size_t i = 0; i < old.size(); ++i)
    largest = std::max<double>(largest, std::fabs(now[i] - old[i]));
  EXPECT_NEAR(largest, rateOf(0, 20), 1e-5);

  // A checkpoint within the new schedule goes on with it.
  for (int step = 36; step <= 50; ++step)
    std::filesystem::remove_all(dir.file("stopped/checkpoint-" + std::to_string(step)));
  ASSERT_EQ(train(more + "--out stopped").status, 0);
  EXPECT_EQ(losses("run"), losses("stopped"));
  EXPECT_TRUE(dir.read("run/model.safetensors") == dir.read("stopped/model.safetensors"));
}

//===----------------------------------------------------------------------===//
// Progress
//===----------------------------------------------------------------------===//

TEST_F(TrainTest, ShowsProgress) {
  Result result = train(kRun + "--out a --log-every 15");
  EXPECT_THAT(result.err, HasSubstr("model      bigram, 65,792 parameters, portable kernels, "));
  EXPECT_THAT(result.err, HasSubstr("\nstep 15/30  loss "));
  EXPECT_THAT(result.err, HasSubstr("\nstep 7/30  loss ")); // it has a validation loss
  EXPECT_THAT(result.err, Not(HasSubstr("step 8/30")));
  for (const char *text : {"smoothed ", "tokens/s", "rate ", "norm ", "left 0:0"})
    EXPECT_THAT(result.err, HasSubstr(text));
  EXPECT_THAT(result.err, Not(HasSubstr("\r")));
  EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));
  EXPECT_THAT(train(kRun + "--out b --log-every 0").err, Not(HasSubstr("step ")));
}

TEST_F(TrainTest, RewritesALineOnATerminal) {
  Result result =
      shell("script --quiet --return --command \"" + command(kRun + "--out run") + "\" /dev/null");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("\r\x1b[Kstep 7/30  loss "));
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

TEST_F(TrainTest, WritesGradientsOfTheMeanOverAllRows) {
  for (std::string object : {"FakeTraining.so", "FakeTrainingSmall.so"}) { // batches of 2 and 3
    int vocab = object == "FakeTraining.so" ? 256 : 128;
    std::vector<int32_t> ids;
    Bigram expected(vocab);
    for (int row = 0; row < 5; ++row)
      for (int t = 0; t < 7; ++t) {
        ids.push_back((row * 31 + t * t * 17) % vocab);
        if (t > 0)
          expected.add(ids[ids.size() - 2], ids.back());
      }
    writeIds("ids.npy", {5, 7}, ids);
    Result result = train("--input-ids ids.npy --gradients g.safetensors", object);
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(result.out + result.err, "");

    runtime::SafetensorsFile file(dir.file("g.safetensors"));
    EXPECT_EQ(file.tensors().size(), 3u);
    float loss;
    file.read("loss", {1}, &loss);
    EXPECT_NEAR(loss, expected.meanLoss(), 1e-5);
    std::vector<float> bias(vocab), table(vocab * vocab);
    file.read("model.bias", {vocab}, bias.data());
    file.read("model.table.weight", {vocab, vocab}, table.data());
    for (int v = 0; v < vocab; ++v)
      EXPECT_NEAR(bias[v], expected.biasGradient[v] / 30, 1e-6);
    for (int i = 0; i < vocab * vocab; ++i)
      ASSERT_NEAR(table[i], expected.tableGradient[i] / 30, 1e-6);
  }
}

} // namespace
