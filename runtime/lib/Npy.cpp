//===- Npy.cpp - Arrays in NumPy's .npy files -----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Npy.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/File.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
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

/// A file of known size, read from the start.
class Reader {
public:
  explicit Reader(const std::string &path) : path(path), file(path, "cannot read the file") {}

  int64_t bytesLeft() const { return file.size() - position; }

  /// The next `count` bytes, which are `what`.
  std::string read(int64_t count, const char *what) {
    if (count > bytesLeft())
      fail(path, ": expected ", count, " bytes of ", what, ", found ", bytesLeft());
    std::string bytes(static_cast<size_t>(count), 0);
    file.read(position, bytes.data(), bytes.size());
    position += count;
    return bytes;
  }

private:
  const std::string &path;
  InputFile file;
  int64_t position = 0;
};

} // namespace

template <typename T> static T loadLittleEndian(const char *bytes) {
  uint64_t value = 0;
  for (size_t i = sizeof(T); i-- > 0;)
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return static_cast<T>(value);
}

IdMatrix ternary::runtime::readIds(const std::string &path) {
  Reader reader(path);
  std::string start = reader.read(std::min<int64_t>(8, reader.bytesLeft()), "preamble");
  if (start.size() < 8 || start.compare(0, kMagic.size(), kMagic) != 0)
    fail(path, ": expected a .npy file, found another kind of file");
  int version = static_cast<uint8_t>(start[6]);
  if (version < 1 || version > 3)
    fail(path, ": expected .npy version 1, 2 or 3, found ", version);
  int64_t headerBytes = version == 1 ? loadLittleEndian<uint16_t>(reader.read(2, "length").data())
                                     : loadLittleEndian<uint32_t>(reader.read(4, "length").data());
  std::string text = reader.read(headerBytes, "header");
  Header header = HeaderParser(path, text).parse();

  if (header.type != "<i4" && header.type != "<i8")
    fail(path, ": expected int32 or int64 ids, found type '", header.type, "'");
  if (header.columnMajor)
    fail(path, ": expected an array in C order, found Fortran order");
  if (header.shape.size() != 2)
    fail(path, ": expected 2 dimensions [batch, tokens], found ", header.shape.size());

  IdMatrix ids;
  ids.rows = header.shape[0];
  ids.columns = header.shape[1];
  int64_t itemBytes = header.type == "<i4" ? 4 : 8, bytes;
  if (__builtin_mul_overflow(ids.rows, ids.columns, &bytes) ||
      __builtin_mul_overflow(bytes, itemBytes, &bytes) || bytes != reader.bytesLeft())
    fail(path, ": expected data for ", ids.rows, " x ", ids.columns, " ids of ", itemBytes,
         " bytes, found ", reader.bytesLeft(), " bytes");

  std::string data = reader.read(bytes, "data");
  ids.values.resize(static_cast<size_t>(bytes / itemBytes));
  for (size_t i = 0; i < ids.values.size(); ++i)
    ids.values[i] = itemBytes == 4 ? loadLittleEndian<int32_t>(data.data() + i * 4)
                                   : loadLittleEndian<int64_t>(data.data() + i * 8);
  return ids;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

LogitsWriter::LogitsWriter(const std::string &path, int64_t batch, int64_t tokens, int64_t vocab)
    : path(path), batch(batch), tokens(tokens), vocab(vocab) {
  struct stat existing;
  if (stat(path.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode))
    fail(path, ": cannot write: expected a regular file");

  std::ostringstream shape;
  shape << "{'descr': '<f4', 'fortran_order': False, 'shape': (" << batch << ", " << tokens << ", "
        << vocab << "), }";
  std::string header = shape.str();
  // The data starts at a multiple of 64 bytes; 10 bytes precede the header.
  header.append(63 - (10 + header.size()) % 64, ' ').append("\n");
  dataOffset = static_cast<int64_t>(10 + header.size());

  temporary = path + ".XXXXXX";
  file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0)
    fail(path, ": cannot write: ", std::strerror(errno));
  std::string start(kMagic);
  start.append(
      {1, 0, static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)});
  start.append(header);
  try {
    writeAt(0, start.data(), start.size());
  } catch (...) {
    unlink(temporary.c_str());
    close(file);
    throw;
  }
}

LogitsWriter::~LogitsWriter() {
  if (file < 0)
    return;
  unlink(temporary.c_str());
  close(file);
}

void LogitsWriter::writeAt(int64_t offset, const void *bytes, size_t count) {
  const char *from = static_cast<const char *>(bytes);
  while (count > 0) {
    ssize_t done = pwrite(file, from, count, offset);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      fail(path, ": cannot write: ", std::strerror(done < 0 ? errno : ENOSPC));
    from += done;
    offset += done;
    count -= static_cast<size_t>(done);
  }
}

void LogitsWriter::write(int64_t from, int64_t count, const float *logits) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file is little-endian");
  int64_t rowBytes = vocab * static_cast<int64_t>(sizeof(float));
  for (int64_t b = 0; b < batch; ++b)
    writeAt(dataOffset + (b * tokens + from) * rowBytes, logits + b * count * vocab,
            static_cast<size_t>(count * rowBytes));
}

void LogitsWriter::commit() {
  mode_t mask = umask(0);
  umask(mask);
  bool failed = fchmod(file, 0666 & ~mask) != 0 || close(file) != 0;
  file = -1;
  if (failed || rename(temporary.c_str(), path.c_str()) != 0) {
    int reason = errno;
    unlink(temporary.c_str());
    fail(path, ": cannot write: ", std::strerror(reason));
  }
}
