#include "simile/cli/text_format.h"

#include <gtest/gtest.h>

#include "simile/cli/text_table.h"

namespace simile::cli {
namespace {

TEST(TextFormat, GroupsDigitsByThree) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(123456), "123,456");
  EXPECT_EQ(with_commas(18446744073709551615u), "18,446,744,073,709,551,615");
}

TEST(TextFormat, CountsThings) {
  EXPECT_EQ(counted(0, "row"), "0 rows");
  EXPECT_EQ(counted(1, "row"), "1 row");
  EXPECT_EQ(counted(2000, "row"), "2,000 rows");
}

TEST(TextFormat, NamesTimesInTheirUnit) {
  EXPECT_EQ(readable_seconds(0.000352), "0.352 ms");
  EXPECT_EQ(readable_seconds(12.345), "12.3 s");
  EXPECT_EQ(readable_seconds(59.99), "60 s");
  EXPECT_EQ(readable_seconds(60), "1 min 0 s");
  EXPECT_EQ(readable_seconds(3599.7), "1 h 0 min");
  EXPECT_EQ(readable_seconds(7500), "2 h 5 min");
}

TEST(SafeText, LetsLettersPassAndNothingThatATerminalObeys) {
  EXPECT_EQ(safe_text("cat \xE7\x8C\xAB.jpg"), "cat \xE7\x8C\xAB.jpg");
  EXPECT_EQ(safe_text("a\x1B[31mb\r\n"), "a\\x1b[31mb\\x0d\\n");
  EXPECT_EQ(safe_text("\xC2\x9B"
                      "31m"),
            "\\xc2\\x9b31m");  // C1: one byte for ESC [
  EXPECT_EQ(safe_text("\xFF\xC3"), "\\xff\\xc3");
  EXPECT_EQ(safe_text(std::string(1, '\0')), "\\x00");
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abc...");
  EXPECT_EQ(shortened("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F", 4), "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F");
  EXPECT_EQ(shortened("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F", 3), "...");
}

TEST(TextTable, AlignsColumnsAndKeepsCellsOnTheirLine) {
  TextTable table;
  table.column("id", TextTable::Align::kRight);
  table.column("name");
  table.column("x");
  table.row({"7", "a\nb", "1"});
  table.row({"1234", "\xC3\xA4", "2"});
  EXPECT_EQ(table.text(),
            "  id  name  x\n"
            "   7  a\\nb  1\n"
            "1234  \xC3\xA4     2\n");
}

TEST(TextTable, OfNoRowsIsItsHeadings) {
  TextTable table;
  table.column("id");
  EXPECT_EQ(table.text(), "id\n");
}

}  // namespace
}  // namespace simile::cli
