//===- EmbeddedArchive.cpp - The weights inside an object -----------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The assembler reads the archive's file (`.incbin`). It counts the bytes between two
// alignments in 32 bits, so that a large file comes in pieces with an alignment, which
// adds nothing, before each.
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/Object.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

static constexpr StringLiteral kSection = ".rodata.ternary", kLargeSection = ".lrodata.ternary";

/// A file's name as the assembler reads it in quotes.
static std::string quote(StringRef path) {
  std::string quoted;
  for (unsigned char c : path) {
    if (c < ' ') { // octal
      quoted += {'\\', '0', char('0' + c / 8), char('0' + c % 8)};
      continue;
    }
    if (c == '"' || c == '\\')
      quoted += '\\';
    quoted += c;
  }
  return "\"" + quoted + "\"";
}

Constant *ternary::embedArchive(Module &module, StringRef path, uint64_t bytes, StringRef symbol,
                                uint64_t pieceBytes) {
  // On x86-64 a section of large data, which linkers place where relocations of code need not
  // reach across it: GNU ld goes by the name, lld by the flag.
  bool isX86 = module.getTargetTriple().getArch() == Triple::x86_64;
  std::string text;
  raw_string_ostream os(text);
  os << ".section " << (isX86 ? kLargeSection : kSection) << (isX86 ? ",\"al\"" : ",\"a\"")
     << ",@progbits\n.p2align 12\n.globl " << symbol << "\n.hidden " << symbol << "\n"
     << symbol << ":\n";
  for (uint64_t from = 0; from < bytes; from += pieceBytes)
    os << ".p2align 12\n.incbin " << quote(path) << ", " << from << ", "
       << std::min(pieceBytes, bytes - from) << "\n";
  os << ".text\n";
  module.appendModuleInlineAsm(text);
  return new GlobalVariable(module, Type::getInt8Ty(module.getContext()), /*isConstant=*/true,
                            GlobalValue::ExternalLinkage, nullptr, symbol);
}

Error ternary::checkEmbeddedArchive(StringRef path, uint64_t bytes) {
  Expected<object::OwningBinary<object::ObjectFile>> file =
      object::ObjectFile::createObjectFile(path);
  if (!file)
    return file.takeError();
  uint64_t found = 0;
  for (const object::SectionRef &section : file->getBinary()->sections()) {
    Expected<StringRef> name = section.getName();
    if (!name)
      return name.takeError();
    if (*name == kSection || *name == kLargeSection)
      found += section.getSize();
  }
  if (found != bytes)
    return createStringError("cannot embed the weights: expected a section of " + Twine(bytes) +
                             " bytes, got " + Twine(found) + "; --weights=external avoids it");
  return Error::success();
}
