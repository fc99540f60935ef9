//===- TrainingObject.cpp - Loading compiled training objects -------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/TrainingObject.h"
#include "ternary/Runtime/Archive.h"
#include "ternary/Runtime/Library.h"
#include "ternary/Runtime/Safetensors.h"

#include <algorithm>
#include <set>

using namespace ternary::runtime;

std::vector<int64_t> ternary::runtime::shapeOf(const ternary_parameter &parameter) {
  return {parameter.shape, parameter.shape + parameter.rank};
}

TrainingObject::TrainingObject(const std::string &path) : name(path) {
  Library library(path, "training object");
  auto symbol = library.find("ternary_training_descriptor_instance");
  descriptor = static_cast<const ternary_training_descriptor *>(symbol);
  if (!descriptor)
    fail(path, ": expected an object that ternary-compile --function=train made, found ",
         library.find("ternary_descriptor_instance") ? "a model that generates text"
                                                     : "no training descriptor");
  check();
}

void TrainingObject::check() const {
  if (descriptor->abi_version != TERNARY_TRAINING_ABI_VERSION)
    fail(name, ": expected a training object with ABI version ", TERNARY_TRAINING_ABI_VERSION,
         ", found version ", descriptor->abi_version);
  if (descriptor->descriptor_bytes < sizeof(ternary_training_descriptor))
    fail(name, ": expected a descriptor of at least ", sizeof(ternary_training_descriptor),
         " bytes, found ", descriptor->descriptor_bytes);
  checkMachine(name, descriptor->cpu, descriptor->kernel, descriptor->features);

  bool valid = descriptor->batch > 0 && descriptor->vocab > 0 && descriptor->max_tokens >= 0 &&
               descriptor->parameter_count > 0 && descriptor->gradient && descriptor->loss &&
               descriptor->update;
  uint64_t end = 0;
  for (int64_t i = 0; valid && i < descriptor->parameter_count; ++i) {
    const ternary_parameter &parameter = descriptor->parameters[i];
    uint64_t count = 1;
    for (int64_t size : shapeOf(parameter))
      count *= static_cast<uint64_t>(size);
    valid = parameter.count == count && parameter.offset % 16 == 0 && parameter.offset >= end;
    end = parameter.offset + parameter.count;
  }
  if (!valid || end > descriptor->block_floats)
    fail(name, ": expected a consistent training descriptor, found one that is damaged");
}

Block TrainingObject::makeBlock(const char *what) const {
  Block block(descriptor->block_floats, what);
  block.zero();
  return block;
}

int64_t ternary::runtime::workspaceBytes(const ternary_workspace_size &size, int64_t tokens) {
  constexpr int64_t kBlock = TERNARY_TOKEN_BLOCK;
  int64_t bytes = size.bytes_per_token;
  if (__builtin_mul_overflow(bytes, (tokens + kBlock - 1) / kBlock * kBlock, &bytes) ||
      __builtin_add_overflow(bytes, size.fixed_bytes, &bytes))
    bytes = INT64_MAX;
  return bytes;
}

AlignedBuffer<char> TrainingObject::makeWorkspace(const ternary_workspace_size &size,
                                                  int64_t tokens) const {
  return {static_cast<uint64_t>(workspaceBytes(size, tokens)), "workspace"};
}

void TrainingObject::checkTokens(const std::string &what, int64_t tokens) const {
  if (descriptor->max_tokens > 0 && tokens > descriptor->max_tokens)
    fail(what, ": expected at most ", descriptor->max_tokens, " tokens, as ", name,
         " was compiled for, found ", tokens);
}

void TrainingObject::readArchive(const std::string &weights, float *block) const {
  WeightArchive archive(name, ArchiveReference(*descriptor), weights);
  // An archive ends with its last parameter, a block a little later.
  const ternary_parameter &last = descriptor->parameters[descriptor->parameter_count - 1];
  uint64_t bytes = (last.offset + last.count) * sizeof(float);
  if (archive.payloadBytes() < bytes)
    fail(archive.path(), ": expected weights of ", bytes, " bytes, found ", archive.payloadBytes());
  archive.copyTo(block, bytes);
}

std::vector<std::string> TrainingObject::readCheckpoint(const std::string &path,
                                                        float *block) const {
  auto files = openSafetensors(path);
  std::set<std::string> others;
  for (const auto &file : files)
    for (const auto &[name, tensor] : file->tensors())
      others.insert(name);
  for (int64_t i = 0; i < descriptor->parameter_count; ++i) {
    const ternary_parameter &parameter = descriptor->parameters[i];
    auto holder = std::find_if(files.begin(), files.end(), [&](const auto &file) {
      return file->tensors().count(parameter.name) != 0;
    });
    const SafetensorsFile &file = holder == files.end() ? *files.front() : **holder;
    file.read(parameter.name, shapeOf(parameter), block + parameter.offset);
    others.erase(parameter.name);
  }
  return {others.begin(), others.end()};
}
