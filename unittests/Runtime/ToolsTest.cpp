//===- ToolsTest.cpp - ternary-run and ternary-bench on a fake model ------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ToolTest.h"
#include "ternary/Runtime/Machine.h"

#include <sys/stat.h>
#include <vector>

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

namespace {

class ToolsTest : public ToolTest {
protected:
  Result run(const std::string &arguments, const std::string &model = "FakeModel.so") {
    return shell("'" TERNARY_RUN "' '" + kModels + model + "' " + arguments);
  }

  Result bench(const std::string &arguments) {
    return shell("'" TERNARY_BENCH "' '" + kModels + "FakeModel.so' " + arguments);
  }

  void expectError(const Result &result, const std::string &text,
                   const std::string &tool = "ternary-run") {
    ToolTest::expectError(result, text, tool);
  }

  /// A pipe that nobody writes to.
  void writePipe(const std::string &name) { ASSERT_EQ(mkfifo(dir.file(name).c_str(), 0600), 0); }

  /// Writes ids [1, n].
  void writeIds(const std::vector<int32_t> &ids) {
    ToolTest::writeIds("ids.npy", {1, static_cast<int64_t>(ids.size())}, ids);
  }

  /// A copy of a file in which the first `from` is `to`.
  std::string patched(const std::string &path, const std::string &from, const std::string &to) {
    std::ifstream stream(path, std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(stream), {});
    size_t at = bytes.find(from);
    EXPECT_NE(at, std::string::npos);
    return dir.write("patched", bytes.replace(at, from.size(), to));
  }

  /// The weight archive, taken out of the model that has it inside.
  void writeArchive(const std::string &name) {
    std::ifstream stream(kModels + "FakeModel.so", std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(stream), {});
    size_t at = bytes.find(std::string("TERNARYW\1\0\0\0", 12));
    ASSERT_NE(at, std::string::npos);
    dir.write(name, bytes.substr(at, 4096 + 64));
  }
};

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

TEST_F(ToolsTest, StreamsText) {
  Result result = run("--prompt ROMEO: --tokens 20");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, StartsWith("ROMEO:"));
  EXPECT_GT(result.out.size(), 20u);
  EXPECT_EQ(result.out.back(), '\n');
  EXPECT_EQ(run("--prompt ROMEO: --tokens 20 --threads 1").out, result.out);
}

TEST_F(ToolsTest, FewerTokensAreAPrefix) {
  std::string longer = run("--prompt A --tokens 20").out;
  std::string shorter = run("--prompt A --tokens 5").out;
  shorter.pop_back(); // the line's end
  EXPECT_EQ(longer.substr(0, shorter.size()), shorter);
  EXPECT_EQ(run("--prompt A --tokens 0").out, "A\n");
  EXPECT_EQ(run("--tokens 0").out, "");
}

TEST_F(ToolsTest, SamplingFollowsTheSeed) {
  std::string options = "--prompt A --tokens 20 --temperature 1 --top-p 0.9 ";
  EXPECT_EQ(run(options + "--seed 3").out, run(options + "--seed 3").out);
  EXPECT_NE(run(options + "--seed 3").out, run(options + "--seed 4").out);
}

TEST_F(ToolsTest, StatisticsGoToTheStandardError) {
  Result result = run("--prompt A --tokens 5 --stats");
  EXPECT_EQ(result.status, 0);
  for (const char *text : {"load ", "prompt ", "generation", "tokens/s", "ms/token", "resident"})
    EXPECT_THAT(result.err, HasSubstr(text));
  EXPECT_THAT(result.out, Not(HasSubstr("tokens/s")));
}

TEST_F(ToolsTest, TeachesItsUse) {
  for (const char *tool : {TERNARY_RUN, TERNARY_BENCH, TERNARY_TRAIN}) {
    Result help = shell(std::string(tool) + " --help");
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr("usage: ternary-"));
    EXPECT_THAT(help.out, HasSubstr("examples:"));
    EXPECT_THAT(shell(std::string(tool) + " --version").out,
                MatchesRegex("ternary-[a-z]+ [0-9.]+\n"));
  }
}

