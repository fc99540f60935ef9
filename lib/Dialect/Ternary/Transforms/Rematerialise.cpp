//===- Rematerialise.cpp - Compute again what is cheaper than to keep ---------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the backward pass reads of the forward pass lives from one to the other, for every
// token and layer: that is most of what training needs. There are two ways to have less of it.
//
// Norms, gates, activations and quantised inputs are a pass over a row, which the backward
// pass makes anyway: computed again from products, scans and sums of residuals they cost
// little once fused.
//
// Where one value alone leads on, as the sum of residuals does between attention and MLP, the
// forward pass can be cut: what lies between two cuts is a block, and all of it can be computed
// again from the value at its start, products included.
//
// With a budget both are done until an estimate of the peak is within it: first values, then
// blocks, both in the order of bytes saved for an operation; of equal blocks the earlier first,
// which wait longer for their backward pass.
//
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "KeptValues.h"
#include "LiveBytes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/Dialect/Ternary/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace ternary {
#define GEN_PASS_DEF_TERNARYREMATERIALISE
#include "ternary/Dialect/Ternary/Transforms/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

/// Where there is no budget, row ops are repeated that save as many bytes for a scalar operation:
/// what takes more, as a byte at the end of a gate, a norm and a quantisation, is read from
/// memory sooner.
static constexpr double kLeastGain = 0.3;

namespace {
/// What is computed again together: values that the backward pass reads.
struct Candidate {
  SmallVector<Value> values;
  /// The ops it takes.
  llvm::SetVector<Operation *> ops;
  /// Bytes that need not be kept, and scalar operations for it.
  double bytes = 0, operations = 0;
};

/// Multiplications of a product, elements of anything else.
double countOperations(Operation *op, int64_t tokens) {
  if (isa<tensor::ExtractSliceOp>(op) || getSplatConstant(op) || getBroadcastVector(op))
    return 0;
  double operations = 0;
  for (Type type : op->getResultTypes())
    operations = std::max<double>(operations, getElements(type, tokens));
  if (auto accumulate = dyn_cast<AccumulateOp>(op))
    operations *= cast<ShapedType>(accumulate.getWeight().getType()).getShape().back();
  if (auto matmul = dyn_cast<MatmulOp>(op))
    operations *= matmul.getMatrix().getType().getShape().front();
  if (isa<AttentionOp>(op))
    operations *= static_cast<double>(tokens);
  return operations;
}

class Rematerialiser : KeptValues {
public:
  Rematerialiser(func::FuncOp func, Value seed, int64_t tokens)
      : KeptValues(func, seed), tokens(tokens) {
    for (BlockArgument argument : func.getArguments())
      if (func.getArgAttr(argument.getArgNumber(), kParameterAttr))
        active.insert(argument);
    for (Operation &op : body.without_terminator())
      if (dependsOn(&op, active))
        active.insert(op.result_begin(), op.result_end());
  }

  /// Single values that row ops compute again from what is kept anyway.
  SmallVector<Candidate> collectRows() {
    SmallVector<Candidate> candidates;
    for (Operation &op : body)
      for (Value result : op.getResults())
        if (isLarge(result) && isRecomputable(result) && !getBackwardUses(result).empty())
          candidates.push_back(makeCandidate(ValueRange(result), [&](Value value) {
            return isLarge(value) && isRecomputable(value);
          }));
    sortByGain(candidates);
    return candidates;
  }

  /// Blocks with values that the backward pass reads. What comes after the last cut is none: the
  /// backward pass begins with it.
  SmallVector<Candidate> collectBlocks() {
    SmallVector<Candidate> candidates;
    SmallVector<size_t> cuts = findCuts();
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
      ArrayRef<Operation *> ops = ArrayRef(forward).slice(cuts[i] + 1, cuts[i + 1] - cuts[i]);
      llvm::SmallPtrSet<Operation *, 32> inside(ops.begin(), ops.end());
      SmallVector<Value> values;
      for (Operation *op : ops)
        for (Value result : op->getResults())
          if (isLarge(result) && !cutValues.contains(result) && !getBackwardUses(result).empty())
            values.push_back(result);
      Candidate candidate = makeCandidate(values, [&](Value value) {
        return isLarge(value) && inside.contains(value.getDefiningOp());
      });
      if (!values.empty() && llvm::all_of(candidate.ops, isPure))
        candidates.push_back(std::move(candidate));
    }
    sortByGain(candidates);
    return candidates;
  }

