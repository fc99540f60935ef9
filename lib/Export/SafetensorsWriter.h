//===- SafetensorsWriter.h - Writes checkpoints --------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_EXPORT_SAFETENSORSWRITER_H
#define TERNARY_LIB_EXPORT_SAFETENSORSWRITER_H

#include "ternary/Support/HostTensor.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>
#include <vector>

namespace ternary {

/// Collects the tensors of a safetensors file, then writes it. The runtime has a writer of its own,
/// which knows f32 alone and does without LLVM.
class SafetensorsWriter {
public:
  /// A tensor, made when it is written, so that they need not all be in memory.
  using Maker = std::function<llvm::Expected<HostTensor>()>;
  void addTensor(llvm::StringRef name, DType type, llvm::ArrayRef<int64_t> shape, Maker make);

  llvm::Error write(llvm::raw_ostream &os) const;

private:
  struct Tensor {
    std::string name;
    DType type;
    llvm::SmallVector<int64_t, 2> shape;
    Maker make;
  };
  std::string getHeader() const;

  std::vector<Tensor> tensors;
};

} // namespace ternary

#endif // TERNARY_LIB_EXPORT_SAFETENSORSWRITER_H