TEST_F(ToolsTest, LimitedModels) {
  std::string model = "FakeModelLimited.so";
  Result result = run("--prompt A --tokens 1000", model);
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, StartsWith("A"));
  expectError(run("--prompt '" + std::string(100, '?') + "'", model),
              "prompt: expected at most 20 tokens, found ");
  EXPECT_EQ(run("--self-test", model).status, 0);
}

TEST_F(ToolsTest, PromptsFromFiles) {
  std::string expected = run("--prompt 'A\n b' --tokens 9").out;
  dir.write("prompt", "A\n b\n");
  EXPECT_EQ(run("--prompt-file prompt --tokens 9").out, expected);
  EXPECT_EQ(run("--prompt-file - --tokens 9 < prompt").out, expected);
  EXPECT_EQ(shell("cat prompt | '" TERNARY_RUN "' '" + kModels +
                  "FakeModel.so' --prompt-file - --tokens 9")
                .out,
            expected);
  dir.write("prompt", "A\n b");
  EXPECT_EQ(run("--prompt-file prompt --tokens 9").out, expected);
  dir.write("prompt", "\n");
  EXPECT_EQ(run("--prompt-file prompt --tokens 9").out, run("--tokens 9").out);
  dir.write("prompt", std::string(300000, 'x')); // longer than an argument can be
  EXPECT_THAT(run("--prompt-file prompt --tokens 0").out, StartsWith("xxxxxxxx"));
}

TEST_F(ToolsTest, RefusesOtherPrompts) {
  dir.write("prompt", "A");
  expectError(run("--prompt-file prompt --prompt A"), "expected one of them, found both");
  expectError(run("--prompt-file prompt --self-test"), "--self-test: expected no prompt");
  expectError(run("--prompt-file prompt --input-ids a --logits b"), "expected neither a prompt");
  expectError(run("--prompt-file missing"), "missing: cannot read the prompt: No such file");
  expectError(run("--prompt-file /"), "/: cannot read the prompt: expected a regular file");
  expectError(run("--prompt-file - < ."), "standard input: cannot read the prompt: Is a dir");
  expectError(run("--prompt-file - < /dev/zero"),
              "standard input: expected a prompt of at most 67108864 bytes, found more");
  std::filesystem::resize_file(dir.file("prompt"), (1 << 26) + 1);
  expectError(run("--prompt-file prompt"), "prompt: expected a prompt of at most 67108864 bytes");
}

//===----------------------------------------------------------------------===//
// Wrong use
//===----------------------------------------------------------------------===//

TEST_F(ToolsTest, RefusesWrongOptions) {
  expectError(run("--temperature nan"), "--temperature: expected a number from");
  expectError(run("--temperature -1"), "found '-1'");
  expectError(run("--top-p 1.5"), "--top-p: expected a number from 0 to 1");
  expectError(run("--tokens 1x"), "--tokens: expected an integer");
  expectError(run("--tokens ''"), "--tokens: expected an integer");
  expectError(run("--threads 0"), "--threads: expected an integer from 1");
  expectError(run("--seed 99999999999999999999"), "--seed: expected");
  expectError(run("--nonsense"), "unknown option --nonsense");
  expectError(run("-x"), "unknown option -x");
  expectError(run("--prompt"), "--prompt needs a value");
  expectError(run("--stats=1"), "takes no value");
  expectError(run("other.so"), "expected one model, found 2 arguments");
  expectError(run("--step"), "--step: expected --input-ids");
  expectError(run("--input-ids a.npy"), "expected both or neither");
  expectError(run("--input-ids a --logits b --prompt c"), "expected neither");
}