  /// Lets the backward pass use copies of its own, each made before its first use from what is
  /// kept. Barriers see to it that they stay there.
  void apply(const Candidate &candidate) {
    SmallVector<std::pair<Operation *, Value>> firstUses;
    for (Value value : candidate.values) {
      Operation *first = nullptr;
      for (OpOperand *use : getBackwardUses(value))
        if (Operation *user = getOpInBody(use); !first || user->isBeforeInBlock(first))
          first = user;
      if (first)
        firstUses.emplace_back(first, value);
    }
    llvm::stable_sort(firstUses, [](const auto &a, const auto &b) {
      return a.first != b.first && a.first->isBeforeInBlock(b.first);
    });
    IRMapping mapping;
    for (auto [first, value] : firstUses) {
      SmallVector<OpOperand *> uses = getBackwardUses(value);
      OpBuilder builder(first);
      Value copy = clone(value, candidate, findToken(first), builder, mapping);
      for (OpOperand *use : uses)
        use->set(copy);
    }
  }

private:
  Candidate makeCandidate(ValueRange values, function_ref<bool(Value)> isRepeated) {
    Candidate candidate;
    candidate.values.assign(values.begin(), values.end());
    SmallVector<Value> worklist = candidate.values;
    while (!worklist.empty()) {
      Operation *op = worklist.pop_back_val().getDefiningOp();
      if (!candidate.ops.insert(op))
        continue;
      candidate.operations += countOperations(op, tokens);
      op->walk([&](Operation *nested) {
        for (Value operand : nested->getOperands())
          if (isRepeated(operand))
            worklist.push_back(operand);
      });
    }
    for (Value value : values)
      candidate.bytes += getBytes(value.getType(), tokens);
    return candidate;
  }

  static void sortByGain(SmallVector<Candidate> &candidates) {
    llvm::stable_sort(candidates, [](const Candidate &a, const Candidate &b) {
      return a.bytes * b.operations > b.bytes * a.operations;
    });
  }

  /// Positions in the forward pass after which one value alone, of those that parameters have a
  /// part in, leads on: what comes later is computed from it.
  SmallVector<size_t> findCuts() {
    llvm::DenseMap<Operation *, size_t> positions;
    for (auto [i, op] : llvm::enumerate(forward))
      positions[op] = i;
    SmallVector<size_t> cuts;
    /// Until where in the forward pass values are read that lead on from here.
    llvm::SmallMapVector<Value, size_t, 8> open;
    for (auto [i, op] : llvm::enumerate(forward)) {
      bool opened = false;
      for (Value result : op->getResults()) {
        if (!isLarge(result) || !active.contains(result))
          continue;
        size_t last = i;
        for (OpOperand &use : result.getUses())
          if (auto user = positions.find(getOpInBody(&use));
              user != positions.end() && !isa<tensor::DimOp>(user->first))
            last = std::max(last, user->second);
        opened |= last > i;
        if (last > i)
          open[result] = last;
      }
      open.remove_if([here = i](const auto &entry) { return entry.second <= here; });
      if (!opened || open.size() != 1 || isRecomputable(open.front().first))
        continue;
      Type element = getElementTypeOrSelf(open.front().first);
      if (!element.isF32() && !element.isBF16())
        continue;
      cuts.push_back(i);
      cutValues.insert(open.front().first);
    }
    return cuts;
  }

