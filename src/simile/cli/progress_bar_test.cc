#include "simile/cli/progress_bar.h"

#include <gtest/gtest.h>

namespace simile::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ProgressBar, ShowsRateAndTimeLeftOnATerminal) {
  ProgressBar bar("importing", "rows", true);
  const ProgressBar::Clock::time_point start(seconds(100));
  EXPECT_NE(bar.update(0, 2000, start), "");
  EXPECT_EQ(bar.update(500, 2000, start + milliseconds(50)), "");  // too soon to draw again
  EXPECT_EQ(bar.update(1000, 2000, start + seconds(2)),
            "\rimporting [##########..........] 50%  1,000 / 2,000 rows  500/s  2 s left\x1B[K");
  EXPECT_EQ(bar.update(2000, 2000, start + seconds(4)),
            "\rimporting [####################] 100%  2,000 / 2,000 rows  500/s  in 4 s\x1B[K");
  EXPECT_EQ(bar.update(2000, 2000, start + seconds(9)), "");  // the end is shown once
}

TEST(ProgressBar, WritesFewWholeLinesElsewhere) {
  ProgressBar bar("importing", "rows", false);
  const ProgressBar::Clock::time_point start(seconds(100));
  EXPECT_EQ(bar.update(0, 2000, start), "");
  EXPECT_EQ(bar.update(500, 2000, start + seconds(4)), "");
  EXPECT_EQ(bar.update(1000, 2000, start + seconds(5)),
            "importing: 1,000 of 2,000 rows, 200/s, 5 s left\n");
  EXPECT_EQ(bar.update(2000, 2000, start + seconds(6)),
            "importing: 2,000 of 2,000 rows, 333/s, in 6 s\n");
}

TEST(ProgressBar, CountsWhereTheTotalIsNotKnown) {
  ProgressBar bar("reading", "rows", false);
  const ProgressBar::Clock::time_point start(seconds(100));
  bar.update(0, 0, start);
  EXPECT_EQ(bar.update(10, 0, start + seconds(5)), "reading: 10 rows, 2/s\n");
}

TEST(ProgressBar, MeasuresTheRateOfThisRunOnly) {
  ProgressBar bar("indexing", "pictures", false);
  const ProgressBar::Clock::time_point start(seconds(100));
  bar.update(900, 1000, start);  // goes on where another run stopped
  EXPECT_EQ(bar.update(950, 1000, start + seconds(5)),
            "indexing: 950 of 1,000 pictures, 10/s, 5 s left\n");
}

}  // namespace
}  // namespace simile::cli
