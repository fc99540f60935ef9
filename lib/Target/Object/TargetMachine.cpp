//===- TargetMachine.cpp - Which machine code is for ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Target/Object.h"
#include "ternary/features.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include <mutex>
#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace llvm;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

/// Whether the system lets programs use registers of matrices: Linux gives them to those that ask.
static bool mayUseTiles() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long kRequest = 0x1023, kTileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
#else
  return false;
#endif
}

/// LLVM's list of targets must not be added to by two threads at once.
static void registerTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
    InitializeAllAsmParsers();
  });
}

Expected<std::unique_ptr<TargetMachine>> ternary::createTargetMachine(StringRef tripleName,
                                                                      StringRef cpu,
                                                                      StringRef attributes,
                                                                      CodeGenOptLevel level) {
  registerTargets();
  bool isHost = tripleName.empty() || tripleName == "native";
  Triple triple(isHost ? sys::getDefaultTargetTriple() : Triple::normalize(tripleName));
  std::string reason;
  const Target *target = TargetRegistry::lookupTarget(triple, reason);
  if (!target)
    return makeError("expected a target triple that LLVM knows, got '" + tripleName + "'");

  if (!triple.isOSBinFormatELF())
    return makeError("expected a target with ELF objects, such as x86_64-linux-gnu, got '" +
                     triple.str() + "'");

  Baseline baseline = getBaseline(triple);
  bool isNamed = !cpu.empty() && cpu != "native";
  SubtargetFeatures features(isNamed || isHost ? "" : baseline.features);
  std::string name = (isNamed ? cpu : isHost ? sys::getHostCPUName() : baseline.cpu).str();
  if (!isNamed && isHost)
    for (auto &[feature, enabled] : sys::getHostCPUFeatures())
      features.AddFeature(feature, enabled && (feature != "amx-tile" || mayUseTiles()));
  SmallVector<StringRef> attrs;
  attributes.split(attrs, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef attr : attrs) {
    attr = attr.trim();
    if (!attr.starts_with("+") && !attr.starts_with("-"))
      return makeError("expected --mattr of the form +feature or -feature, got '" + attr + "'");
    features.AddFeature(attr);
  }

  std::unique_ptr<MCSubtargetInfo> known(target->createMCSubtargetInfo(triple, "", ""));
  if (!name.empty() && (!known || !known->isCPUStringValid(name)))
    return makeError("expected a CPU of " + triple.getArchName() + " (see llc -mcpu=help), got '" +
                     name + "'");
  for (StringRef attr : attrs)
    if (!llvm::any_of(known->getAllProcessorFeatures(), [&](const SubtargetFeatureKV &feature) {
          return attr.trim().drop_front() == feature.Key;
        }))
      return makeError("expected a feature of " + triple.getArchName() +
                       " (see llc -mattr=help), got '" + attr + "'");

  // Less than that is another ABI, whose arithmetic is in a compiler's runtime, which objects do
  // not link, and session functions are code for the baseline.
  std::unique_ptr<MCSubtargetInfo> asked(
      target->createMCSubtargetInfo(triple, name, features.getString()));
  SmallVector<StringRef> lacking;
  baseline.features.split(lacking, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  llvm::erase_if(lacking, [&](StringRef feature) { return asked->checkFeatures(feature); });
  if (!lacking.empty())
    return makeError("expected a machine with " + join(lacking, ",") + ", as C libraries of " +
                     triple.getArchName() + " are compiled for, got " +
                     (isNamed ? "'" + name + "'" : "'" + attributes.str() + "'") +
                     (isNamed && !attrs.empty() ? " with '" + attributes.str() + "'" : ""));

  TargetOptions options;
  // Every operation is rounded on its own; results do not depend on the machine.
  options.AllowFPOpFusion = FPOpFusion::Strict;
  // Where loaders look for constructors.
  options.UseInitArray = true;
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      triple, name, features.getString(), options, Reloc::PIC_, CodeModel::Small, level));
  if (!machine)
    return makeError("expected a target with a code generator, got '" + triple.str() + "'");
  // What the runtime shares with objects has pointers and sizes of 64 bits; x32 has not.
  if (unsigned bits = machine->createDataLayout().getPointerSizeInBits(); bits != 64)
    return makeError("expected a target with pointers of 64 bits, got '" + triple.str() +
                     "', which has " + Twine(bits));
  return machine;
}

/// A feature may come from the CPU's name, so ask the subtarget, not the string.
bool ternary::hasFeature(const TargetMachine &machine, StringRef feature) {
  // Code that uses registers of matrices asks 64-bit Linux for them.
  const Triple &triple = machine.getTargetTriple();
  if (feature == "amx-tile" && !(triple.isOSLinux() && triple.isArch64Bit() && !triple.isX32()))
    return false;
  return machine.getMCSubtargetInfo()->checkFeatures(("+" + feature).str());
}

ternary::Baseline ternary::getBaseline(const Triple &triple) {
  switch (triple.getArch()) {
  case Triple::x86_64:
    return {"x86-64", "+64bit,-32bit-mode,-16bit-mode,+sse2,-soft-float"};
  case Triple::aarch64:
    return {"generic", "+neon"};
  case Triple::riscv64:
    return {"generic-rv64", "+64bit,-32bit,-e,+m,+a,+f,+d,+c"};
  default:
    return {};
  }
}

/// The extensions of an architecture that a machine can be asked for.
static ArrayRef<StringLiteral> getKnownFeatures(const Triple &triple) {
#define FEATURE(name, ...) StringLiteral(name),
  static constexpr StringLiteral x86[] = {TERNARY_X86_64_FEATURES(FEATURE)};
  static constexpr StringLiteral aarch64[] = {TERNARY_AARCH64_FEATURES(FEATURE)};
  static constexpr StringLiteral riscv[] = {TERNARY_RISCV64_FEATURES(FEATURE)};
#undef FEATURE
  switch (triple.getArch()) {
  case Triple::x86_64:
    return x86;
  case Triple::aarch64:
    return aarch64;
  case Triple::riscv64:
    return riscv;
  default:
    return {};
  }
}

std::string ternary::getRequiredFeatures(const TargetMachine &machine) {
  const Triple &triple = machine.getTargetTriple();
  Baseline baseline = getBaseline(triple);
  std::unique_ptr<MCSubtargetInfo> everywhere(
      machine.getTarget().createMCSubtargetInfo(triple, baseline.cpu, baseline.features));
  SmallVector<StringRef> names;
  for (StringRef name : getKnownFeatures(triple))
    if (hasFeature(machine, name) && !everywhere->checkFeatures(("+" + name).str()))
      names.push_back(name);
  llvm::sort(names);
  return join(names, ",");
}
