//===- Npy.cpp - Arrays in NumPy's .npy files -----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Npy.h"
#include "ternary/Runtime/Error.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

using namespace ternary::runtime;

static constexpr std::string_view kMagic("\x93NUMPY", 6);

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// What the header of a file says, a Python dictionary such as
/// {'descr': '<i8', 'fortran_order': False, 'shape': (1, 5), }
struct Header {
  std::string type;
  bool columnMajor = false;
  std::vector<int64_t> shape;
};

class HeaderParser {
public:
  HeaderParser(const std::string &path, std::string_view text) : path(path), text(text) {}

  Header parse() {
    Header header;
    bool seenType = false, seenOrder = false, seenShape = false;
    expect('{');
    while (!accept('}')) {
      std::string key = parseString();
      expect(':');
      if (key == "descr" && !std::exchange(seenType, true))
        header.type = parseString();
      else if (key == "fortran_order" && !std::exchange(seenOrder, true))
        header.columnMajor = parseBool();
      else if (key == "shape" && !std::exchange(seenShape, true))
        header.shape = parseShape();
      else
        fail(path, ": unexpected '", key, "' in the header");
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skipSpace();
    if (!text.empty() || !seenType || !seenOrder || !seenShape)
      malformed("descr, fortran_order and shape");
    return header;
  }

private:
  [[noreturn]] void malformed(std::string_view expected) {
    fail(path, ": malformed header: expected ", expected);
  }

  void skipSpace() {
    size_t count = text.find_first_not_of(" \n\t");
    text.remove_prefix(std::min(count, text.size()));
  }

  bool accept(char c) {
    skipSpace();
    if (text.empty() || text.front() != c)
      return false;
    text.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c))
      malformed(std::string("'") + c + "'");
  }

  std::string parseString() {
    skipSpace();
    if (text.empty() || (text.front() != '\'' && text.front() != '"'))
      malformed("a string");
    size_t end = text.find(text.front(), 1);
    if (end == std::string_view::npos)
      malformed("the end of a string");
    std::string value(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return value;
  }

  bool parseBool() {
    skipSpace();
    for (std::string_view word : {"True", "False"})
      if (text.substr(0, word.size()) == word) {
        text.remove_prefix(word.size());
        return word == "True";
      }
    malformed("True or False");
  }

  std::vector<int64_t> parseShape() {
    std::vector<int64_t> shape;
    expect('(');
    while (!accept(')')) {
      shape.push_back(parseInteger());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  int64_t parseInteger() {
    skipSpace();
    size_t digits = text.find_first_not_of("0123456789");
    digits = std::min(digits, text.size());
    if (digits == 0 || digits > 18) // more digits might not fit into an int64
      malformed("a dimension");
    int64_t value = std::stoll(std::string(text.substr(0, digits)));
    text.remove_prefix(digits);
    return value;
  }

  const std::string &path;
  std::string_view text;
};

/// What is left of a file that is read from the start.
class Reader {
public:
  explicit Reader(const MappedFile &file) : path(file.path()), left(file.text()) {}

  size_t bytesLeft() const { return left.size(); }

  /// The next `count` bytes, which are `what`.
  std::string_view read(size_t count, const char *what) {
    if (count > left.size())
      fail(path, ": expected ", count, " bytes of ", what, ", found ", left.size());
    std::string_view bytes = left.substr(0, count);
    left.remove_prefix(count);
    return bytes;
  }

private:
  const std::string &path;
  std::string_view left;
};

struct ItemType {
  const char *name, *descr; // the latter in files
  int64_t bytes;
};

constexpr ItemType kItemTypes[] = {
    {"uint16", "<u2", 2}, {"int32", "<i4", 4}, {"uint32", "<u4", 4}, {"int64", "<i8", 8}};

} // namespace

template <typename T> static T loadLittleEndian(const char *bytes) {
  uint64_t value = 0;
  for (size_t i = sizeof(T); i-- > 0;)
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return static_cast<T>(value);
}

/// The words with `separator` between them, `last` before the last one.
static std::string join(const std::vector<std::string> &words, const char *separator,
                        const char *last) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 < words.size() ? separator : last) + words[i];
  return text;
}

