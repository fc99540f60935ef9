//===- Options.cpp - What ternary-train was asked for ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "ternary/Runtime/CommandLine.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Machine.h"

#include <algorithm>

using namespace ternary;
using namespace ternary::train;

static constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
static constexpr int64_t kMostSteps = int64_t(1) << 40;

bool Options::parse(int argc, char **argv) {
  threads = runtime::availableThreads();
  runtime::CommandLine line(
      "ternary-train",
      "TRAIN.so --data FILE --out DIR [options]\n"
      "       ternary-train TRAIN.so --input-ids IDS.npy --gradients OUT.safetensors",
      "Trains a model with an object that ternary-compile --function=train made.\n"
      "Progress goes to the standard error; DIR gets checkpoints, a loss log and at the end\n"
      "the model, in the layout of Hugging Face.",
      "examples:\n"
      "  ternary-train train.so --data corpus.txt --valid-fraction 0.1 --out run\n"
      "  ternary-train train.so --data corpus.txt --valid-fraction 0.1 --out run --resume\n"
      "  ternary-train train.so --data tokens.npy --steps 20000 --accumulate 8 --out run\n"
      "  ternary-train train.so --input-ids ids.npy --gradients gradients.safetensors\n");

  line.group("data");
  line.text("data", "FILE", data, "what to train on");
  line.choice("data-format", "FORMAT", dataFormat, {"text", "bytes", "ids", "uint16", "int32"},
              "text: for the model's tokenizer; bytes: each a token; ids: a .npy file;\n"
              "uint16, int32: raw little-endian ids (default: ids for .npy, otherwise text)");
  line.integer("sequence-length", "N", sequenceLength, 1, 1 << 30,
               "tokens of a sequence (default: 512, or as many as the model takes)");
  line.flag("prepend-bos", prependBos, "start each sequence with the beginning-of-sequence token");
  line.integer("seed", "S", seed, 0, kMost, "of the order of the sequences (default: 0)");
  line.text("valid-data", "FILE", validData, "what to measure the validation loss on");
  line.number("valid-fraction", "F", validFraction, 0, 0.999,
              "or this share of the data, its end (default: 0)");
  line.integer("valid-sequences", "N", validSequences, 1, kMost,
               "how many of its sequences to take at most (default: 256)");

  line.group("optimizer");
  line.integer("steps", "N", steps, 1, kMostSteps, "updates in all (default: 1000)");
  line.integer("accumulate", "N", accumulate, 1, 1 << 20,
               "batches of the object for one update (default: 1)");
  line.positive("learning-rate", "R", learningRate, 1000,
                "at its highest (default: 0.004, the paper's for ternary models of 370M\n"
                "parameters; a float Transformer wants about a tenth)");
  line.number("final-fraction", "F", finalFraction, 0, 1,
              "of the rate, at the end of the cosine (default: 0)");
  line.integer("warmup", "N", warmup, 0, kMostSteps,
               "steps until the highest rate (default: a tenth of --steps, at most 100)");
  line.integerOrNone("halve-at", "STEP", halveAt, 0, kMostSteps,
                     "halve the rate from this step on; none: never (default: midway)");
  line.number("beta1", "B", beta1, 0, 0.999999, "of AdamW (default: 0.9)");
  line.number("beta2", "B", beta2, 0, 0.999999, "of AdamW (default: 0.95)");
  line.positive("adam-epsilon", "E", epsilon, 1, "of AdamW (default: 1e-8)");
  line.number("weight-decay", "D", weightDecay, 0, 1000, "of matrices, decoupled (default: 0.1)");
  line.number("clip", "N", clip, 0, 1e30,
              "largest norm of all gradients together; 0: any (default: 1)");

  line.group("result");
  line.text("out", "DIR", out, "the folder of the run");
  line.flag("resume", resume, "go on from the newest checkpoint in DIR, if there is one");
  line.choice("schedule", "WHAT", schedule, {"extend", "restart"},
              "with --resume and other --steps than before. extend: the schedule of so many\n"
              "steps, with the moments as they are (default); restart: a new schedule for\n"
              "those that are left, with moments of zero");
  line.integer("valid-every", "N", validEvery, 1, kMost,
               "steps between validation losses (default: 100)");
  line.integer("save-every", "N", saveEvery, 1, kMost, "steps between checkpoints (default: 500)");
  line.integer("keep", "N", keep, 1, kMost, "how many checkpoints to keep (default: 2)");
  line.flag("save-best", saveBest, "also keep the model with the lowest validation loss, in best/");
  line.integer("log-every", "N", logEvery, 0, kMost,
               "steps between lines where there is no terminal; 0: none (default: 10)");

  line.group("running");
  line.text("weights", "FILE", weights,
            "archive of the initial values, if not where the object expects it");
  line.text("init", "DIR", init, "initial values from a Hugging Face folder or safetensors file");
  line.integer("threads", "N", threads, 1, 4096, "how many threads to use (default: all)");

  line.group("checking");
  line.text("input-ids", "IDS.npy", inputIds,
            "int32 or int64 ids [batch, tokens]; the targets are the next ids");
  line.text("gradients", "OUT", gradients,
            "where to write their mean loss and its gradients, as safetensors");

  auto arguments = line.parse(argc, argv);
  if (!arguments)
    return false;
  if (arguments->size() != 1)
    runtime::fail("expected one training object, found ", arguments->size(),
                  " arguments; see --help");
  object = arguments->front();
  check();
  return true;
}

