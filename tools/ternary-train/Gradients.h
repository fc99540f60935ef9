//===- Gradients.h - Loss and gradients of one batch ------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TOOLS_TERNARYTRAIN_GRADIENTS_H
#define TERNARY_TOOLS_TERNARYTRAIN_GRADIENTS_H

#include "Options.h"

namespace ternary::train {

/// The values that training starts from.
void readInitialValues(const runtime::TrainingObject &object, const Options &options,
                       runtime::Block &parameters);

/// Writes the loss of given ids and its gradients to a file.
int writeGradients(const runtime::TrainingObject &object, const Options &options);

} // namespace ternary::train

#endif // TERNARY_TOOLS_TERNARYTRAIN_GRADIENTS_H
