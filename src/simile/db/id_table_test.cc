#include "simile/db/id_table.h"

#include <gtest/gtest.h>

#include <map>

#include "simile/base/random.h"

namespace simile::db {
namespace {

TEST(IdTable, AgreesWithAMapThroughAddingAndRemoving) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    IdTable table;
    std::map<std::int64_t, std::uint32_t> naive;
    std::int64_t largest = -1;
    for (int step = 0; step < 400; ++step) {
      const auto id = static_cast<std::int64_t>(random.below(200));
      const auto row = static_cast<std::uint32_t>(table.rows());
      switch (random.below(seed % 3 == 0 ? 2 : 3)) {
        case 0:
          naive[table.next_id()] = row;
          largest = table.next_id();
          table.append_next(1);
          break;
        case 1:
          if (naive.contains(id)) break;
          table.append(id);
          naive[id] = row;
          largest = std::max(largest, id);
          break;
        default:
          if (!naive.contains(id)) break;
          table.remove(RowId{naive[id]});
          naive.erase(id);
      }
      ASSERT_EQ(table.next_id(), largest + 1);
    }
    for (std::int64_t id = -2; id < 700; ++id) {
      const auto at = naive.find(id);
      ASSERT_EQ(table.find(id), at == naive.end() ? kNoRow : RowId{at->second}) << id;
      if (at != naive.end()) {
        EXPECT_EQ(table.id_of(RowId{at->second}), id);
      }
    }
  }
}

TEST(IdTable, RowsTakeOtherIdsAndTheLastAreForgotten) {
  IdTable table;
  table.append_next(5);
  table.remove(RowId{2});
  table.replace(RowId{2}, 40);
  EXPECT_EQ(table.find(2), kNoRow);
  EXPECT_EQ(table.find(40), RowId{2});
  EXPECT_EQ(table.next_id(), 41);
  table.append_next(2);
  table.remove(RowId{6});
  table.truncate(4, 41);
  EXPECT_EQ(table.rows(), 4u);
  EXPECT_EQ(table.find(4), kNoRow);
  EXPECT_EQ(table.find(41), kNoRow);
  EXPECT_EQ(table.find(40), RowId{2});
  table.append_next(1);
  EXPECT_EQ(table.find(41), RowId{4});
  IdTable counting;
  counting.append_next(5);
  counting.truncate(3, 3);
  EXPECT_TRUE(counting.counting());
  EXPECT_EQ(counting.find(3), kNoRow);
  counting.keep_next_id(9);
  counting.append_next(1);
  EXPECT_EQ(counting.find(9), RowId{3});
  EXPECT_EQ(counting.find(1), RowId{1});
}

TEST(IdTable, CountingIdsTakeNoMemory) {
  IdTable table;
  table.append_next(1'000'000);
  table.append(1'000'000);
  EXPECT_TRUE(table.counting());
  EXPECT_EQ(table.memory_bytes(), 0u);
  EXPECT_EQ(table.find(1'000'000), RowId{1'000'000});
  EXPECT_EQ(table.find(1'000'001), kNoRow);
}

TEST(IdTable, ChurnDoesNotMakeTheTableGrowForEver) {
  IdTable table;
  table.append(5);
  for (int i = 0; i < 10'000; ++i) {
    table.remove(table.find(5));
    table.append(5);
  }
  // Only the ids of the rows themselves, which the index drops when it is rebuilt.
  EXPECT_LT(table.memory_bytes(), 16'384 * 8 + 65'536u);
}

}  // namespace
}  // namespace simile::db
