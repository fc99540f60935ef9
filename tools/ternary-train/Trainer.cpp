//===- Trainer.cpp - Training from the first step to the last -------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Trainer.h"
#include "Data.h"
#include "Gradients.h"
#include "LossLog.h"
#include "LossPlot.h"
#include "Progress.h"
#include "RunFolder.h"
#include "ternary/Runtime/DataOrder.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Machine.h"
#include "ternary/Runtime/StopSignal.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>

using namespace ternary;
using namespace ternary::train;
using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

namespace {

class Trainer {
public:
  Trainer(const runtime::TrainingObject &object, const Options &options);
  int run();

private:
  void describe();
  void resume(int64_t step);
  void changeSchedule(runtime::TrainerState &saved);
  void step();
  double accumulateGradients();
  double validate();
  void saveCheckpoint();
  void saveBest(double validLoss);
  int finish();
  int stop();

  int64_t sequencesPerStep() const { return info.batch * options.accumulate; }
  [[noreturn]] void failNotFinite(int64_t step, const std::string &found, bool values) const;

  const runtime::TrainingObject &object;
  const ternary_training_descriptor &info;
  const Options &options;
  RunFolder folder;
  Data data;
  runtime::CheckpointStore store;
  runtime::DataOrder order;
  runtime::TrainingBlocks blocks;
  runtime::Block gradients;
  runtime::AlignedBuffer<char> workspace;
  std::vector<int32_t> ids, targets;
  ternary_optimizer optimizer;

  runtime::TrainerState state;
  std::unique_ptr<LossLog> log;
  Progress progress;
  SmoothedLoss smoothed;
  double bestValidLoss = INFINITY;
  Clock::time_point start; // of the first step of this process
  double secondsBefore = 0;
  int64_t firstStep = 0;
  double stepSeconds = 0; // smoothed
};

} // namespace

Trainer::Trainer(const runtime::TrainingObject &object, const Options &options)
    : object(object), info(object.info()), options(options), folder(*options.out, options.resume),
      data(object, options), store(*options.out, object, options.keep),
      order(static_cast<uint64_t>(options.seed), static_cast<uint64_t>(data.training->size())),
      blocks{object.makeBlock("parameters"), object.makeBlock("first moments"),
             object.makeBlock("second moments")},
      gradients(object.makeBlock("gradients")), optimizer(options.optimizer(/*start=*/0)),
      progress(options.steps, options.logEvery) {
  int64_t length = *options.sequenceLength;
  bool larger = data.validation && runtime::workspaceBytes(info.loss_workspace, length) >
                                       runtime::workspaceBytes(info.gradient_workspace, length);
  workspace = object.makeWorkspace(larger ? info.loss_workspace : info.gradient_workspace, length);
  ids.resize(static_cast<size_t>(info.batch * length));
  targets.resize(ids.size());

  state.settings = options.settings(object, /*start=*/0);
  state.data = data.file->fingerprint();
  if (data.validFile)
    state.validData = data.validFile->fingerprint();
}

int Trainer::run() {
  std::signal(SIGPIPE, SIG_IGN); // who reads the progress may leave; training goes on
  std::vector<int64_t> saved = store.steps();
  if (!saved.empty())
    resume(saved.back());
  else
    readInitialValues(object, options, blocks.parameters);

  folder.prepare();
  store.tidy();
  log = std::make_unique<LossLog>(folder.file("loss.csv"), state.step);
  for (const LossRow &row : log->rows()) {
    smoothed.add(row.loss);
    bestValidLoss = std::min(bestValidLoss, row.validLoss.value_or(INFINITY));
  }
  describe();
  if (options.resume)
    progress.message(state.step ? "resume     from " + store.path(state.step)
                                : "resume     from the start: no checkpoint in " + *options.out);

  runtime::catchStopSignals();
  start = Clock::now();
  secondsBefore = state.seconds;
  firstStep = state.step;
  while (state.step < options.steps) {
    step();
    if (runtime::stopSignal() && state.step < options.steps)
      return stop();
    if (state.step % options.saveEvery == 0 || state.step == options.steps)
      saveCheckpoint();
  }
  return finish();
}

void Trainer::describe() {
  int64_t parameters = 0;
  for (int64_t i = 0; i < info.parameter_count; ++i)
    parameters += static_cast<int64_t>(info.parameters[i].count);
  progress.message("model      " + std::string(info.name) + ", " + printCount(parameters) +
                   " parameters, " + info.kernel + " kernels, " + std::to_string(options.threads) +
                   (options.threads == 1 ? " thread" : " threads"));
  progress.message(
      "data       " + printCount(data.training->size()) + " sequences of " +
      std::to_string(data.training->length()) + " tokens, " + std::to_string(sequencesPerStep()) +
      " a step" +
      (data.validation
           ? "; " + printCount(std::min(options.validSequences, data.validation->size())) +
                 " for validation"
           : ""));
  progress.message(
      "memory     " +
      printCount(static_cast<int64_t>(4 * info.block_floats * sizeof(float) / 1000000)) +
      " MB for parameters, gradients and moments, " +
      printCount(static_cast<int64_t>(workspace.size() / 1000000)) + " MB of workspace");
}

