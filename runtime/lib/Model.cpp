//===- Model.cpp - Loading compiled models --------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Model.h"
#include "ternary/Runtime/Archive.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/File.h"
#include "ternary/Runtime/Machine.h"

#include <dlfcn.h>

using namespace ternary::runtime;

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

struct Model::Impl {
  Impl(const std::string &path, const std::string &weights);
  ~Impl();

  std::string path;
  void *library = nullptr;
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
  decltype(&ternary_error_string) errorString;

private:
  void loadLibrary();
  void checkDescriptor() const;
  void checkFeatures() const;
  void openWeights(const std::string &weights);

  template <typename T> void resolve(T *&symbol, const char *name) {
    symbol = reinterpret_cast<T *>(dlsym(library, name));
    if (!symbol)
      fail(path, ": expected a compiled model, found no symbol ", name);
  }
};

Model::Impl::Impl(const std::string &path, const std::string &weights) : path(path) {
  try {
    loadLibrary();
    openWeights(weights);
  } catch (...) {
    if (model)
      close(model);
    if (library)
      dlclose(library);
    throw;
  }
}

Model::Impl::~Impl() {
  close(model);
  // The library stays loaded: threads of its OpenMP runtime may still be
  // running.
}

void Model::Impl::loadLibrary() {
  checkSharedObject(path);
  // Without a slash, dlopen would search the system's library folders.
  std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    std::string reason = dlerror();
    if (reason.compare(0, file.size() + 2, file + ": ") == 0)
      reason.erase(0, file.size() + 2);
    fail(path, ": cannot load the model: ", reason);
  }

  resolve(info, "ternary_descriptor_instance");
  checkDescriptor();
  resolve(open, "ternary_open");
  resolve(verify, "ternary_verify");
  resolve(close, "ternary_close");
  resolve(sessionNew, "ternary_session_new");
  resolve(sessionFree, "ternary_session_free");
  resolve(reset, "ternary_reset");
  resolve(position, "ternary_position");
  resolve(prefill, "ternary_prefill");
  resolve(prefillAll, "ternary_prefill_all");
  resolve(decode, "ternary_decode");
  resolve(errorString, "ternary_error_string");
}

void Model::Impl::checkDescriptor() const {
  if (info->abi_version != TERNARY_ABI_VERSION)
    fail(path, ": expected a model with ABI version ", TERNARY_ABI_VERSION, ", found version ",
         info->abi_version);
  if (info->descriptor_bytes < sizeof(ternary_descriptor))
    fail(path, ": expected a descriptor of at least ", sizeof(ternary_descriptor), " bytes, found ",
         info->descriptor_bytes);
  const Kernel *kernel = findKernel(info->kernel);
  if (kernel && !kernel->supported)
    fail(path, ": model was compiled for ", info->cpu, " with ", kernel->name,
         " kernels, but the best that this machine supports is ", bestKernel().name);
  checkFeatures();
}

void Model::Impl::checkFeatures() const {
  constexpr size_t kShown = 4;
  std::vector<std::string> missing = missingFeatures(info->features);
  if (missing.empty())
    return;
  std::string list = missing.front();
  for (size_t i = 1; i < missing.size() && i < kShown; ++i)
    list += ", " + missing[i];
  if (missing.size() > kShown)
    list += " and " + std::to_string(missing.size() - kShown) + " more";
  fail(path, ": model was compiled for CPU ", info->cpu, ", which has ", list,
       "; this machine has not");
}

void Model::Impl::openWeights(const std::string &weights) {
  bool embedded = weights.empty() && info->archive;
  std::string file = weights;
  if (weights.empty() && !embedded) {
    if (!info->archive_file)
      fail(path, ": model has no weights inside and names no file");
    file = info->archive_file;
    size_t slash = path.rfind('/');
    if (file.front() != '/' && slash != std::string::npos)
      file.insert(0, path, 0, slash + 1);
  }

  ternary_status status = open(embedded ? nullptr : file.c_str(), &model);
  if (status != TERNARY_OK) {
    if (embedded)
      fail(path, ": weights inside the model: ", errorString(status));
    throw Error(explainArchive(file, *info, status, errorString(status)));
  }
  if (embedded)
    verifyEmbeddedArchive(path, *info);
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
  if (tokens < 1)
    fail(what, ": expected at least one token, found none");
  if (info().max_tokens > 0 && tokens > info().max_tokens)
    fail(what, ": expected at most ", info().max_tokens, " tokens, found ", tokens);
  for (int64_t i = 0; i < batch * tokens; ++i)
    if (ids[i] < 0 || ids[i] >= info().vocab)
      fail(what, ": expected ids in [0, ", info().vocab, "), found ", ids[i], " at [", i / tokens,
           ", ", i % tokens, "]");
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
