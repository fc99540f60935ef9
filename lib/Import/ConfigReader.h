//===- ConfigReader.h - Members of a config.json ----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_IMPORT_CONFIGREADER_H
#define TERNARY_LIB_IMPORT_CONFIGREADER_H

#include "ternary/Import/HuggingFace.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/JSON.h"
#include <functional>
#include <optional>

namespace ternary {

/// Reads members of the object in a config.json. The first one that is wrong is
/// kept as an error, and reading goes on with harmless values, so that a family
/// checks once, at the end.
///
/// Null counts as missing unless stated otherwise. Without a fallback it is
/// required.
class ConfigReader {
public:
  /// What a member is called in `file`, if that is no config.json.
  using NameFn = std::function<std::string(llvm::StringRef member)>;

  ConfigReader(std::string file, llvm::json::Object object, NameFn nameOf = nullptr)
      : file(std::move(file)), object(std::move(object)), nameOf(std::move(nameOf)) {}

  int64_t getInteger(llvm::StringRef key, int64_t min, int64_t max,
                     std::optional<int64_t> fallback = std::nullopt);
  /// A number between `min` and `max`, both excluded.
  double getNumber(llvm::StringRef key, double min, double max,
                   std::optional<double> fallback = std::nullopt);
  bool getBool(llvm::StringRef key, bool fallback);
  llvm::StringRef getString(llvm::StringRef key, std::optional<llvm::StringRef> fallback);
  /// One of `choices`.
  llvm::StringRef getChoice(llvm::StringRef key, llvm::ArrayRef<llvm::StringRef> choices,
                            llvm::StringRef fallback);
  /// A token, or any of several: an id or a list of ids. None if the member is null.
  llvm::SmallVector<int64_t, 2> getTokenIds(llvm::StringRef key, int64_t vocabSize,
                                            std::optional<int64_t> fallback);
  bool has(llvm::StringRef key) const;
  /// Whether the member is there and null.
  bool isNull(llvm::StringRef key) const;

  /// Reads the members of the object `key`, if it is one, as KEY.MEMBER from here on.
  void flatten(llvm::StringRef key);

  /// Refuses a variant that a family has and we have not: the member `key`, or what a missing one
  /// stands for, has to be `value`.
  void require(llvm::StringRef key, const llvm::json::Value &value,
               std::optional<llvm::json::Value> fallback = std::nullopt);
  /// The same for each element of a list.
  void requireAll(llvm::StringRef key, const llvm::json::Value &value);
  /// How all layers save the head are made ternary, if there is a quantization_config, as
  /// Transformers' BitNetQuantConfig states it: from floats while the model runs ("online"), or
  /// before, in a form in which layers of either class have another meaning of weight_scale.
  void readQuantization(ModelConfig &config);
  /// Keeps an error: "FILE: expected MESSAGE", in which members have the names that getName gives.
  void fail(const llvm::Twine &message);
  std::string getName(llvm::StringRef key) const { return nameOf ? nameOf(key) : key.str(); }

  /// What all families have, with the tokens that a missing member stands for.
  void readCommon(ModelConfig &config, std::optional<int64_t> bos, std::optional<int64_t> eos);

  /// The first error, or success.
  llvm::Error takeError();

private:
  /// The member, or null if it is missing. That is an error if it is
  /// `required`.
  const llvm::json::Value *find(llvm::StringRef key, bool required);
  /// Keeps the error that `key` has another value.
  void failValue(llvm::StringRef key, const llvm::Twine &expected, const llvm::json::Value &value);

  std::string file;
  llvm::json::Object object;
  NameFn nameOf;
  std::string error;
};

/// Columns of a matrix: trits in a row are counted in i32 by kernels (see `ternary.accumulate`).
inline constexpr int64_t kMaxColumns = (1 << 19) - 1;

/// The readers of the families, for the table in HuggingFaceConfig.cpp.
using ConfigResult = llvm::Expected<std::unique_ptr<ModelConfig>>;
ConfigResult readHGRNBitConfig(ConfigReader &reader);
ConfigResult readLlamaConfig(ConfigReader &reader);
ConfigResult readQwen3Config(ConfigReader &reader);
ConfigResult readBitNetConfig(ConfigReader &reader);
ConfigResult readRWKVConfig(ConfigReader &reader);

/// What the reader of the family says that model_type names.
ConfigResult parseModelConfig(ConfigReader &reader);

} // namespace ternary

#endif // TERNARY_LIB_IMPORT_CONFIGREADER_H
