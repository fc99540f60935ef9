//===- Runtime.cpp - Compiled models, for Python ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Extension.h"
#include "Tensor.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Machine.h"
#include "ternary/Runtime/Model.h"
#include "ternary/Runtime/Sampler.h"
#include "ternary/Runtime/Tokenizer.h"
#include "ternary/Runtime/TrainingObject.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <pybind11/stl.h>

namespace py = pybind11;
using namespace ternary;
using namespace ternary::python;

namespace {
/// Token ids [B, T], in the memory of an array.
class Ids {
public:
  explicit Ids(const py::buffer &array) : info(array.request()) {
    if (info.itemsize != sizeof(int32_t) || (info.format != "i" && info.format != "l"))
      runtime::fail("expected ids of int32, got format '", info.format, "'");
    if (info.ndim != 2 || !isContiguous(info))
      runtime::fail("expected a contiguous array of ids [B, T]");
  }

  const int32_t *data() const { return static_cast<const int32_t *>(info.ptr); }
  int64_t batch() const { return info.shape[0]; }
  int64_t tokens() const { return info.shape[1]; }

private:
  py::buffer_info info;
};
} // namespace

//===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===//

namespace {
/// A session that one thread at a time may use: while compiled code runs, Python goes on, and a
/// second call would meet the first.
class PySession {
public:
  PySession(const runtime::Model &model, int threads)
      : info(model.info()), session(std::make_unique<runtime::Session>(model, threads)) {}

  void close() {
    Use use(*this);
    std::unique_ptr<runtime::Session> closing = std::move(session);
    py::gil_scoped_release release;
    closing.reset();
  }
  bool isClosed() const { return !session; }

  int64_t position() { return Use(*this)->position(); }

  void reset() {
    Use use(*this);
    py::gil_scoped_release release;
    use->reset();
  }

  py::bytes save() {
    Use use(*this);
    std::string saved;
    {
      py::gil_scoped_release release;
      saved = use->save();
    }
    return saved;
  }

  void restore(const py::bytes &saved) {
    Use use(*this);
    std::string_view view(saved); // bytes do not change, and the caller holds them
    py::gil_scoped_release release;
    use->restore(view);
  }

  int64_t savedPosition(const py::bytes &saved) {
    Use use(*this);
    std::string_view view(saved);
    py::gil_scoped_release release;
    return use->savedPosition(view);
  }

  /// Logits [B, V] after ids [B, T], or nothing if they are not wanted.
  std::optional<Tensor> prefill(const py::buffer &array, bool wanted) {
    Ids ids(array);
    Use use(*this);
    int64_t tokens = checkIds(ids);
    std::optional<Tensor> logits;
    if (wanted)
      logits.emplace(std::vector<int64_t>{info.batch, info.vocab});
    forEachPart(ids.data(), tokens, [&](const int32_t *part, int64_t from, int64_t count) {
      bool last = wanted && from + count == tokens;
      use->prefill(part, count, last ? logits->data() : nullptr);
    });
    return logits;
  }

  /// Logits [B, T, V] after each of ids [B, T].
  Tensor prefillAll(const py::buffer &array) {
    Ids ids(array);
    Use use(*this);
    int64_t tokens = checkIds(ids);
    Tensor logits({info.batch, tokens, info.vocab});
    std::vector<float> buffer;
    forEachPart(ids.data(), tokens, [&](const int32_t *part, int64_t from, int64_t count) {
      if (info.batch == 1 || count == tokens)
        return use->prefillAll(part, count, logits.data() + from * info.vocab);
      buffer.resize(static_cast<size_t>(info.batch * count * info.vocab));
      use->prefillAll(part, count, buffer.data());
      for (int64_t b = 0; b < info.batch; ++b)
        std::copy_n(buffer.data() + b * count * info.vocab, count * info.vocab,
                    logits.data() + (b * tokens + from) * info.vocab);
    });
    return logits;
  }

private:
  /// The session, for as long as this exists.
  class Use {
  public:
    explicit Use(PySession &owner) : lock(owner.mutex, std::try_to_lock), session(owner.session) {
      if (!lock)
        runtime::fail("expected a session that no other thread is using");
      if (!session)
        runtime::fail("expected an open session, got one that was closed");
    }
    runtime::Session *operator->() const { return session.get(); }

