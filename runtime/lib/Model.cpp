//===- Model.cpp - Loading compiled models --------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Model.h"
#include "ternary/Runtime/Archive.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Library.h"
#include "ternary/Runtime/Npy.h"

using namespace ternary::runtime;

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

struct Model::Impl {
  Impl(const std::string &path, const std::string &weights);
  ~Impl();

  std::string path;
  Library library;
  const ternary_descriptor *info = nullptr;
  ternary_model *model = nullptr;

  decltype(&ternary_open) open;
  decltype(&ternary_verify) verify;
  decltype(&ternary_close) close;
  decltype(&ternary_session_new) sessionNew;
  decltype(&ternary_session_free) sessionFree;
  decltype(&ternary_reset) reset;
  decltype(&ternary_position) position;
  decltype(&ternary_prefill) prefill;
  decltype(&ternary_prefill_all) prefillAll;
  decltype(&ternary_decode) decode;
  decltype(&ternary_saved_bytes) savedBytes;
  decltype(&ternary_save) save;
  decltype(&ternary_restore) restore;
  decltype(&ternary_saved_position) savedPosition;
  decltype(&ternary_error_string) errorString;

private:
  void resolveSymbols();
  void checkDescriptor() const;
  void openWeights(const std::string &weights);
};

Model::Impl::Impl(const std::string &path, const std::string &weights)
    : path(path), library(path, "compiled model") {
  try {
    resolveSymbols();
    openWeights(weights);
  } catch (...) {
    if (model)
      close(model);
    library.unload();
    throw;
  }
}

Model::Impl::~Impl() { close(model); }

void Model::Impl::resolveSymbols() {
  library.resolve(info, "ternary_descriptor_instance");
  checkDescriptor();
  library.resolve(open, "ternary_open");
  library.resolve(verify, "ternary_verify");
  library.resolve(close, "ternary_close");
  library.resolve(sessionNew, "ternary_session_new");
  library.resolve(sessionFree, "ternary_session_free");
  library.resolve(reset, "ternary_reset");
  library.resolve(position, "ternary_position");
  library.resolve(prefill, "ternary_prefill");
  library.resolve(prefillAll, "ternary_prefill_all");
  library.resolve(decode, "ternary_decode");
  library.resolve(savedBytes, "ternary_saved_bytes");
  library.resolve(save, "ternary_save");
  library.resolve(restore, "ternary_restore");
  library.resolve(savedPosition, "ternary_saved_position");
  library.resolve(errorString, "ternary_error_string");
}

void Model::Impl::checkDescriptor() const {
  if (info->abi_version != TERNARY_ABI_VERSION)
    fail(path, ": expected a model with ABI version ", TERNARY_ABI_VERSION, ", found version ",
         info->abi_version);
  if (info->descriptor_bytes < sizeof(ternary_descriptor))
    fail(path, ": expected a descriptor of at least ", sizeof(ternary_descriptor), " bytes, found ",
         info->descriptor_bytes);
  checkMachine(path, info->cpu, info->kernel, info->features);
}

void Model::Impl::openWeights(const std::string &weights) {
  ArchiveReference reference(*info);
  std::string file = locateArchive(path, reference, weights);
  ternary_status status = open(file.empty() ? nullptr : file.c_str(), &model);
  if (status != TERNARY_OK && file.empty())
    fail(path, ": weights inside the model: ", errorString(status));
  if (status != TERNARY_OK)
    throw Error(explainArchive(file, reference, status, errorString(status)));
  if (file.empty())
    verifyEmbeddedArchive(path, reference);
}

Model Model::load(const std::string &path, const std::string &weights) {
  Model model;
  model.impl = std::make_shared<Impl>(path, weights);
  return model;
}

const ternary_descriptor &Model::info() const { return *impl->info; }

const std::string &Model::path() const { return impl->path; }

void Model::verify() const {
  ternary_status status = impl->verify(impl->model);
  if (status != TERNARY_OK)
    fail(impl->path, ": ", impl->errorString(status));
}

void Model::checkIds(const std::string &what, const int64_t *ids, int64_t batch,
                     int64_t tokens) const {
  if (batch != info().batch)
    fail(what, ": expected ", info().batch, info().batch == 1 ? " sequence" : " sequences",
         ", found ", batch);
  checkTokens(what, ids, batch, tokens, info().max_tokens, info().vocab);
}

//===----------------------------------------------------------------------===//
// Session
//===----------------------------------------------------------------------===//

void Session::check(ternary_status status) const {
  if (status != TERNARY_OK)
    fail(model.path(), ": ", model.impl->errorString(status));
}

Session::Session(const Model &model, int threads) : model(model) {
  check(model.impl->sessionNew(model.impl->model, threads, &session));
}

Session::~Session() { model.impl->sessionFree(session); }

void Session::reset() { model.impl->reset(session); }

int64_t Session::position() const { return model.impl->position(session); }

void Session::prefill(const int32_t *ids, int64_t tokens, float *logits) {
  check(model.impl->prefill(session, ids, tokens, logits));
}

void Session::prefillAll(const int32_t *ids, int64_t tokens, float *logits) {
  check(model.impl->prefillAll(session, ids, tokens, logits));
}

void Session::decode(const int32_t *ids, float *logits) {
  check(model.impl->decode(session, ids, logits));
}

std::string Session::save() const {
  std::string saved(model.impl->savedBytes(session), '\0');
  check(model.impl->save(session, saved.data(), saved.size()));
  return saved;
}

int64_t Session::savedPosition(std::string_view saved) const {
  int64_t position = 0;
  check(model.impl->savedPosition(saved.data(), saved.size(), &position));
  return position;
}

void Session::restore(std::string_view saved) {
  check(model.impl->restore(session, saved.data(), saved.size()));
}
