//===- SafetensorsWriter.cpp - Writes checkpoints -------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SafetensorsWriter.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace ternary;

/// Data begins at a multiple of that.
static constexpr uint64_t kAlignment = 8;

void SafetensorsWriter::addTensor(StringRef name, DType type, ArrayRef<int64_t> shape, Maker make) {
  tensors.push_back({name.str(), type, SmallVector<int64_t, 2>(shape), std::move(make)});
}

/// In the order of the tensors, which json::Object would not keep.
std::string SafetensorsWriter::getHeader() const {
  std::string header;
  raw_string_ostream os(header);
  // Transformers refuses files that do not say that they come from PyTorch.
  os << R"({"__metadata__":{"format":"pt"})";
  int64_t begin = 0;
  for (const Tensor &tensor : tensors) {
    int64_t end = begin + getByteWidth(tensor.type) * product_of(tensor.shape);
    os << ',' << json::Value(tensor.name) << ':'
       << json::Value(json::Object{{"dtype", getName(tensor.type).upper()},
                                   {"shape", json::Array(tensor.shape)},
                                   {"data_offsets", json::Array{begin, end}}});
    begin = end;
  }
  os << '}';
  os.indent(offsetToAlignment(header.size(), Align(kAlignment)));
  return header;
}

Error SafetensorsWriter::write(raw_ostream &os) const {
  std::string header = getHeader();
  support::endian::Writer(os, endianness::little).write(uint64_t(header.size()));
  os << header;
  for (const Tensor &tensor : tensors) {
    Expected<HostTensor> data = tensor.make();
    if (!data)
      return createStringError("tensor '" + tensor.name + "': " + toString(data.takeError()));
    if (data->getDType() != tensor.type || data->getShape() != ArrayRef(tensor.shape))
      return createStringError("tensor '" + tensor.name + "': expected " + getName(tensor.type) +
                               " " + printShape(tensor.shape) + " as announced, got " +
                               getName(data->getDType()) + " " + printShape(data->getShape()));
    os << toStringRef(data->getBytes());
  }
  return Error::success();
}
