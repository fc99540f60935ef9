//===- Trainer.h - Training from the first step to the last -----*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYTRAIN_TRAINER_H
#define TERNARY_TOOLS_TERNARYTRAIN_TRAINER_H

#include "Options.h"

namespace ternary::train {

/// Trains as the options say. Returns the exit status: 0, or 128 plus the
/// signal that ended it early.
int train(const runtime::TrainingObject &object, const Options &options);

} // namespace ternary::train

#endif // TERNARY_TOOLS_TERNARYTRAIN_TRAINER_H