  private:
    std::unique_lock<std::mutex> lock;
    std::unique_ptr<runtime::Session> &session;
  };

  /// The number of tokens in ids [B, T].
  int64_t checkIds(const Ids &ids) const {
    if (ids.batch() != info.batch || ids.tokens() < 1)
      runtime::fail("expected ids of shape [", info.batch, ", T], got [", ids.batch(), ", ",
                    ids.tokens(), "]");
    for (int64_t i = 0; i < ids.batch() * ids.tokens(); ++i)
      if (ids.data()[i] < 0 || ids.data()[i] >= info.vocab)
        runtime::fail("expected token ids from 0 to ", info.vocab - 1, ", got ", ids.data()[i]);
    return ids.tokens();
  }

  /// Calls `step(ids [B, count], from, count)` for parts of ids [B, T], without the
  /// interpreter's lock, which is taken in between to see whether to stop.
  template <typename Step> void forEachPart(const int32_t *ids, int64_t tokens, Step step) {
    int64_t most = std::max<int64_t>(info.prefill_chunk, 1);
    std::vector<int32_t> gathered;
    for (int64_t from = 0; from < tokens; from += most) {
      int64_t count = std::min(most, tokens - from);
      const int32_t *part = ids + from;
      if (info.batch > 1 && count < tokens) {
        gathered.resize(static_cast<size_t>(info.batch * count));
        for (int64_t b = 0; b < info.batch; ++b)
          std::copy_n(ids + b * tokens + from, count, gathered.data() + b * count);
        part = gathered.data();
      }
      {
        py::gil_scoped_release release;
        step(part, from, count);
      }
      if (PyErr_CheckSignals() != 0)
        throw py::error_already_set();
    }
  }

  const ternary_descriptor &info;
  std::mutex mutex;
  std::unique_ptr<runtime::Session> session;
};
} // namespace

//===----------------------------------------------------------------------===//
// What is bound
//===----------------------------------------------------------------------===//

static py::dict describe(const runtime::Model &model) {
  const ternary_descriptor &info = model.info();
  py::dict result;
  result["name"] = info.name;
  result["model_type"] = info.model_type;
  result["target"] = info.target;
  result["triple"] = info.triple;
  result["cpu"] = info.cpu;
  result["kernel"] = info.kernel;
  result["batch"] = info.batch;
  result["vocab"] = info.vocab;
  result["hidden"] = info.hidden;
  result["layers"] = info.layers;
  result["max_tokens"] = info.max_tokens;
  result["bos_id"] = info.bos_id;
  result["eos_id"] = info.eos_id;
  result["eos_ids"] = std::vector<int64_t>(info.eos_ids, info.eos_ids + info.eos_id_count);
  result["state_bytes"] = info.state_bytes;
  result["workspace_bytes"] = runtime::workspaceBytes(
      {info.workspace_fixed_bytes, info.workspace_bytes_per_token}, info.prefill_chunk);
  result["prefill_chunk"] = info.prefill_chunk;
  result["threads"] = info.threads != 0;
  result["embeds_weights"] = info.archive != nullptr;
  result["packed_weight_bytes"] = info.packed_weight_bytes;
  result["weight_bytes_per_token"] = info.weight_bytes_per_token;
  result["macs_per_token"] = info.macs_per_token;
  return result;
}

static runtime::Sampler makeSampler(double temperature, double topP, uint64_t seed) {
  if (!(temperature >= 0) || std::isinf(temperature))
    runtime::fail("expected a temperature of at least 0, got ", temperature);
  if (!(topP > 0 && topP <= 1))
    runtime::fail("expected top_p above 0 and at most 1, got ", topP);
  runtime::SamplerOptions options;
  options.temperature = temperature;
  options.topP = topP;
  options.seed = seed;
  return runtime::Sampler(options);
}

static int32_t sample(runtime::Sampler &sampler, const Tensor &logits, int64_t row) {
  if (logits.getShape().size() != 2 || row < 0 || row >= logits.getShape()[0])
    runtime::fail("expected logits of shape [B, V] and a row of them, got row ", row);
  int64_t vocab = logits.getShape()[1];
  return sampler.sample(logits.data() + row * vocab, vocab);
}

