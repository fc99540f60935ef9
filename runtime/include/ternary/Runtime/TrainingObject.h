//===- TrainingObject.h - Loading compiled training objects -----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_TRAININGOBJECT_H
#define TERNARY_RUNTIME_TRAININGOBJECT_H

#include "ternary/Runtime/AlignedBuffer.h"
#include "ternary/training.h"

#include <string>
#include <vector>

namespace ternary::runtime {

/// A float for each element of each parameter; see training.h.
using Block = AlignedBuffer<float>;

/// Scratch memory of a step over so many tokens of each sequence; INT64_MAX if it is more.
int64_t workspaceBytes(const ternary_workspace_size &size, int64_t tokens);

/// What ternary-compile --function=train made: the steps of training and the
/// layout of parameters.
class TrainingObject {
public:
  /// Loads the shared object at `path` and checks that it fits this program and
  /// this machine.
  explicit TrainingObject(const std::string &path);

  const ternary_training_descriptor &info() const { return *descriptor; }
  const std::string &path() const { return name; }

  /// A block that is zero.
  Block makeBlock(const char *what) const;

  /// Scratch for `tokens` tokens of each sequence.
  AlignedBuffer<char> makeWorkspace(const ternary_workspace_size &size, int64_t tokens) const;

  /// Throws unless sequences of `tokens` tokens can be trained on; `what` asked
  /// for them.
  void checkTokens(const std::string &what, int64_t tokens) const;

  /// Fills a block from the weight archive: the one in the file `weights`; if
  /// that is empty, the one in the object or the one that it names.
  void readArchive(const std::string &weights, float *block) const;

  /// Fills a block from a safetensors file or a Hugging Face folder. Returns
  /// the tensors in it that are no parameters.
  std::vector<std::string> readCheckpoint(const std::string &path, float *block) const;

private:
  void check() const;

  std::string name;
  const ternary_training_descriptor *descriptor = nullptr;
};

/// The shape of a parameter.
std::vector<int64_t> shapeOf(const ternary_parameter &parameter);

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_TRAININGOBJECT_H
