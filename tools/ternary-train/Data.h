//===- Data.h - What a run trains and validates on --------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYTRAIN_DATA_H
#define TERNARY_TOOLS_TERNARYTRAIN_DATA_H

#include "Options.h"
#include "ternary/Runtime/TokenData.h"

#include <memory>

namespace ternary::train {

/// The sequences of a run, and the files they are from.
struct Data {
  std::unique_ptr<runtime::TokenData> file, validFile;        // the latter null: none of its own
  std::unique_ptr<runtime::SequenceSet> training, validation; // the latter null: none

  Data(const runtime::TrainingObject &object, const Options &options);
};

} // namespace ternary::train

#endif // TERNARY_TOOLS_TERNARYTRAIN_DATA_H