TEST_F(ToolsTest, RefusesWhatIsNoModel) {
  expectError(run("", "Missing.so"), "Missing.so: cannot load the model");
  dir.write("text.so", "no shared object");
  expectError(shell("'" TERNARY_RUN "' text.so"), "text.so: cannot load the model");
  expectError(shell("'" TERNARY_RUN "' libm.so.6"), "cannot load the model");
  expectError(shell("'" TERNARY_RUN "' ."), "expected a regular file, found a directory");
  writePipe("pipe.so");
  expectError(shell("'" TERNARY_RUN "' pipe.so"),
              "pipe.so: cannot load the model: expected a regular file, found a pipe");
  expectError(shell("'" TERNARY_BENCH "' pipe.so"), "found a pipe", "ternary-bench");
  expectError(shell("head -c 5000 '" + kModels +
                    "FakeModel.so' > part.so && '" TERNARY_RUN "' part.so --self-test"),
              "part.so: cannot load the model: file is truncated: expected at least ");
}

TEST_F(ToolsTest, RefusesModelsForOtherProcessors) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "the model's demands are those of x86-64";
#endif
  Result result = run("--self-test", "FakeModelDemanding.so");
  expectError(result, "FakeModelDemanding.so: model was compiled for CPU generic, which has ");
  EXPECT_THAT(result.err, HasSubstr("; this machine has not"));
  EXPECT_THAT(result.err, Not(HasSubstr("sse2")));
  EXPECT_THAT(result.err, Not(HasSubstr("fast-hops")));
}

TEST_F(ToolsTest, ErrorsAreOneLine) {
  std::string name = "no\nsuch\x1b[31m.npy";
  expectError(run("--logits a --input-ids '" + name + "'"), "no\\x0asuch\\x1b[31m.npy: cannot");
  expectError(run("--tokens 'a\nb'"), "found 'a\\x0ab'");
  std::string header = "{'" + std::string(10000, 'k') + "\n': 1}";
  dir.write("ids.npy", std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) +
                           static_cast<char>(header.size() >> 8) + header);
  Result result = run("--input-ids ids.npy --logits a");
  expectError(result, "ids.npy: unexpected 'kkk");
  EXPECT_THAT(result.err, HasSubstr("k...k"));
  EXPECT_LT(result.err.size(), 500u);
}

TEST_F(ToolsTest, RefusesOtherTokenizers) {
  dir.write("text", "no tokenizer");
  expectError(run("--tokenizer text"), "text: expected a SentencePiece model, found something");
  dir.write("tokenizer.json", "\n{\"version\": \"1.0\"}");
  expectError(run("--tokenizer tokenizer.json"),
              "tokenizer.json: expected a SentencePiece model, found JSON; a tokenizer.json is for "
              "python -m ternary chat");
  expectError(run("--tokenizer missing"), "missing: cannot read the tokenizer: No such file");
  expectError(run("--tokenizer /"), "expected a regular file, found a directory");
  expectError(run("--tokenizer /dev/zero"), "expected a regular file, found a device");
  writePipe("pipe");
  expectError(run("--tokenizer pipe"),
              "pipe: cannot read the tokenizer: expected a regular file, found a pipe");
  std::filesystem::resize_file(dir.file("text"), (1 << 28) + 1);
  expectError(run("--tokenizer text"),
              "text: expected a tokenizer of at most 268435456 bytes, found 268435457");
}