//===----------------------------------------------------------------------===//
// Going on
//===----------------------------------------------------------------------===//

static std::string printFingerprint(const std::optional<runtime::Fingerprint> &data) {
  if (!data)
    return "none";
  char crc[16];
  std::snprintf(crc, sizeof(crc), "0x%08x", data->crc32);
  return std::to_string(data->bytes) + " bytes with checksum " + crc;
}

/// The value of a setting.
static std::string find(const std::vector<runtime::Setting> &settings, const std::string &name) {
  auto found = std::find_if(settings.begin(), settings.end(),
                            [&](const runtime::Setting &setting) { return setting.name == name; });
  return found == settings.end() ? "none" : found->value;
}

/// Goes on for another number of steps than `saved` was to have.
void Trainer::changeSchedule(runtime::TrainerState &saved) {
  if (options.steps < saved.step)
    runtime::fail("--steps: expected at least ", saved.step, ", as many as ",
                  store.path(saved.step), " has done, found ", options.steps);
  if (options.restarts()) {
    saved.scheduleStart = saved.step;
    blocks.firstMoments.zero();
    blocks.secondMoments.zero();
  }
  state.settings = options.settings(object, saved.scheduleStart);
  progress.message(
      "schedule   " +
      (options.restarts()
           ? "anew for " + printCount(options.steps - saved.step) + " steps, with moments of zero"
           : "of " + printCount(options.steps - saved.scheduleStart) + " steps") +
      " instead of " + find(saved.settings, "steps"));
  saved.settings = state.settings;
}

