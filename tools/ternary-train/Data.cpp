//===- Data.cpp - What a run trains and validates on ----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Data.h"
#include "ternary/Runtime/Error.h"

#include <algorithm>

using namespace ternary;
using namespace ternary::train;

static std::unique_ptr<runtime::Tokenizer> openTokenizer(const runtime::TrainingObject &object) {
  const ternary_training_descriptor &info = object.info();
  if (!info.tokenizer)
    runtime::fail(object.path(), ": expected a tokenizer for text in the object, found none; see "
                                 "--data-format");
  return std::make_unique<runtime::Tokenizer>(
      std::string_view(static_cast<const char *>(info.tokenizer), info.tokenizer_bytes),
      object.path());
}

Data::Data(const runtime::TrainingObject &object, const Options &options) {
  const ternary_training_descriptor &info = object.info();
  std::unique_ptr<runtime::Tokenizer> tokenizer;
  auto open = [&](const std::string &path) {
    runtime::TokenFormat format = options.format(path);
    if (format == runtime::TokenFormat::text && !tokenizer)
      tokenizer = openTokenizer(object);
    return std::make_unique<runtime::TokenData>(path, format, tokenizer.get(), info.vocab);
  };
  int64_t length = *options.sequenceLength;
  int64_t startId = options.prependBos ? info.bos_id : -1;
  auto cut = [&](const runtime::TokenData &file, int64_t begin, int64_t end, int64_t least,
                 const char *what) {
    auto set = std::make_unique<runtime::SequenceSet>(file, begin, end, length, startId);
    if (set->size() < least)
      runtime::fail(file.path(), ": expected at least ",
                    runtime::SequenceSet::tokensFor(least, length, startId), " tokens for ", what,
                    ", ", least, least == 1 ? " sequence" : " sequences", " of ", length,
                    ", found ", end - begin);
    return set;
  };

  file = open(*options.data);
  int64_t count = file->size(), trained = count;
  if (options.validFraction > 0)
    trained = static_cast<int64_t>(static_cast<double>(count) * (1 - options.validFraction));
  training = cut(*file, 0, trained, info.batch * options.accumulate, "one training step");
  if (options.validData) {
    validFile = open(*options.validData);
    validation = cut(*validFile, 0, validFile->size(), 1, "validation");
  } else if (options.validFraction > 0) {
    validation = cut(*file, trained, count, 1, "validation");
  }
}
