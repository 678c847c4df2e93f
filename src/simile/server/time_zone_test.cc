#include "simile/server/time_zone.h"

#include <gtest/gtest.h>

#include "simile/base/timestamp.h"

namespace simile::server {
namespace {

std::int64_t utc(const char* text) { return parse_timestamp(text).value(); }

TEST(TimeZone, ShowsWhatClocksShow) {
  const TimeZone york = TimeZone::find("America/New_York").value();
  EXPECT_EQ(york.text(utc("2024-12-31T22:00:00Z")), "2024-12-31T17:00:00-05:00");
  EXPECT_EQ(york.text(utc("2024-07-01T00:00:00.25Z")), "2024-06-30T20:00:00.25-04:00");
  const TimeZone shanghai = TimeZone::find("Asia/Shanghai").value();
  EXPECT_EQ(shanghai.text(utc("9999-12-31T23:46:05Z")), "10000-01-01T07:46:05+08:00");
  EXPECT_EQ(TimeZone::find("UTC")->text(utc("0000-01-01")), "0000-01-01T00:00:00Z");
  EXPECT_TRUE(TimeZone::find("")->is_utc());
}

TEST(TimeZone, KnowsWhatATimeWithoutAZoneMeans) {
  const TimeZone york = TimeZone::find("America/New_York").value();
  EXPECT_EQ(york.moment(utc("2024-12-31T17:00:00.5")), utc("2024-12-31T22:00:00.5Z"));
  // Shown twice on 2024-11-03, and skipped on 2024-03-10.
  EXPECT_EQ(york.moment(utc("2024-11-03T01:30:00")), utc("2024-11-03T01:30:00-04:00"));
  EXPECT_EQ(york.moment(utc("2024-03-10T02:30:00")), utc("2024-03-10T02:30:00-05:00"));
}

TEST(TimeZone, PutsItselfIntoFilters) {
  const TimeZone zone = TimeZone::find("Asia/Shanghai").value();
  EXPECT_EQ(zone.in_filter("t > ISO '2025-01-01 06:00:00' and l == \"ISO '2025-01-01'\""),
            "t > ISO '2025-01-01T06:00:00+08:00' and l == \"ISO '2025-01-01'\"");
  for (const char* same : {"t > ISO '2025-01-01T00:00:00Z'", "t > ISO 'soon'", "t > ISO '", "",
                           "t > '2025-01-01'", "ISO == '2025-01-01'"}) {
    EXPECT_EQ(zone.in_filter(same), same);
  }
  EXPECT_EQ(TimeZone().in_filter("t > ISO '2025-01-01'"), "t > ISO '2025-01-01'");
}

TEST(TimeZone, RefusesNamesThatAreNone) {
  for (const char* name : {"Mars/Base", "../../../etc/passwd", "/etc/localtime", "Asia", "a b",
                           "America/New_York ", "Asia/../Asia/Shanghai", "\xff"}) {
    EXPECT_FALSE(TimeZone::find(name)) << name;
  }
}

}  // namespace
}  // namespace simile::server