void Options::check() const {
  if (inputIds.has_value() != gradients.has_value())
    runtime::fail("--input-ids and --gradients: expected both or neither");
  if (inputIds && (data || out || resume))
    runtime::fail("--input-ids: expected none of --data, --out and --resume");
  if (weights && init)
    runtime::fail("--weights and --init: expected one at most");
  if (inputIds)
    return;
  if (!data || !out)
    runtime::fail("expected --data and --out, found ",
                  data  ? "no --out"
                  : out ? "no --data"
                        : "neither",
                  "; see --help");
  if (out->empty())
    runtime::fail("--out: expected a folder, found ''");
  if (validData && validFraction > 0)
    runtime::fail("--valid-data and --valid-fraction: expected one at most");
  if (saveBest && !validData && validFraction == 0)
    runtime::fail("--save-best: expected --valid-data or --valid-fraction with it");
  if (warmup && *warmup >= steps)
    runtime::fail("--warmup: expected fewer than --steps, ", steps, ", found ", *warmup);
}

void Options::resolve(const runtime::TrainingObject &object) {
  const ternary_training_descriptor &info = object.info();
  if (!sequenceLength)
    sequenceLength = info.max_tokens > 0 ? std::min<int64_t>(512, info.max_tokens) : 512;
  object.checkTokens("--sequence-length", *sequenceLength);
  if (prependBos && (info.bos_id < 0 || info.bos_id >= info.vocab))
    runtime::fail("--prepend-bos: expected a model with a beginning-of-sequence token, found none");
}

runtime::TokenFormat Options::format(const std::string &path) const {
  bool npy = path.size() > 4 && path.compare(path.size() - 4, 4, ".npy") == 0;
  std::string name = dataFormat.value_or(npy ? "ids" : "text");
  return name == "text"     ? runtime::TokenFormat::text
         : name == "bytes"  ? runtime::TokenFormat::bytes
         : name == "ids"    ? runtime::TokenFormat::ids
         : name == "uint16" ? runtime::TokenFormat::uint16
                            : runtime::TokenFormat::int32;
}

int64_t Options::getWarmup(int64_t start) const {
  int64_t left = steps - start;
  if (warmup && *warmup >= std::max<int64_t>(left, 1))
    runtime::fail("--warmup: expected fewer than the ", left, " steps that are left, found ",
                  *warmup);
  return warmup.value_or(std::min<int64_t>(100, left / 10));
}

int64_t Options::getHalveAt(int64_t start) const {
  return halveAt.value_or(std::max<int64_t>(1, (steps - start) / 2));
}

bool Options::isOfSchedule(const std::string &name) {
  for (const char *other : {"steps", "learning_rate", "final_fraction", "warmup", "halve_at"})
    if (name == other)
      return true;
  return false;
}

ternary_optimizer Options::optimizer(int64_t start) const {
  ternary_optimizer optimizer = {};
  optimizer.learning_rate = static_cast<float>(learningRate);
  optimizer.final_fraction = static_cast<float>(finalFraction);
  optimizer.beta1 = static_cast<float>(beta1);
  optimizer.beta2 = static_cast<float>(beta2);
  optimizer.epsilon = static_cast<float>(epsilon);
  optimizer.weight_decay = static_cast<float>(weightDecay);
  optimizer.clip_norm = static_cast<float>(clip);
  optimizer.warmup_steps = getWarmup(start);
  optimizer.total_steps = steps - start;
  optimizer.halve_at = getHalveAt(start);
  return optimizer;
}

std::vector<runtime::Setting> Options::settings(const runtime::TrainingObject &object,
                                                int64_t start) const {
  int64_t halve = getHalveAt(start);
  static const char *const formats[] = {"text", "bytes", "ids", "uint16", "int32"};
  return {{"batch", object.info().batch},
          {"data_format", std::string(formats[static_cast<int>(format(*data))])},
          {"sequence_length", *sequenceLength},
          {"prepend_bos", prependBos},
          {"seed", seed},
          {"valid_fraction", validFraction},
          {"valid_sequences", validSequences},
          {"steps", steps},
          {"accumulate", accumulate},
          {"learning_rate", learningRate},
          {"final_fraction", finalFraction},
          {"warmup", getWarmup(start)},
          halve < 0 ? runtime::Setting("halve_at", std::string("none"))
                    : runtime::Setting("halve_at", halve),
          {"beta1", beta1},
          {"beta2", beta2},
          {"adam_epsilon", epsilon},
          {"weight_decay", weightDecay},
          {"clip", clip}};
}
