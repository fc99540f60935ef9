//===- SavedSummary.cpp - What phases found out, for those that go on -----===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SavedSummary.h"
#include "mlir/IR/Builders.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ternary;

/// By this field a summary is known.
static constexpr StringLiteral kStateBytes = "state_bytes";

/// Calls `field(name, value, least)` for all that a model's ops tell at some point.
template <typename InfoTy, typename FieldFn> static void visitFields(InfoTy &info, FieldFn field) {
  field("batch", info.batch, 1);
  field("vocab", info.vocab, 1);
  field(kStateBytes, info.stateBytes, 0);
  field("state_types", info.stateTypes, 0);
  field("position_offset", info.positionOffset, -1);
  field("workspace_fixed_bytes", info.workspaceFixedBytes, 0);
  field("workspace_bytes_per_token", info.workspaceBytesPerToken, 0);
  field("packed_weight_bytes", info.packedWeightBytes, 0);
  field("weight_bytes_per_token", info.weightBytesPerToken, 0);
  field("macs_per_token", info.macsPerToken, 0);
  field("macs_per_logits", info.macsPerLogits, 0);
  if (!info.training)
    return;
  auto &training = *info.training;
  field("gradient_fixed_bytes", training.gradient.fixedBytes, 0);
  field("gradient_bytes_per_token", training.gradient.bytesPerToken, 0);
  field("loss_fixed_bytes", training.loss.fixedBytes, 0);
  field("loss_bytes_per_token", training.loss.bytesPerToken, 0);
  field("recomputed", training.recomputed, 0);
}

/// Ids are of 32 bits.
static constexpr int64_t kMostVocab = std::numeric_limits<int32_t>::max();

void ternary::saveSummary(ModuleOp module, const ModelInfo &info) {
  Builder builder(module.getContext());
  NamedAttrList fields(module->getAttrOfType<DictionaryAttr>(kModelAttr));
  struct {
    NamedAttrList &fields;
    Builder &builder;
    void operator()(StringRef name, int64_t value, int64_t) {
      fields.set(name, builder.getI64IntegerAttr(value));
    }
    void operator()(StringRef name, const std::string &value, int64_t) {
      fields.set(name, builder.getStringAttr(value));
    }
  } field{fields, builder};
  visitFields(info, field);
  if (!fields.get("name"))
    fields.set("name", builder.getStringAttr(info.name));
  SmallVector<int64_t> tables;
  for (auto [offset, bytes] : info.lookupTables)
    tables.append({static_cast<int64_t>(offset), static_cast<int64_t>(bytes)});
  fields.set("lookup_tables", builder.getDenseI64ArrayAttr(tables));
  if (info.training) {
    // Names have no newlines that messages would show as such.
    std::vector<std::string> names;
    SmallVector<int64_t> shapes, decays;
    for (const TrainingInfo::Parameter &parameter : info.training->parameters) {
      names.push_back(parameter.name);
      decays.push_back(parameter.decays);
      shapes.push_back(parameter.shape.size());
      llvm::append_range(shapes, parameter.shape);
    }
    fields.set("parameter_names", builder.getStringAttr(llvm::join(names, "\n")));
    fields.set("parameter_shapes", builder.getDenseI64ArrayAttr(shapes));
    fields.set("parameter_decays", builder.getDenseI64ArrayAttr(decays));
  }
  module->setAttr(kModelAttr, fields.getDictionary(module.getContext()));
}

bool ternary::hasSummary(ModuleOp module) {
  auto fields = module->getAttrOfType<DictionaryAttr>(kModelAttr);
  return fields && fields.get(kStateBytes);
}

namespace {
/// Reads fields until one is wrong.
class Loader {
public:
  explicit Loader(DictionaryAttr fields) : fields(fields) {}

  void operator()(StringRef name, int64_t &value, int64_t least) {
    auto attr = fields.getAs<IntegerAttr>(name);
    if (!attr || attr.getInt() < least || (name == "vocab" && attr.getInt() > kMostVocab))
      return fail(name, "an integer of at least " + Twine(least));
    value = attr.getInt();
  }
  void operator()(StringRef name, std::string &value, int64_t) {
    if (auto attr = fields.getAs<StringAttr>(name))
      value = attr.str();
    else
      fail(name, "a string");
  }
  ArrayRef<int64_t> array(StringRef name) {
    if (auto attr = fields.getAs<DenseI64ArrayAttr>(name))
      return attr.asArrayRef();
    fail(name, "an array of integers");
    return {};
  }

  void fail(StringRef name, const Twine &expected) {
    if (!problem.empty())
      return;
    llvm::raw_string_ostream os(problem);
    os << "expected '" << name << "' in '" << kModelAttr << "' to be " << expected << ", got ";
    if (Attribute attr = fields.get(name))
      os << attr;
    else
      os << "none";
  }

  llvm::Error takeError() {
    return problem.empty() ? llvm::Error::success() : llvm::createStringError(problem);
  }

private:
  DictionaryAttr fields;
  std::string problem;
};
} // namespace

/// The parameters that `loader` has, laid out as in a block.
static void loadParameters(Loader &loader, TrainingInfo &info) {
  std::string text;
  loader("parameter_names", text, 0);
  ArrayRef<int64_t> shapes = loader.array("parameter_shapes");
  ArrayRef<int64_t> decays = loader.array("parameter_decays");
  SmallVector<StringRef> names;
  if (!text.empty())
    StringRef(text).split(names, '\n');
  if (names.size() != decays.size())
    return loader.fail("parameter_decays", Twine(names.size()) + " integers");
  for (auto [name, isDecayed] : llvm::zip_equal(names, decays)) {
    TrainingInfo::Parameter parameter;
    parameter.name = name.str();
    parameter.decays = isDecayed != 0;
    int64_t rank = shapes.empty() ? -1 : shapes.front();
    auto isGood = [](int64_t size) { return size >= 0 && size < int64_t(1) << 31; };
    if (rank < 0 || rank > 4 || shapes.size() < static_cast<size_t>(rank) + 1 ||
        !llvm::all_of(shapes.slice(1, rank), isGood))
      return loader.fail("parameter_shapes", "a rank of at most 4 and sizes for each parameter");
    parameter.shape = shapes.slice(1, rank).vec();
    shapes = shapes.drop_front(rank + 1);
    info.addParameter(std::move(parameter));
  }
}

llvm::Error ternary::loadSummary(ModuleOp module, ModelInfo &info) {
  Loader loader(module->getAttrOfType<DictionaryAttr>(kModelAttr));
  visitFields(info,
              [&](StringRef name, auto &value, int64_t least) { loader(name, value, least); });
  ArrayRef<int64_t> tables = loader.array("lookup_tables");
  if (tables.size() % 2 != 0)
    loader.fail("lookup_tables", "pairs of offset and size");
  for (size_t i = 0; i + 1 < tables.size(); i += 2)
    info.lookupTables.push_back({tables[i], tables[i + 1]});
  if (info.training)
    loadParameters(loader, *info.training);
  info.hasSteps = true;
  return loader.takeError();
}
