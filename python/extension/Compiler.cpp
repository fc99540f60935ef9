//===- Compiler.cpp - Graphs and their compilation, for Python --------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Extension.h"
#include "ternary/Driver/Compile.h"
#include "ternary/Driver/GraphDescription.h"
#include "ternary/Import/GGUFTokenizer.h"
#include "ternary/InitAll.h"
#include "ternary/Pipelines/Pipelines.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Support/ClassicLocale.h"
#include "llvm/Support/Signals.h"

#include <map>
#include <mutex>
#include <optional>
#include <pybind11/stl.h>

namespace py = pybind11;
using namespace ternary;
using ternary::python::isContiguous;

static void check(llvm::Error error) {
  if (error)
    throw runtime::Error(llvm::toString(std::move(error)));
}

template <typename T> static T check(llvm::Expected<T> value) {
  check(value.takeError());
  return std::move(*value);
}

namespace {
/// LLVM takes the process's signals to remove temporary files. The last compilation that runs gives
/// them back: others still need them, and LLVM must not be asked by two threads at once.
class SignalUse {
public:
  SignalUse() {
    std::lock_guard lock(mutex);
    ++count;
  }
  ~SignalUse() {
    std::lock_guard lock(mutex);
    if (--count == 0)
      llvm::sys::unregisterHandlers();
  }
  SignalUse(const SignalUse &) = delete;
  SignalUse &operator=(const SignalUse &) = delete;

private:
  static inline std::mutex mutex;
  static inline int count = 0;
};
} // namespace

/// Runs the compiler, which needs no interpreter, while other Python threads go on.
template <typename Function> static auto runCompiler(Function function) {
  py::gil_scoped_release release;
  SignalUse signals;
  ClassicLocale locale;
  return function();
}

/// What Ctrl-C during a compilation left, before anything that it made fail.
static void checkSignals() {
  if (PyErr_CheckSignals() != 0)
    throw py::error_already_set();
}

template <typename Function> static auto compileInterruptibly(Function function) {
  try {
    auto result = runCompiler(function);
    checkSignals();
    return result;
  } catch (const runtime::Error &) {
    checkSignals();
    throw;
  }
}

static std::string quoted(const std::string &name) { return "'" + name + "'"; }

/// The memory of a contiguous array, which lives for as long as the tensor does; that may end on a
/// thread without the interpreter's lock.
static HostTensor borrow(const std::string &name, const std::string &dtype,
                         const py::buffer &array) {
  std::optional<DType> type;
  if (dtype == "float32")
    type = DType::F32;
  else if (dtype == "float16")
    type = DType::F16;
  else if (dtype == "bfloat16")
    type = DType::BF16;
  if (!type)
    runtime::fail("tensor ", quoted(name), ": expected dtype float32, float16 or bfloat16, got ",
                  dtype);
  std::shared_ptr<py::buffer_info> memory(new py::buffer_info(array.request()),
                                          [](py::buffer_info *info) {
                                            py::gil_scoped_acquire acquire;
                                            delete info;
                                          });
  if (memory->itemsize != getByteWidth(*type) || !isContiguous(*memory))
    runtime::fail("tensor ", quoted(name), ": expected a contiguous array of ", dtype);
  std::vector<int64_t> shape(memory->shape.begin(), memory->shape.end());
  size_t bytes = static_cast<size_t>(memory->size * memory->itemsize);
  llvm::ArrayRef<uint8_t> data(static_cast<const uint8_t *>(memory->ptr), bytes);
  return HostTensor(*type, shape, data, std::move(memory));
}

static std::shared_ptr<const ParameterSource>
makeParameters(const std::map<std::string, std::pair<std::string, py::buffer>> &arrays) {
  MemoryParameters::Tensors tensors;
  for (const auto &[name, array] : arrays)
    tensors.emplace(name, borrow(name, array.first, array.second));
  return std::make_shared<MemoryParameters>(std::move(tensors));
}

/// What keys and values may be kept in, by the names of --kv-cache.
static constexpr std::pair<const char *, DType> kCacheTypes[] = {
    {"f32", DType::F32}, {"f16", DType::F16}, {"int8", DType::I8}};

static std::optional<std::string> getCacheType(const CompileOptions &options) {
  for (auto [name, type] : kCacheTypes)
    if (options.cacheType == type)
      return name;
  return std::nullopt;
}

static void setCacheType(CompileOptions &options, const std::optional<std::string> &name) {
  options.cacheType.reset();
  for (auto [known, type] : kCacheTypes)
    if (name == known)
      options.cacheType = type;
  if (name && !options.cacheType)
    runtime::fail("expected kv_cache to be f32, f16 or int8, got ", quoted(*name));
}

static std::optional<int64_t> getI2SBlocks(const CompileOptions &options) {
  if (!options.i2sLayout)
    return std::nullopt;
  return static_cast<int64_t>(*options.i2sLayout);
}