NpyArray ternary::runtime::viewArray(
    const MappedFile &file,
    const std::function<int64_t(const std::string &, const std::vector<int64_t> &)> &bytesOf) {
  const std::string &path = file.path();
  Reader reader(file);
  std::string_view start = reader.read(std::min<size_t>(8, reader.bytesLeft()), "preamble");
  if (start.size() < 8 || start.compare(0, kMagic.size(), kMagic) != 0)
    fail(path, ": expected a .npy file, found another kind of file");
  int version = static_cast<uint8_t>(start[6]);
  if (version < 1 || version > 3)
    fail(path, ": expected .npy version 1, 2 or 3, found ", version);
  size_t headerBytes = version == 1 ? loadLittleEndian<uint16_t>(reader.read(2, "length").data())
                                    : loadLittleEndian<uint32_t>(reader.read(4, "length").data());
  Header header = HeaderParser(path, reader.read(headerBytes, "header")).parse();
  int64_t itemBytes = bytesOf(header.type, header.shape);
  if (header.columnMajor)
    fail(path, ": expected an array in C order, found Fortran order");

  std::vector<std::string> sizes;
  int64_t bytes = itemBytes;
  bool overflow = false;
  for (int64_t size : header.shape) {
    sizes.push_back(std::to_string(size));
    overflow |= __builtin_mul_overflow(bytes, size, &bytes);
  }
  if (overflow || static_cast<uint64_t>(bytes) != reader.bytesLeft())
    fail(path, ": expected data for ", sizes.empty() ? "1" : join(sizes, " x ", " x "),
         " elements of ", itemBytes, " bytes, found ", reader.bytesLeft(), " bytes");
  return {header.type, header.shape, file.data() + (file.size() - reader.bytesLeft())};
}

NpyIds ternary::runtime::viewIds(const MappedFile &file, const std::vector<std::string> &types,
                                 size_t rank) {
  const std::string &path = file.path();
  const ItemType *item = nullptr;
  NpyArray array =
      viewArray(file, [&](const std::string &found, const std::vector<int64_t> &shape) {
        item = std::find_if(std::begin(kItemTypes), std::end(kItemTypes),
                            [&](const ItemType &type) { return found == type.descr; });
        if (item == std::end(kItemTypes) ||
            std::find(types.begin(), types.end(), item->name) == types.end())
          fail(path, ": expected ", join(types, ", ", " or "), " ids, found type '", found, "'");
        if (rank && shape.size() != rank)
          fail(path, ": expected ", rank, " dimensions [batch, tokens], found ", shape.size());
        return item->bytes;
      });
  return {item->name, item->bytes, array.shape, array.data};
}

IdMatrix ternary::runtime::readIds(const std::string &path) {
  MappedFile file(path);
  NpyIds array = viewIds(file, {"int32", "int64"}, 2);
  IdMatrix ids;
  ids.rows = array.shape[0];
  ids.columns = array.shape[1];
  ids.values.resize(static_cast<size_t>(ids.rows * ids.columns));
  auto data = reinterpret_cast<const char *>(array.data);
  for (size_t i = 0; i < ids.values.size(); ++i)
    ids.values[i] = array.itemBytes == 4 ? loadLittleEndian<int32_t>(data + i * 4)
                                         : loadLittleEndian<int64_t>(data + i * 8);
  return ids;
}

void ternary::runtime::checkTokens(const std::string &what, const int64_t *ids, int64_t rows,
                                   int64_t columns, int64_t most, int64_t vocab) {
  if (columns < 1)
    fail(what, ": expected at least one token, found none");
  if (most > 0 && columns > most)
    fail(what, ": expected at most ", most, " tokens, found ", columns);
  for (int64_t i = 0; i < rows * columns; ++i)
    if (ids[i] < 0 || ids[i] >= vocab)
      fail(what, ": expected ids in [0, ", vocab, "), found ", ids[i], " at [", i / columns, ", ",
           i % columns, "]");
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// What comes before the data, which starts at a multiple of 64 bytes.
static std::string makeStart(const std::string &type, const std::vector<int64_t> &shape) {
  std::ostringstream text;
  text << "{'descr': '" << type << "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < shape.size(); ++i)
    text << (i ? " " : "") << shape[i] << (i + 1 < shape.size() || i == 0 ? "," : "");
  text << "), }";
  std::string header = text.str();
  header.append(63 - (10 + header.size()) % 64, ' ').append("\n"); // 10 bytes precede it
  std::string start(kMagic);
  start.append(
      {1, 0, static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)});
  return start + header;
}

void ternary::runtime::writeArray(const std::string &path, const NpyArray &array,
                                  int64_t itemBytes) {
  OutputFile file(path);
  std::string start = makeStart(array.type, array.shape);
  file.writeAt(0, start.data(), start.size());
  int64_t bytes = itemBytes;
  for (int64_t size : array.shape)
    bytes *= size;
  file.writeAt(static_cast<int64_t>(start.size()), array.data, static_cast<size_t>(bytes));
  file.commit();
}

LogitsWriter::LogitsWriter(const std::string &path, int64_t batch, int64_t tokens, int64_t vocab)
    : file(path), batch(batch), tokens(tokens), vocab(vocab) {
  std::string start = makeStart("<f4", {batch, tokens, vocab});
  dataOffset = static_cast<int64_t>(start.size());
  file.writeAt(0, start.data(), start.size());
}

void LogitsWriter::write(int64_t from, int64_t count, const float *logits) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file is little-endian");
  int64_t rowBytes = vocab * static_cast<int64_t>(sizeof(float));
  for (int64_t b = 0; b < batch; ++b)
    file.writeAt(dataOffset + (b * tokens + from) * rowBytes, logits + b * count * vocab,
                 static_cast<size_t>(count * rowBytes));
}
