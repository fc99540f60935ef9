//===- LossLog.cpp - The losses of a run as CSV ---------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LossLog.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/File.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

using namespace ternary;
using namespace ternary::train;

static constexpr std::string_view kHeader =
    "step,tokens,loss,valid_loss,learning_rate,gradient_norm,seconds\n";

/// Enough digits to give every float back.
static std::string printRow(const LossRow &row) {
  char valid[32] = "", text[256];
  if (row.validLoss)
    std::snprintf(valid, sizeof(valid), "%.9g", *row.validLoss);
  std::snprintf(text, sizeof(text), "%lld,%lld,%.9g,%s,%.9g,%.9g,%.3f\n",
                static_cast<long long>(row.step), static_cast<long long>(row.tokens), row.loss,
                valid, row.learningRate, row.gradientNorm, row.seconds);
  return text;
}

/// A line without its end, or nothing if it is no row.
static std::optional<LossRow> parseRow(std::string_view line) {
  std::vector<std::string> fields(1);
  for (char c : line)
    if (c == ',')
      fields.emplace_back();
    else
      fields.back() += c;
  if (fields.size() != 7)
    return std::nullopt;
  double values[7];
  for (size_t i = 0; i < fields.size(); ++i) {
    char *end;
    values[i] = std::strtod(fields[i].c_str(), &end);
    if (*end || (fields[i].empty() && i != 3))
      return std::nullopt;
  }
  LossRow row = {std::atoll(fields[0].c_str()),
                 std::atoll(fields[1].c_str()),
                 values[2],
                 {},
                 values[4],
                 values[5],
                 values[6]};
  if (!fields[3].empty())
    row.validLoss = values[3];
  return row;
}

LossLog::LossLog(std::string path, int64_t step) : path(std::move(path)) {
  std::string content(kHeader);
  struct stat status;
  if (step > 0 && stat(this->path.c_str(), &status) == 0) {
    runtime::MappedFile before(this->path);
    std::string_view left = before.text();
    if (left.substr(0, kHeader.size()) != kHeader)
      runtime::fail(this->path, ": expected a loss log, found another kind of file");
    left.remove_prefix(kHeader.size());
    // A line without an end was cut off.
    for (size_t end; (end = left.find('\n')) != std::string_view::npos;
         left.remove_prefix(end + 1)) {
      std::optional<LossRow> row = parseRow(left.substr(0, end));
      if (!row)
        runtime::fail(this->path, ": expected seven fields in each line, found '",
                      left.substr(0, end), "'");
      if (row->step > step)
        break;
      all.push_back(*row);
      content.append(left.substr(0, end + 1));
    }
  }
  runtime::writeFile(this->path, content, runtime::Durability::synced);
  file = open(this->path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0)
    runtime::fail(this->path, ": cannot write: ", std::strerror(errno));
}

LossLog::~LossLog() {
  if (file >= 0)
    close(file);
}

void LossLog::append(const LossRow &row) {
  std::string line = printRow(row);
  runtime::writeFully(file, path, line.data(), line.size());
  all.push_back(row);
}

void LossLog::sync() {
  if (fsync(file) != 0)
    runtime::fail(path, ": cannot write: ", std::strerror(errno));
}