void Trainer::resume(int64_t step) {
  std::string path = store.path(step);
  runtime::TrainerState saved = store.loadState(step);
  state.settings = options.settings(object, saved.scheduleStart);
  bool isNewSchedule = find(saved.settings, "steps") != find(state.settings, "steps");
  for (const runtime::Setting &setting : state.settings) {
    std::string expected = find(saved.settings, setting.name);
    if (expected == setting.value || (isNewSchedule && Options::isOfSchedule(setting.name)))
      continue;
    std::string name = setting.name;
    std::replace(name.begin(), name.end(), '_', '-');
    runtime::fail(name == "batch" ? object.path() + ": batch" : "--" + name, ": expected ",
                  expected, " as in ", path, ", found ", setting.value);
  }
  if (!(saved.data == state.data))
    runtime::fail(*options.data, ": expected the data of ", path, ", ",
                  printFingerprint(saved.data), ", found ", printFingerprint(state.data));
  if (saved.validData.has_value() != state.validData.has_value() ||
      (saved.validData && !(*saved.validData == *state.validData)))
    runtime::fail("--valid-data: expected that of ", path, ", ", printFingerprint(saved.validData),
                  ", found ", printFingerprint(state.validData));
  store.loadBlocks(step, blocks);
  if (isNewSchedule)
    changeSchedule(saved);
  optimizer = options.optimizer(saved.scheduleStart);
  state = std::move(saved);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

double Trainer::accumulateGradients() {
  int64_t length = data.training->length();
  double loss = 0, share = 1.0 / static_cast<double>(options.accumulate);
  gradients.zero();
  int64_t next = state.step * sequencesPerStep();
  for (int64_t part = 0; part < options.accumulate; ++part) {
    for (int64_t row = 0; row < info.batch; ++row, ++next)
      data.training->copy(static_cast<int64_t>(order(static_cast<uint64_t>(next))),
                          ids.data() + row * length, targets.data() + row * length);
    loss += share * info.gradient(blocks.parameters.data(), gradients.data(), workspace.data(),
                                  ids.data(), targets.data(), length, static_cast<float>(share),
                                  static_cast<int32_t>(options.threads));
  }
  return loss;
}

/// Whether one of count values is not finite.
static bool anyNotFinite(const float *values, uint64_t count) {
  // Blocks without a branch, which are fast.
  for (uint64_t from = 0; from < count; from += 4096) {
    float sum = 0;
    for (uint64_t i = from; i < std::min(count, from + 4096); ++i)
      sum += values[i] * 0.0f;
    if (sum != 0)
      return true;
  }
  return false;
}

void Trainer::failNotFinite(int64_t step, const std::string &found, bool values) const {
  std::string culprit = "all parameters and gradients are";
  for (int64_t i = 0; i < info.parameter_count; ++i) {
    const ternary_parameter &parameter = info.parameters[i];
    auto anyIn = [&](const runtime::Block &block) {
      return anyNotFinite(block.data() + parameter.offset, parameter.count);
    };
    const char *what = values && anyIn(blocks.parameters) ? "value"
                       : anyIn(gradients)                 ? "gradient"
                                                          : nullptr;
    if (!what)
      continue;
    culprit = std::string("the first that is not is the ") + what + " of " + parameter.name;
    break;
  }
  std::vector<int64_t> saved = store.steps();
  runtime::fail("step ", step, ": expected ", found, "; ", culprit, "; ",
                saved.empty() ? "there is no checkpoint yet"
                              : store.path(saved.back()) + " is intact");
}

static std::string printNumber(double value) {
  return std::isnan(value) ? "NaN" : value > 0 ? "inf" : "-inf";
}

void Trainer::step() {
  Clock::time_point begin = Clock::now();
  double loss = accumulateGradients();
  if (!std::isfinite(loss))
    failNotFinite(state.step + 1, "a finite loss, found " + printNumber(loss), /*values=*/true);
  ternary_update_report report = {};
  info.update(blocks.parameters.data(), gradients.data(), blocks.firstMoments.data(),
              blocks.secondMoments.data(), &optimizer, state.step - state.scheduleStart, &report,
              static_cast<int32_t>(options.threads));
  // The update has spread what is not finite to all parameters, not to the gradients.
  if (!std::isfinite(report.gradient_norm))
    failNotFinite(state.step + 1,
                  "finite gradients, found norm " + printNumber(report.gradient_norm),
                  /*values=*/false);
  double seconds = secondsSince(begin);
  stepSeconds = stepSeconds == 0 ? seconds : 0.9 * stepSeconds + 0.1 * seconds;

  ++state.step;
  int64_t tokens = sequencesPerStep() * data.training->length();
  state.tokens += tokens;
  LossRow row = {state.step, state.tokens, loss, {}, report.learning_rate, report.gradient_norm, 0};
  if (data.validation && (state.step % options.validEvery == 0 || state.step == options.steps))
    row.validLoss = validate();
  double elapsed = secondsSince(start);
  state.seconds = row.seconds = secondsBefore + elapsed;
  log->append(row);
  if (options.saveBest && row.validLoss)
    saveBest(*row.validLoss);
  double left = elapsed / static_cast<double>(state.step - firstStep) *
                static_cast<double>(options.steps - state.step);
  progress.step(row, smoothed.add(loss), {static_cast<double>(tokens) / stepSeconds, left});
}

double Trainer::validate() {
  const runtime::SequenceSet &set = *data.validation;
  int64_t length = set.length(), count = std::min(set.size(), options.validSequences);
  double sum = 0;
  for (int64_t from = 0; from < count; from += info.batch) {
    std::fill(ids.begin(), ids.end(), 0);
    std::fill(targets.begin(), targets.end(), -1);
    int64_t rows = std::min(info.batch, count - from);
    for (int64_t row = 0; row < rows; ++row) {
      // If there are more than wanted, evenly spread.
      auto index = static_cast<int64_t>(static_cast<__int128>(from + row) * set.size() / count);
      set.copy(index, ids.data() + row * length, targets.data() + row * length);
    }
    sum += static_cast<double>(rows) * info.loss(blocks.parameters.data(), workspace.data(),
                                                 ids.data(), targets.data(), length,
                                                 static_cast<int32_t>(options.threads));
  }
  return sum / static_cast<double>(count);
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void Trainer::saveCheckpoint() {
  for (int64_t i = 0; i < info.parameter_count; ++i)
    if (anyNotFinite(blocks.parameters.data() + info.parameters[i].offset,
                     info.parameters[i].count))
      failNotFinite(state.step, "finite parameters, found others", /*values=*/true);
  log->sync();
  runtime::writeFile(folder.file("loss.svg"), plotLosses(info.name, log->rows()));
  store.save(state, blocks);
}

void Trainer::saveBest(double validLoss) {
  if (!(validLoss < bestValidLoss))
    return;
  bestValidLoss = validLoss;
  runtime::createDirectories(folder.file("best"));
  runtime::writeModel(folder.file("best"), object, blocks.parameters, runtime::Durability::synced);
}

int Trainer::stop() {
  saveCheckpoint();
  progress.message("stopped by " + std::string(runtime::stopSignalName()) + " after step " +
                   std::to_string(state.step) + ": " + store.path(state.step) +
                   " is complete, and --resume goes on from it");
  return runtime::stopStatus();
}

int Trainer::finish() {
  runtime::writeModel(*options.out, object, blocks.parameters, runtime::Durability::synced);
  runtime::syncDirectory(*options.out);
  progress.message("done       " + printCount(state.step) + " steps, " + printCount(state.tokens) +
                   " tokens in " + printDuration(state.seconds) + ", peak memory " +
                   printCount(runtime::peakResidentBytes() / 1'000'000) + " MB; the model is in " +
                   *options.out);
  return 0;
}

int train::train(const runtime::TrainingObject &object, const Options &options) {
  return Trainer(object, options).run();
}