static void bindTensor(py::module_ &module) {
  py::class_<Tensor>(module, "Tensor")
      .def_property_readonly(
          "shape", [](const Tensor &tensor) { return py::tuple(py::cast(tensor.getShape())); })
      .def(
          "__dlpack__",
          [](const Tensor &tensor, const py::object &stream,
             std::optional<std::pair<int, int>> maxVersion,
             std::optional<std::pair<int, int>> device, std::optional<bool> copy) {
            if (!stream.is_none() && !py::isinstance<py::int_>(stream))
              throw py::buffer_error("expected no stream for a tensor in the CPU's memory");
            if (device && *device != kTensorDevice)
              throw py::buffer_error("expected the CPU as device, where the tensor is");
            if (copy.value_or(false))
              throw py::buffer_error("expected copy=False or None: memory is shared");
            return tensor.toDLPack(maxVersion);
          },
          py::kw_only(), py::arg("stream") = py::none(), py::arg("max_version") = py::none(),
          py::arg("dl_device") = py::none(), py::arg("copy") = py::none())
      .def("__dlpack_device__", [](const Tensor &) { return kTensorDevice; });
}

void ternary::python::bindRuntime(py::module_ &module) {
  bindTensor(module);

  py::class_<runtime::Model>(module, "CompiledModel")
      .def(py::init(&runtime::Model::load), py::arg("path"), py::arg("weights") = "",
           py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("path", &runtime::Model::path)
      .def("info", &describe)
      .def("verify", &runtime::Model::verify, py::call_guard<py::gil_scoped_release>())
      .def("tokenizer", [](const runtime::Model &model) -> std::optional<py::bytes> {
        const ternary_descriptor &info = model.info();
        if (!info.tokenizer)
          return std::nullopt;
        return py::bytes(static_cast<const char *>(info.tokenizer), info.tokenizer_bytes);
      });

  py::class_<PySession>(module, "CompiledSession")
      .def(py::init<const runtime::Model &, int>(), py::arg("model"), py::arg("threads"))
      .def("close", &PySession::close)
      .def_property_readonly("closed", &PySession::isClosed)
      .def_property_readonly("position", &PySession::position)
      .def("reset", &PySession::reset)
      .def("save", &PySession::save)
      .def("restore", &PySession::restore, py::arg("saved"))
      .def("saved_position", &PySession::savedPosition, py::arg("saved"))
      .def("prefill", &PySession::prefill, py::arg("ids"), py::arg("logits") = true)
      .def("prefill_all", &PySession::prefillAll, py::arg("ids"));

  py::class_<runtime::Sampler>(module, "Sampler")
      .def(py::init(&makeSampler), py::arg("temperature") = 0.0, py::arg("top_p") = 1.0,
           py::arg("seed") = 0)
      .def("sample", &sample, py::arg("logits"), py::arg("row") = 0);

  py::class_<runtime::Tokenizer>(module, "SentencePiece")
      .def(py::init([](const py::bytes &model, const std::string &name,
                       const std::map<std::string, int32_t> &specials) {
             return std::make_unique<runtime::Tokenizer>(
                 std::string_view(model), name,
                 runtime::Tokenizer::Specials(specials.begin(), specials.end()));
           }),
           py::arg("model"), py::arg("name"), py::arg("specials") = py::dict())
      .def("__len__", &runtime::Tokenizer::size)
      .def("encode", &runtime::Tokenizer::encode, py::arg("text"), py::arg("special") = false,
           py::call_guard<py::gil_scoped_release>())
      .def("text", [](const runtime::Tokenizer &tokenizer,
                      int64_t id) { return py::bytes(tokenizer.text(id)); })
      .def_property_readonly("adds_prefix_space", &runtime::Tokenizer::addsPrefixSpace);

  py::class_<runtime::TextStream>(module, "TextStream")
      .def(py::init<>())
      .def("feed", [](runtime::TextStream &stream,
                      const py::bytes &bytes) { return stream.feed(std::string_view(bytes)); })
      .def("finish", &runtime::TextStream::finish);

  module.def("available_threads", &runtime::availableThreads);
  module.def("resident_bytes", &runtime::residentBytes);
}