static void setI2SBlocks(CompileOptions &options, std::optional<int64_t> weights) {
  if (weights && *weights != 128 && *weights != 64)
    runtime::fail("expected i2s_blocks to be 128 or 64, got ", *weights);
  options.i2sLayout.reset();
  if (weights)
    options.i2sLayout = static_cast<I2SLayout>(*weights);
}

void ternary::python::bindCompiler(py::module_ &module) {
  py::class_<CompileOptions>(module, "CompileOptions")
      .def(py::init<>())
      .def_readwrite("input", &CompileOptions::input)
      .def_readwrite("output", &CompileOptions::output)
      .def_readwrite("target", &CompileOptions::target)
      .def_readwrite("triple", &CompileOptions::triple)
      .def_readwrite("cpu", &CompileOptions::cpu)
      .def_readwrite("attributes", &CompileOptions::attributes)
      .def_readwrite("function", &CompileOptions::function)
      .def_readwrite("differentiate", &CompileOptions::differentiate)
      .def_readwrite("with_respect_to", &CompileOptions::withRespectTo)
      .def_readwrite("batch", &CompileOptions::batch)
      .def_readwrite("threads", &CompileOptions::threads)
      .def_readwrite("fuse", &CompileOptions::fuse)
      .def_readwrite("raise_linalg", &CompileOptions::raiseLinalg)
      .def_readwrite("embed_weights", &CompileOptions::embedWeights)
      .def_readwrite("kernel", &CompileOptions::kernel)
      .def_readwrite("epsilon", &CompileOptions::epsilon)
      .def_readwrite("random_weights", &CompileOptions::randomWeights)
      .def_readwrite("parameters", &CompileOptions::parameters)
      .def_readwrite("max_tokens", &CompileOptions::maxTokens)
      .def_property("kv_cache", getCacheType, setCacheType)
      .def_property("i2s_blocks", getI2SBlocks, setI2SBlocks)
      .def_readwrite("recognize_ternary", &CompileOptions::recognizeTernary)
      .def_readwrite("self_test_tokens", &CompileOptions::selfTestTokens)
      .def_readwrite("symbol_prefix", &CompileOptions::symbolPrefix)
      .def_readwrite("progress", &CompileOptions::progress);

  py::class_<ModelSource>(module, "Source")
      .def(py::init([](std::string name, std::string text) {
             ModelSource source;
             source.name = std::move(name);
             source.text = std::move(text);
             return source;
           }),
           py::arg("name"), py::arg("text"))
      .def_readonly("name", &ModelSource::name)
      .def_readonly("text", &ModelSource::text)
      .def_property_readonly("has_weights",
                             [](const ModelSource &source) { return bool(source.parameters); })
      .def("with_text",
           [](ModelSource source, std::string text) {
             source.text = std::move(text);
             return source;
           })
      .def("with_arrays",
           [](ModelSource source,
              const std::map<std::string, std::pair<std::string, py::buffer>> &arrays) {
             source.parameters = makeParameters(arrays);
             return source;
           })
      .def("with_random_weights", [](ModelSource source, uint64_t seed) {
        source.parameters = std::make_shared<RandomParameters>(seed);
        return source;
      });

  module.def("phases", [] {
    std::vector<std::pair<std::string, std::string>> phases;
    registerAllTargets();
    for (const Phase *phase : getPhases(*lookupTarget(CompileOptions().target)))
      phases.emplace_back(phase->name.str(), phase->description.str());
    return phases;
  });
  module.def(
      "lower",
      [](CompileOptions options, const std::string &phase, const ModelSource *source) {
        options.compileTo = phase;
        return compileInterruptibly(
            [&] { return check(source ? lower(options, *source) : lower(options)); });
      },
      py::arg("options"), py::arg("phase"), py::arg("source").none(true) = nullptr);
  module.def(
      "compile",
      [](const CompileOptions &options, const ModelSource &source) {
        compileInterruptibly([&] {
          check(compile(options, source));
          return true;
        });
      },
      py::arg("options"), py::arg("source"));
  module.def(
      "read_gguf_tokenizer",
      [](const std::string &path) {
        std::vector<std::string> warnings;
        auto files = runCompiler([&] {
          auto warn = [&](const llvm::Twine &message) { warnings.push_back(message.str()); };
          return check(readGGUFTokenizer(*check(GGUFFile::open(path, std::nullopt)), warn));
        });
        py::dict contents;
        for (const auto &[name, text] : files)
          contents[py::str(name)] = py::bytes(text);
        return std::pair(contents, warnings);
      },
      py::arg("path"));
  module.def(
      "describe",
      [](const std::string &text, const std::string &name) {
        std::string result = runCompiler([&] {
          std::string description;
          llvm::raw_string_ostream(description) << check(describeGraph(text, name));
          return description;
        });
        return result;
      },
      py::arg("text"), py::arg("name"));
}