TEST_F(ToolsTest, FailsWhenTheOutputIsFull) {
  expectError(shell("('" TERNARY_RUN "' '" + kModels + "FakeModel.so' --tokens 5 > /dev/full)"),
              "cannot write to the standard output");
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

TEST_F(ToolsTest, WeightsInAFile) {
  std::string model = "FakeModelExternal.so";
  expectError(run("", model), "fake.weights: cannot read the weight archive: No "
                              "such file or directory");
  writeArchive("w");
  std::string expected = run("--prompt A --tokens 9").out;
  EXPECT_EQ(run("--prompt A --tokens 9 --weights w", model).out, expected);
  writeArchive("fake.weights");
  std::filesystem::copy(kModels + model, dir.file(model));
  EXPECT_EQ(shell("'" TERNARY_RUN "' " + model + " --prompt A --tokens 9").out, expected);
}

TEST_F(ToolsTest, RefusesWrongWeights) {
  auto error = [&](const std::string &text) {
    expectError(run("--weights patched", "FakeModelExternal.so"), "patched: " + text);
  };
  dir.write("patched", "something else");
  error("expected a weight archive, which starts with TERNARYW, found another");
  writeArchive("w");
  std::string w = dir.read("w");
  patched(dir.file("w"), "quick", "quack");
  error("weight archive is damaged: its contents do not match their checksum");
  patched(dir.file("w"), "\"tensors\"", "\"sensors\"");
  error("weight archive is damaged: its contents do not match their checksum");
  dir.write("patched", w.substr(0, 4100));
  error("weight archive is damaged: expected 4160 bytes, found 4100");
  dir.write("patched", w + "x");
  error("weight archive is damaged: expected 4160 bytes, found 4161");
  dir.write("patched", w.replace(12, 4, "abcd"));
  error("expected the weights of model 'fake', whose header has checksum "
        "0x211f6654, found 0x64636261");
  dir.write("patched", w.replace(8, 1, "\2"));
  error("expected a weight archive of version 1, found version 2");
  std::filesystem::remove(dir.file("patched"));
  writePipe("patched");
  error("cannot read the weight archive: expected a regular file, found a pipe");
  expectError(run("--weights /dev/zero", "FakeModelExternal.so"), "found a device");
  expectError(run("--weights /", "FakeModelExternal.so"), "found a directory");
}

TEST_F(ToolsTest, RefusesDamagedWeightsInside) {
  patched(kModels + "FakeModel.so", "quick", "quack");
  expectError(shell("'" TERNARY_RUN "' patched"),
              "patched: weights are damaged: expected checksum");
  patched(kModels + "FakeModel.so", "\"tensors\"", "\"sensors\"");
  expectError(shell("'" TERNARY_RUN "' patched"), "weight archive is damaged");
}

//===----------------------------------------------------------------------===//
// Ids and logits
//===----------------------------------------------------------------------===//

TEST_F(ToolsTest, StepsGiveTheSameLogits) {
  std::vector<int32_t> ids;
  for (int i = 0; i < 50; ++i)
    ids.push_back(i * 37 % 1024);
  writeIds(ids);
  Result whole = run("--input-ids ids.npy --logits whole.npy");
  Result step = run("--input-ids ids.npy --logits step.npy --step");
  EXPECT_EQ(whole.status + step.status, 0);
  EXPECT_EQ(whole.out + whole.err + step.out + step.err, "");
  std::string logits = dir.read("whole.npy");
  EXPECT_EQ(logits.size(), 128u + 50 * 1024 * 4);
  EXPECT_THAT(logits, HasSubstr("'shape': (1, 50, 1024)"));
  EXPECT_TRUE(logits == dir.read("step.npy"));
}

TEST_F(ToolsTest, RefusesWrongIds) {
  std::string options = "--input-ids ids.npy --logits logits.npy";
  expectError(run(options), "ids.npy: cannot read the file");
  writeIds({1, 2, 1024});
  expectError(run(options), "ids.npy: expected ids in [0, 1024), found 1024 at [0, 2]");
  writeIds({-1});
  expectError(run(options), "found -1 at [0, 0]");
  writeIds({});
  expectError(run(options), "ids.npy: expected at least one token, found none");
  writeIds(std::vector<int32_t>(21));
  expectError(run(options, "FakeModelLimited.so"), "ids.npy: expected at most 20 tokens, found 21");
  writeIds({1});
  expectError(run("--input-ids ids.npy --logits no/such.npy"),
              "no/such.npy: cannot write: No such file or directory");
  EXPECT_EQ(dir.entries(), 3u); // ids, out and err
  writePipe("pipe");
  expectError(run("--input-ids pipe --logits logits.npy"),
              "pipe: cannot read the file: expected a regular file, found a pipe");
}

TEST_F(ToolsTest, SignalsLeaveNothingBehind) {
  writeIds(std::vector<int32_t>(1 << 20));
  std::string command = "'" TERNARY_RUN "' '" + kModels +
                        "FakeModel.so' --input-ids ids.npy --logits logits.npy --step & "
                        "for i in $(seq 1000); do "
                        "ls logits.npy.* > /dev/null 2>&1 && break; sleep 0.01; done; ";
  for (auto [name, number] : {std::pair("INT", 2), {"TERM", 15}, {"HUP", 1}}) {
    Result result = shell("(" + command + "kill -" + name + " $! && wait $!)");
    EXPECT_EQ(result.status, 128 + number) << result.err;
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(dir.entries(), 3u) << name; // ids, out and err
  }
}

TEST_F(ToolsTest, LargestFileSize) {
  writeIds(std::vector<int32_t>(100));
  expectError(shell("(ulimit -f 8 && '" TERNARY_RUN "' '" + kModels +
                    "FakeModel.so' --input-ids ids.npy --logits logits.npy)"),
              "logits.npy: cannot write: File too large");
  EXPECT_EQ(dir.entries(), 3u); // ids, out and err
}

//===----------------------------------------------------------------------===//
// Self-test
//===----------------------------------------------------------------------===//

TEST_F(ToolsTest, SelfTestPrintsAChecksum) {
  Result result = run("--self-test");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, StartsWith("self-test passed: checksum "));
  std::string checksum = result.out.substr(27, 8);
  EXPECT_EQ(run("--self-test --threads 1").out.substr(27, 8), checksum);
}

