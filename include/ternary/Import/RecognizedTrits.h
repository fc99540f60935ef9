//===- RecognizedTrits.h - Float weights that are ternary -------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_IMPORT_RECOGNIZEDTRITS_H
#define TERNARY_IMPORT_RECOGNIZEDTRITS_H

#include "ternary/Import/ParameterSource.h"
#include "llvm/ADT/StringMap.h"

namespace ternary {

/// The parameters of another source. Weights of float layers and tables that hold no other values
/// than 0, s and -s (see recognizeTrits) are trits with scales here, so that nothing of them is
/// lost. Ternary layers, whose activations are quantised, are as that source has them.
class RecognizedTrits : public ParameterSource {
public:
  RecognizedTrits(std::shared_ptr<const ParameterSource> source,
                  llvm::ArrayRef<ParameterInfo> parameters);

  /// How many weights were recognised, and of how many.
  size_t getNumRecognized() const { return recognized.size(); }
  size_t getNumFloat() const { return numFloat; }

  llvm::Expected<HostTensor> read(llvm::StringRef name,
                                  llvm::ArrayRef<int64_t> shape) const override;
  DType getMatrixType(llvm::StringRef name) const override { return source->getMatrixType(name); }
  std::optional<TritFormat> getTritFormat(llvm::StringRef name) const override;
  llvm::Error check(llvm::ArrayRef<ParameterInfo> parameters,
                    llvm::function_ref<void(const llvm::Twine &)> warn) const override {
    return source->check(parameters, warn);
  }

private:
  struct Weight {
    llvm::SmallVector<int64_t, 2> shape;
    TritFormat format;
  };

  std::shared_ptr<const ParameterSource> source;
  llvm::StringMap<Weight> recognized;
  size_t numFloat = 0;
};

} // namespace ternary

#endif // TERNARY_IMPORT_RECOGNIZEDTRITS_H
