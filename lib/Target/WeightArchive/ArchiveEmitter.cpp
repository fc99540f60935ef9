//===- ArchiveEmitter.cpp - From an archive op to a file -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/ArchiveEmitter.h"
#include "ternary/Dialect/Ternary/IR/HostTypes.h"

using namespace mlir;
using namespace ternary;

namespace {
/// Values of an archive's region while they are needed.
class Evaluator {
public:
  Evaluator(const ParameterSource &source, WeightArchiveWriter &writer)
      : source(source), writer(writer) {}

  llvm::Error run(ArchiveOp archive) {
    for (Operation &op : archive.getBody().front()) {
      if (llvm::Error error = run(op))
        return error;
      release(op);
    }
    return llvm::Error::success();
  }

private:
  llvm::Error run(Operation &op) {
    if (auto entry = dyn_cast<ArchiveEntryOp>(op))
      return writer.append(values.at(entry.getValue()).getBytes());
    if (auto read = dyn_cast<ReadParameterOp>(op)) {
      auto type = cast<RankedTensorType>(read.getType());
      std::optional<DType> wanted = getDType(type.getElementType());
      if (!wanted) {
        std::string message;
        llvm::raw_string_ostream(message)
            << "parameter '" << read.getName()
            << "': expected elements of f32, f16, bf16, i8, i32 or trits, got " << type;
        return llvm::createStringError(message);
      }
      llvm::Expected<HostTensor> tensor = source.read(read.getName(), type.getShape());
      if (!tensor)
        return tensor.takeError();
      if (tensor->getDType() != *wanted) {
        tensor = convert(*tensor, *wanted);
        if (!tensor)
          return tensor.takeError();
      }
      values[read.getResult()] = std::move(*tensor);
      return llvm::Error::success();
    }
    SmallVector<HostTensor> operands;
    for (Value operand : op.getOperands())
      operands.push_back(values.at(operand));
    auto results = cast<BindTimeOpInterface>(op).evaluate(operands);
    if (!results)
      return results.takeError();
    for (auto [result, tensor] : llvm::zip_equal(op.getResults(), *results))
      values[result] = std::move(tensor);
    return llvm::Error::success();
  }

  /// Drops what `op` was the last to read: at any time memory holds what one parameter
  /// needs.
  void release(Operation &op) {
    auto isDone = [&](Operation *user) { return user == &op || user->isBeforeInBlock(&op); };
    for (Value operand : op.getOperands())
      if (llvm::all_of(operand.getUsers(), isDone))
        values.erase(operand);
    for (Value result : op.getResults())
      if (result.use_empty())
        values.erase(result);
  }

  const ParameterSource &source;
  WeightArchiveWriter &writer;
  llvm::DenseMap<Value, HostTensor> values;
};
} // namespace

llvm::Expected<EmittedArchive> ternary::emitArchive(ArchiveOp archive,
                                                    const ParameterSource &source, StringRef path) {
  ArchiveLayout layout;
  for (auto entry : archive.getBody().getOps<ArchiveEntryOp>()) {
    std::string type;
    llvm::raw_string_ostream(type) << entry.getValue().getType();
    uint64_t offset = layout.add(entry.getName(), type, entry.getBytes());
    if (offset != entry.getOffset())
      return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                     "expected entry '" + entry.getName() + "' at offset " +
                                         Twine(offset) + ", got " + Twine(entry.getOffset()));
  }
  auto writer = WeightArchiveWriter::create(path, layout);
  if (!writer)
    return writer.takeError();
  if (llvm::Error error = Evaluator(source, **writer).run(archive))
    return error;
  if (llvm::Error error = (*writer)->finish())
    return error;
  return EmittedArchive{std::move(*writer), layout.getHeaderCRC32()};
}
