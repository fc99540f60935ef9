//===- SelfTest.cpp - What a compiled model should compute ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/SelfTest.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "ternary/Dialect/Ternary/IR/Functions.h"
#include "ternary/Pipelines/PipelineOptions.h"
#include "ternary/Target/Target.h"
#include "ternary/archive_format.h"
#include "ternary/selftest.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/MemAlloc.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace ternary;

/// Products that the reference lowering takes about a second for.
static constexpr int64_t kAffordableProducts = 400'000'000;

/// So many take less time than it takes to optimise the code that computes them.
static constexpr int64_t kFewProducts = 4'000'000;

int64_t ternary::getAffordableSelfTest(const ModelInfo &info) {
  int64_t products = std::max<int64_t>(info.macsPerToken * info.batch, 1);
  // One token always: a model of billions of weights takes some seconds.
  return std::clamp<int64_t>(kAffordableProducts / products, 1, 8);
}

namespace {
/// Zeros, aligned as steps want their memory.
class StepMemory {
public:
  explicit StepMemory(int64_t bytes)
      : bytes(std::max<int64_t>(bytes, kAlignment)),
        data(allocate_buffer(this->bytes, kAlignment)) {
    memset(data, 0, this->bytes);
  }
  ~StepMemory() { deallocate_buffer(data, bytes, kAlignment); }
  StepMemory(const StepMemory &) = delete;
  StepMemory &operator=(const StepMemory &) = delete;
  void *get() { return data; }

private:
  static constexpr size_t kAlignment = 64;
  size_t bytes;
  void *data;
};
} // namespace

Expected<uint32_t> ternary::computeSelfTest(mlir::ModuleOp module, const ModelInfo &info,
                                            StringRef archivePath) {
  auto fail = [](const Twine &message) {
    return createStringError("cannot compute the self-test: " + message);
  };
  mlir::OwningOpRef<mlir::ModuleOp> reference(module.clone());
  (*reference)->setAttr(kTargetAttr, ReferenceTargetAttr::get(module.getContext()));
  const ternary::Target *target = lookupTargetOf(*reference);
  if (!target)
    return fail("expected a target 'reference', got " + getTargetNames());
  for (auto func : make_early_inc_range(reference->getOps<mlir::func::FuncOp>()))
    if (isEntry(func) && getStep(func) != Step::Decode)
      func.erase();
  PipelineOptions options;
  options.prefix = "reference";
  mlir::PassManager manager(module.getContext());
  manager.addPass(mlir::createSymbolDCEPass());
  bool isPlanned = false;
  for (const Phase &phase : target->getPhases()) {
    if (isPlanned)
      phase.build(manager, *target, options);
    isPlanned |= phase.role == PhaseRole::PlansMemory;
  }
  if (mlir::failed(manager.run(*reference)))
    return fail("its lowering failed");
  for (ArchiveOp archive : make_early_inc_range(reference->getOps<ArchiveOp>()))
    archive.erase();

  auto archive = MemoryBuffer::getFile(archivePath, /*IsText=*/false,
                                       /*RequiresNullTerminator=*/false);
  if (!archive)
    return fail("cannot read '" + archivePath + "': " + archive.getError().message());
  const char *start = (*archive)->getBufferStart();
  ternary_archive_prefix prefix;
  ternary_read_archive_prefix(reinterpret_cast<const uint8_t *>(start), &prefix);
  const char *weights = start + prefix.payload_offset;

  int64_t products = info.selfTestTokens * info.batch * info.macsPerToken;
  CodeGenOptLevel level =
      products < kFewProducts ? CodeGenOptLevel::None : CodeGenOptLevel::Default;
  auto optimize = mlir::makeOptimizingTransformer(static_cast<unsigned>(level), /*sizeLevel=*/0,
                                                  /*targetMachine=*/nullptr);
  mlir::ExecutionEngineOptions engineOptions;
  engineOptions.jitCodeGenOptLevel = level;
  engineOptions.transformer = optimize;
  // Profilers and debuggers have no interest in it, and the former's listener leaves files behind.
  engineOptions.enablePerfNotificationListener = false;
  engineOptions.enableGDBNotificationListener = false;
  auto engine = mlir::ExecutionEngine::create(*reference, engineOptions);
  if (!engine)
    return engine.takeError();
  Expected<void *> decode = (*engine)->lookup("reference_decode");
  if (!decode)
    return decode.takeError();
  auto step = reinterpret_cast<ternary_step>(*decode);

  StepMemory state(info.stateBytes);
  StepMemory workspace(info.workspaceFixedBytes +
                       TERNARY_TOKEN_BLOCK * info.workspaceBytesPerToken);
  SmallVector<int32_t> ids(info.batch);
  std::vector<float> logits(info.batch * info.vocab);
  uint32_t crc = 0;
  for (int64_t t = 0; t < info.selfTestTokens; ++t) {
    for (int64_t b = 0; b < info.batch; ++b)
      ids[b] = ternary_self_test_id(info.batch, info.vocab, b, t);
    ternary_step_arguments arguments = {};
    arguments.weights = weights;
    arguments.workspace = workspace.get();
    arguments.state = state.get();
    arguments.ids = ids.data();
    arguments.tokens = 1;
    arguments.logits = logits.data();
    step(&arguments);
    crc = crc32(crc, arrayRefFromStringRef(StringRef(reinterpret_cast<const char *>(logits.data()),
                                                     logits.size() * sizeof(float))));
  }
  return crc;
}
