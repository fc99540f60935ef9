//===- Checkpoint.h - Checkpoints of a training run -------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_CHECKPOINT_H
#define TERNARY_RUNTIME_CHECKPOINT_H

#include "ternary/Runtime/TokenData.h"
#include "ternary/Runtime/TrainingObject.h"

#include <optional>
#include <string>
#include <vector>

namespace ternary::runtime {

/// Something that the result of training depends on, and its value as JSON.
struct Setting {
  std::string name, value;

  Setting(std::string name, int64_t value);
  Setting(std::string name, double value);
  Setting(std::string name, bool value);
  Setting(std::string name, const std::string &value);

  /// A value that is JSON already.
  static Setting parsed(std::string name, std::string value);

private:
  Setting() = default;
};

/// All that goes on from step to step, besides the blocks.
struct TrainerState {
  int64_t step = 0;   // how many are done
  int64_t tokens = 0; // how many targets were learnt
  double seconds = 0;
  int64_t scheduleStart = 0; // the steps done when the schedule and the moments began
  std::vector<Setting> settings;
  Fingerprint data;
  std::optional<Fingerprint> validData;
};

/// What the optimizer changes.
struct TrainingBlocks {
  Block parameters, firstMoments, secondMoments;
};

/// Writes the model as a Hugging Face folder: config.json, model.safetensors and
/// the tokenizer if there is one.
void writeModel(const std::string &folder, const TrainingObject &object, const Block &parameters,
                Durability durability);

/// The folders checkpoint-STEP in the folder of a run. Each appears when it is
/// complete.
class CheckpointStore {
public:
  /// Keeps the newest `keep`.
  CheckpointStore(std::string folder, const TrainingObject &object, int64_t keep)
      : folder(std::move(folder)), object(object), keep(keep) {}

  std::string path(int64_t step) const { return folder + "/checkpoint-" + std::to_string(step); }

  /// The steps that have one, in order.
  std::vector<int64_t> steps() const;

  /// Removes what an earlier run could not complete, or not remove any more.
  void tidy() const;

  void save(const TrainerState &state, const TrainingBlocks &blocks) const;
  TrainerState loadState(int64_t step) const;
  void loadBlocks(int64_t step, TrainingBlocks &blocks) const;

private:
  void write(const std::string &to, const TrainerState &state, const TrainingBlocks &blocks) const;
  std::string incomplete(int64_t step) const;
  void removeOld() const;

  std::string folder;
  const TrainingObject &object;
  int64_t keep;
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_CHECKPOINT_H
