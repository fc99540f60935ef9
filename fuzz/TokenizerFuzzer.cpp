//===- TokenizerFuzzer.cpp - SentencePiece models of any bytes ------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputFile.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Tokenizer.h"

using namespace ternary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static InputFile input;
  input.write(data, size);
  try {
    auto tokenizer = runtime::Tokenizer::load(input.getPath());
    runtime::TextStream stream;
    std::string text;
    for (int64_t id = -1; id <= tokenizer->size(); ++id)
      text += stream.feed(tokenizer->text(id));
    text += stream.finish();
    for (bool special : {false, true})
      for (int32_t id :
           tokenizer->encode("To be, <s>or not\xc3\xa9\xff" + text.substr(0, 64), special))
        require(id >= 0 && id < tokenizer->size(), "ids in the vocabulary");
    tokenizer->addsPrefixSpace();
  } catch (const runtime::Error &error) {
    checkMessage(error.what());
  }
  return 0;
}