  /// What the backward pass has just computed before `user`: a result, on which `user` depends,
  /// of an op that row kernels do not absorb, so that copies are fused with what reads them.
  Value findToken(Operation *user) {
    Value token, direct;
    SmallVector<Operation *> worklist = {user};
    llvm::SmallPtrSet<Operation *, 16> visited;
    while (!worklist.empty()) {
      worklist.pop_back_val()->walk([&](Operation *nested) {
        for (Value operand : nested->getOperands()) {
          Operation *def = operand.getDefiningOp();
          if (!def || !afterSeed.contains(operand) || !visited.insert(def).second)
            continue;
          if (!direct)
            direct = operand;
          if (isRowOp(def))
            worklist.push_back(def);
          else if (!token || token.getDefiningOp()->isBeforeInBlock(def))
            token = operand;
        }
      });
    }
    if (!token)
      token = direct;
    for (Operation *op = user->getPrevNode(); !token && op; op = op->getPrevNode())
      if (op->getNumResults() && afterSeed.contains(op->getResult(0)))
        token = op->getResult(0);
    return token && isa<RankedTensorType>(token.getType()) ? token : Value();
  }

  Value clone(Value value, const Candidate &candidate, Value token, OpBuilder &builder,
              IRMapping &mapping) {
    if (Value known = mapping.lookupOrNull(value))
      return known;
    Operation *op = value.getDefiningOp();
    if (!op || !candidate.ops.contains(op)) {
      if (!isLarge(value) || !token)
        return value;
      Value kept = OptimizationBarrierOp::create(builder, value.getLoc(), value, token);
      mapping.map(value, kept);
      return kept;
    }
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (operand.getParentBlock() == &body)
          clone(operand, candidate, token, builder, mapping);
    });
    builder.clone(*op, mapping);
    return mapping.lookup(value);
  }

  int64_t tokens;
  /// What depends on parameters.
  llvm::DenseSet<Value> active;
  llvm::DenseSet<Value> cutValues;
};

struct Rematerialise : ternary::impl::TernaryRematerialiseBase<Rematerialise> {
  using TernaryRematerialiseBase::TernaryRematerialiseBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (budget < 0 || tokens < 1) {
      func.emitError() << "expected 'budget' of at least 0 bytes and 'tokens' of at least 1, got "
                       << budget.getValue() << " and " << tokens.getValue();
      return signalPassFailure();
    }
    if (recompute == Recompute::None)
      return;
    if (Value seed = findSeed(func))
      run(func, seed);
  }

  void run(func::FuncOp func, Value seed) {
    Rematerialiser rematerialiser(func, seed, tokens);
    SmallVector<std::string> chosen;
    auto apply = [&](ArrayRef<Candidate> candidates, size_t all, Statistic &count, StringRef what) {
      size_t applied = 0;
      // A candidate saves its bytes at most, so there is nothing to estimate before these add up
      // to what is missing.
      double missing = 0;
      for (; applied < candidates.size(); ++applied) {
        if (budget > 0 && missing <= 0)
          missing = estimateWorkspace(func, tokens) - budget;
        if (budget > 0 && missing <= 0)
          break;
        rematerialiser.apply(candidates[applied]);
        missing -= candidates[applied].bytes;
      }
      count += applied;
      if (applied > 0)
        chosen.push_back(llvm::formatv("{0} of {1} {2}", applied, all, what).str());
    };
    SmallVector<Candidate> rows = rematerialiser.collectRows();
    size_t numRows = rows.size();
    if (recompute == Recompute::Rows && budget == 0)
      llvm::erase_if(rows, [](const Candidate &candidate) {
        return candidate.bytes < kLeastGain * candidate.operations;
      });
    apply(rows, numRows, numRecomputed, "values");
    if (recompute == Recompute::Blocks) {
      SmallVector<Candidate> blocks = rematerialiser.collectBlocks();
      apply(blocks, blocks.size(), numBlocks, "blocks");
    }
    std::string names = chosen.empty() ? "nothing" : llvm::join(chosen, " and ");
    func->setAttr(kRecomputedAttr, StringAttr::get(&getContext(), names));
    auto kind = remark::RemarkOpts::name("rematerialise").category("ternary");
    int64_t estimate = estimateWorkspace(func, tokens);
    std::string numbers =
        llvm::formatv("computes {0} again, for an estimated workspace of {1} bytes for {2} tokens",
                      names, estimate, tokens.getValue())
            .str();
    if (budget == 0 || estimate <= budget)
      remark::passed(func.getLoc(), kind) << numbers;
    else
      remark::missed(func.getLoc(), kind)
          << llvm::formatv("{0}, with a budget of {1}", numbers, budget.getValue()).str();
  }
};
} // namespace
