//===- TokenData.cpp - Tokens to train on ---------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/TokenData.h"
#include "ternary/Runtime/Archive.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Npy.h"

#include <algorithm>
#include <cstring>

using namespace ternary::runtime;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian");

/// Longer texts are tokenized in parts of about this size that end with a line:
/// the tokenizer needs many times its input in memory.
static constexpr size_t kTextPart = 1 << 20;

TokenData::TokenData(const std::string &path, TokenFormat format, const Tokenizer *tokenizer,
                     int64_t vocab)
    : file(path) {
  print = {file.size(), crc32(0, file.data(), file.size())};
  if (file.size() == 0)
    fail(path, ": expected data to train on, found an empty file");

  int64_t itemBytes = 1;
  items = file.data();
  switch (format) {
  case TokenFormat::text:
    tokenize(*tokenizer);
    break;
  case TokenFormat::bytes:
    break;
  case TokenFormat::ids: {
    NpyIds array = viewIds(file, {"uint16", "int32", "uint32", "int64"}, 0);
    items = array.data;
    itemBytes = array.itemBytes;
    item = itemBytes == 2           ? Item::uint16
           : itemBytes == 8         ? Item::int64
           : array.type == "uint32" ? Item::uint32
                                    : Item::int32;
    count = static_cast<int64_t>(file.data() + file.size() - items) / itemBytes;
    break;
  }
  case TokenFormat::uint16:
    item = Item::uint16;
    itemBytes = 2;
    break;
  case TokenFormat::int32:
    item = Item::int32;
    itemBytes = 4;
    break;
  }
  if (format != TokenFormat::text && format != TokenFormat::ids) {
    if (file.size() % static_cast<uint64_t>(itemBytes) != 0)
      fail(path, ": expected a multiple of ", itemBytes, " bytes, found ", file.size());
    count = static_cast<int64_t>(file.size()) / itemBytes;
  }
  checkIds(vocab);
}

void TokenData::tokenize(const Tokenizer &tokenizer) {
  for (std::string_view left = file.text(); !left.empty();) {
    size_t end = left.size() > kTextPart ? left.find('\n', kTextPart) : std::string_view::npos;
    end = end == std::string_view::npos ? left.size() : end + 1;
    std::vector<int32_t> ids = tokenizer.encode(left.substr(0, end));
    tokenized.insert(tokenized.end(), ids.begin(), ids.end());
    left.remove_prefix(end);
  }
  item = Item::int32;
  items = reinterpret_cast<const uint8_t *>(tokenized.data());
  count = static_cast<int64_t>(tokenized.size());
}

/// Calls visit(index, id) for `number` ids.
template <typename T, typename Visit>
static void visitItems(const uint8_t *items, int64_t from, int64_t number, Visit visit) {
  for (int64_t i = 0; i < number; ++i) {
    T value;
    std::memcpy(&value, items + static_cast<size_t>(from + i) * sizeof(T), sizeof(T));
    visit(i, static_cast<int64_t>(value));
  }
}

/// The same for the type that `item` stands for.
template <typename Item, typename Visit>
static void visitItems(Item item, const uint8_t *items, int64_t from, int64_t number, Visit visit) {
  switch (item) {
  case Item::uint8:
    return visitItems<uint8_t>(items, from, number, visit);
  case Item::uint16:
    return visitItems<uint16_t>(items, from, number, visit);
  case Item::int32:
    return visitItems<int32_t>(items, from, number, visit);
  case Item::uint32:
    return visitItems<uint32_t>(items, from, number, visit);
  case Item::int64:
    return visitItems<int64_t>(items, from, number, visit);
  }
}

void TokenData::checkIds(int64_t vocab) const {
  visitItems(item, items, 0, count, [&](int64_t i, int64_t id) {
    if (id < 0 || id >= vocab)
      fail(path(), ": expected ids in [0, ", vocab, "), found ", id, " at ", i);
  });
}

void TokenData::copy(int64_t from, int64_t number, int32_t *to) const {
  visitItems(item, items, from, number,
             [&](int64_t i, int64_t id) { to[i] = static_cast<int32_t>(id); });
}

//===----------------------------------------------------------------------===//
// SequenceSet
//===----------------------------------------------------------------------===//

SequenceSet::SequenceSet(const TokenData &data, int64_t begin, int64_t end, int64_t length,
                         int64_t startId)
    : data(&data), begin(begin), tokens(length), startId(startId),
      count(std::max<int64_t>(0, end - begin - (startId < 0 ? 1 : 0)) / length) {}

void SequenceSet::copy(int64_t index, int32_t *ids, int32_t *targets) const {
  int64_t from = begin + index * tokens;
  if (startId < 0) {
    data->copy(from, tokens, ids);
    data->copy(from + 1, tokens, targets);
  } else {
    *ids = static_cast<int32_t>(startId);
    data->copy(from, tokens - 1, ids + 1);
    data->copy(from, tokens, targets);
  }
}