//===----------------------------------------------------------------------===//
// ternary-bench
//===----------------------------------------------------------------------===//

const char *const kShort = "--threads 1 --repeats 1 --prompt-tokens 8 --generate-tokens 4 ";

TEST_F(ToolsTest, BenchPrintsJson) {
  Result result = bench(std::string(kShort) + "--json --allow-fallback");
  EXPECT_EQ(result.err, "");
  ASSERT_EQ(result.status, 0);
  for (const char *key :
       {"kernel", "threads", "memory_read_gb_per_s", "int8_peak_gmac_per_s",
        "generate_tokens_per_s", "generate_share_of_memory", "prompt_tokens_per_s",
        "prompt_share_of_int8", "packed_weight_bytes", "resident_bytes", "runs"})
    EXPECT_THAT(result.out, HasSubstr("\"" + std::string(key) + "\": "));
  EXPECT_THAT(result.out, HasSubstr("\"kernel\": \"portable\""));
  EXPECT_EQ(result.out.front(), '{');
}

TEST_F(ToolsTest, BenchFailsWithoutThreads) {
  // No thread can have a stack as large as this.
  std::string limit = "ulimit -S -s 1000000000000";
  if (shell(limit).status != 0)
    GTEST_SKIP() << "stacks cannot be that large here";
  expectError(shell("(" + limit + " && '" TERNARY_BENCH "' '" + kModels +
                    "FakeModel.so' --threads 4 --allow-fallback)"),
              "cannot start 4 threads: ", "ternary-bench");
}

TEST_F(ToolsTest, BenchFailsOnOtherKernels) {
  expectError(bench(std::string(kShort) + "--expect-kernel avx512vnni"),
              "expected avx512vnni kernels, found portable", "ternary-bench");
  if (ternary::runtime::bestKernel().name != "portable")
    expectError(bench(kShort), "expected the best kernels for this machine", "ternary-bench");
}

} // namespace
