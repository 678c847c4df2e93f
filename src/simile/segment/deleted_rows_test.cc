#include "simile/segment/deleted_rows.h"

#include <gtest/gtest.h>

#include "simile/base/random.h"
#include "simile/io/fault_storage.h"

namespace simile::segment {
namespace {

TEST(DeletedRows, AddsAndTakesBack) {
  DeletedRows deleted;
  EXPECT_FALSE(deleted.contains(RowId{1000}));
  EXPECT_TRUE(deleted.add(RowId{1000}));
  EXPECT_FALSE(deleted.add(RowId{1000}));
  EXPECT_TRUE(deleted.add(RowId{3}));
  EXPECT_EQ(deleted.count, 2);
  deleted.remove(RowId{1000});
  EXPECT_EQ(deleted.count, 1);
  EXPECT_FALSE(deleted.contains(RowId{1000}));
  EXPECT_TRUE(deleted.contains(RowId{3}));
}

TEST(DeletedRows, LiveRowsAreTheOthers) {
  EXPECT_EQ(live_rows(nullptr, 70).count(), 70);
  auto deleted = std::make_shared<DeletedRows>();
  for (const std::uint32_t row : {0u, 63u, 64u, 100u}) deleted->add(RowId{row});
  for (const std::size_t rows : {1ul, 64ul, 65ul, 100ul, 101ul, 300ul}) {
    const Bitmap live = live_rows(deleted, rows);
    ASSERT_EQ(live.size(), rows);
    for (std::size_t row = 0; row < rows; ++row) {
      EXPECT_EQ(live.test(row), row != 0 && row != 63 && row != 64 && row != 100) << row;
    }
  }
}

TEST(DeletedRows, ComeBackFromTheirFileInEitherForm) {
  Random random(5);
  for (const std::size_t rows : {1ul, 64ul, 65ul, 1000ul}) {
    for (const std::size_t count : {std::size_t{1}, rows / 100 + 1, rows / 2 + 1, rows}) {
      DeletedRows deleted;
      while (deleted.count < count) {
        deleted.add(RowId{static_cast<std::uint32_t>(random.below(rows))});
      }
      const auto disk = io::FaultStorage::make();
      ASSERT_TRUE(write_deletes(*disk, "d", deleted, rows));
      const auto back = read_deletes(*disk, "d", rows);
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_EQ((*back)->count, count);
      for (std::uint32_t row = 0; row < rows; ++row) {
        EXPECT_EQ((*back)->contains(RowId{row}), deleted.contains(RowId{row}));
      }
      EXPECT_EQ(read_deletes(*disk, "d", rows + 1).error().code, ErrorCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace simile::segment
