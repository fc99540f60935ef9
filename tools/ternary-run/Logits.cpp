//===- Logits.cpp - Logits of given ids -----------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Modes.h"
#include "ternary/Runtime/Npy.h"
#include "ternary/Runtime/StopSignal.h"

#include <algorithm>

using namespace ternary;
using namespace ternary::run;

int run::writeLogits(const runtime::Model &model, const Options &options) {
  const ternary_descriptor &info = model.info();
  runtime::IdMatrix input = runtime::readIds(*options.inputIds);
  model.checkIds(*options.inputIds, input.values.data(), input.rows, input.columns);
  runtime::Session session(model, static_cast<int>(options.threads));
  runtime::LogitsWriter writer(*options.logits, info.batch, input.columns, info.vocab);

  int64_t part = options.step ? 1 : std::max<int64_t>(info.prefill_chunk, 1);
  part = std::min(part, input.columns);
  std::vector<int32_t> ids(static_cast<size_t>(info.batch * part));
  std::vector<float> logits(static_cast<size_t>(info.batch * part * info.vocab));
  for (int64_t from = 0; from < input.columns; from += part) {
    if (runtime::stopSignal())
      return runtime::stopStatus();
    int64_t count = std::min(part, input.columns - from);
    for (int64_t b = 0; b < info.batch; ++b)
      for (int64_t t = 0; t < count; ++t)
        ids[static_cast<size_t>(b * count + t)] =
            static_cast<int32_t>(input.values[static_cast<size_t>(b * input.columns + from + t)]);
    if (options.step)
      session.decode(ids.data(), logits.data());
    else
      session.prefillAll(ids.data(), count, logits.data());
    writer.write(from, count, logits.data());
  }
  writer.commit();
  return 0;
}
