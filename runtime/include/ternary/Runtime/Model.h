//===- Model.h - Loading compiled models ------------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_MODEL_H
#define TERNARY_RUNTIME_MODEL_H

#include "ternary/session.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ternary::runtime {

/// A compiled model in a shared object, with its weights open. Copies share
/// both.
class Model {
public:
  /// Loads the shared object at `path` and checks that it fits this program and
  /// this machine. `weights` names the archive; if empty, it is the one in the
  /// object or, failing that, the file that the object names, in the same
  /// folder.
  static Model load(const std::string &path, const std::string &weights = "");

  const ternary_descriptor &info() const;
  const std::string &path() const;

  /// Throws unless the weights in memory match their checksum.
  void verify() const;

  /// Throws unless every one of ids[batch, tokens] is in the vocabulary, naming
  /// `what` they are.
  void checkIds(const std::string &what, const int64_t *ids, int64_t batch, int64_t tokens) const;

private:
  friend class Session;
  struct Impl;
  std::shared_ptr<const Impl> impl;
};

/// The functions of session.h on one session, with errors thrown.
class Session {
public:
  Session(const Model &model, int threads);
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  void reset();
  int64_t position() const;
  void prefill(const int32_t *ids, int64_t tokens, float *logits);
  void prefillAll(const int32_t *ids, int64_t tokens, float *logits);
  void decode(const int32_t *ids, float *logits);

  /// What the session has consumed, and going on from there.
  std::string save() const;
  void restore(std::string_view saved);
  /// How many tokens a session of any model had consumed when it was saved.
  int64_t savedPosition(std::string_view saved) const;

private:
  void check(ternary_status status) const;

  Model model;
  ternary_session *session = nullptr;
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_MODEL_H
