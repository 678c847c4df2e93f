#include "simile/base/timestamp.h"

#include <gtest/gtest.h>

namespace simile {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(TimestampText, ReadsDatesTimesFractionsAndZones) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_timestamp("1970-01-02"), 86'400 * kSecond);
  EXPECT_EQ(parse_timestamp("2000-02-29 12:00"), 951'825'600 * kSecond);
  EXPECT_EQ(parse_timestamp("1984-04-14T15:00:00+08:00"), 450'774'000 * kSecond);
  EXPECT_EQ(parse_timestamp("1969-12-31T23:59:59.5-0030"), 1'799 * kSecond + kSecond / 2);
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00.1234567Z"), 123'456);
  EXPECT_EQ(parse_timestamp("1970-01-01t01:00:00+01"), 0);
  EXPECT_EQ(parse_timestamp("0000-01-01"), -62'167'219'200 * kSecond);
}

TEST(TimestampText, RefusesWhatNamesNoMoment) {
  for (const char* text :
       {"", "1970", "1970-13-01", "1970-02-30", "2001-02-29", "1970-01-01T", "1970-01-01T24:00:00",
        "1970-01-01T00:60:00", "1970-01-01T00:00:00.", "1970-01-01T00:00:00+15:00",
        "1970-01-01T00:00:00Zz", "-001-01-01", "1970-1-1", "1970-01-01X00:00", " 1970-01-01",
        "1970-01-01T00:00:00+08:0", "99999-01-01"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

TEST(Duration, AddsUpItsUnits) {
  EXPECT_EQ(parse_duration("P1D"), 86'400 * kSecond);
  EXPECT_EQ(parse_duration("P2W3D"), 17 * 86'400 * kSecond);
  EXPECT_EQ(parse_duration("PT2H30M1S"), 9'001 * kSecond);
  EXPECT_EQ(parse_duration("P1DT0.5S"), 86'400 * kSecond + kSecond / 2);
  EXPECT_EQ(parse_duration("P0D"), 0);
  EXPECT_EQ(parse_duration("P15250284W"), 604'800 * kSecond * 15'250'284);  // nearly 2^63
}

TEST(Duration, RefusesWhatHasNoLength) {
  for (const char* text :
       {"",     "P",    "PT",           "P1",         "1D",   "P1Y",      "P1M",
        "PT1D", "P1H",  "P1D2W",        "PT1S1M",     "P1DT", "PT1.S",    "P1.5D",
        "P-1D", "P1D ", "P1234567890D", "P15250285W", "p1d",  "P1DT1ST1S"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(TimestampText, WritesWhatItReads) {
  for (const char* text :
       {"1970-01-01T00:00:00Z", "2025-01-31T00:30:00.5Z", "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z", "9999-12-31T23:59:59Z", "2024-02-29T01:02:03.000001Z"}) {
    const auto moment = parse_timestamp(text);
    ASSERT_TRUE(moment) << text;
    EXPECT_EQ(timestamp_text(*moment), text);
  }
}

}  // namespace
}  // namespace simile
