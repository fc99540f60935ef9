//===- ErrorTest.cpp - Errors that quote what others wrote ----------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Error.h"

#include <gtest/gtest.h>

using namespace ternary::runtime;

namespace {

TEST(PrintableTest, KeepsText) {
  for (const char *text :
       {"", "plain text", "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80", "a\\x0a"})
    EXPECT_EQ(printable(text), text);
}

TEST(PrintableTest, EscapesWhatControlsTheTerminal) {
  EXPECT_EQ(printable("a\nb\r\t"), "a\\x0ab\\x0d\\x09");
  EXPECT_EQ(printable("\x1b[31mred\x7f"), "\\x1b[31mred\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b"); // U+009B, the start of a sequence as well
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");
}

TEST(PrintableTest, EscapesWhatIsNoText) {
  EXPECT_EQ(printable("\xff\x80z"), "\\xff\\x80z");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xc3z"), "\\xc3z");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80"); // a surrogate
  EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf"); // a slash in too many bytes
}

TEST(PrintableTest, ShortensInTheMiddle) {
  std::string longest(200, 'x');
  EXPECT_EQ(printable(longest), longest);
  EXPECT_EQ(printable(std::string(1000, 'a') + std::string(1000, 'b')),
            std::string(100, 'a') + "..." + std::string(100, 'b'));
  std::string euros; // of which none is cut in two
  for (int i = 0; i < 100; ++i)
    euros += "\xe2\x82\xac";
  EXPECT_EQ(printable(euros), euros.substr(0, 99) + "..." + euros.substr(0, 99));
  EXPECT_LE(printable(std::string(1000, '\x80')).size(), 900u);
}

TEST(ErrorTest, PartsArePrintable) {
  try {
    fail("file\n", std::string("\x1b"), ": ", 3, ' ', '\a');
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "file\\x0a\\x1b: 3 \\x07");
  }
}

} // namespace
