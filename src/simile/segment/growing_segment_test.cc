#include "simile/segment/growing_segment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "simile/base/random.h"

namespace simile::segment {
namespace {

std::shared_ptr<const Schema> schema() {
  return std::make_shared<const Schema>(*Schema::make(
      {*parse_field("id", "int64 primary key"), *parse_field("v", "float32[2] cosine")}));
}

/// Rows with these ids; vectors are (id, 1).
void append(GrowingSegment& segment, const std::vector<std::int64_t>& ids) {
  std::vector<float> vectors;
  std::vector<std::uint64_t> hashes;
  for (const std::int64_t id : ids) {
    vectors.insert(vectors.end(), {static_cast<float>(id), 1});
    hashes.push_back(hash_of({id, {}}, false));
  }
  Batch batch;
  batch.rows = ids.size();
  batch.columns.resize(2);
  batch.columns[0].field = "id";
  batch.columns[0].fixed = std::as_bytes(std::span(ids));
  batch.columns[1].field = "v";
  batch.columns[1].type = FieldType::kVector;
  batch.columns[1].fixed = std::as_bytes(std::span(vectors));
  segment.append(batch, {}, hashes);
}

RowId find(const GrowingSegment& segment, std::int64_t id, const RowsInSight& sight) {
  const Key key{id, {}};
  return *segment.find(key, hash_of(key, false), sight);
}

TEST(GrowingSegment, FindsTheLastVersionInSight) {
  GrowingSegment segment(schema());
  append(segment, {7, 8});
  append(segment, {7});
  append(segment, {7});
  EXPECT_EQ(find(segment, 7, {4}), RowId{3});
  EXPECT_EQ(find(segment, 7, {3}), RowId{2});
  EXPECT_EQ(find(segment, 7, {2}), RowId{0});
  EXPECT_EQ(find(segment, 7, {0}), kNoRow);
  EXPECT_EQ(find(segment, 9, {4}), kNoRow);
  DeletedRows deleted;
  deleted.add(RowId{3});
  deleted.add(RowId{0});
  EXPECT_EQ(find(segment, 7, {4, &deleted}), RowId{2});
  EXPECT_EQ(find(segment, 7, {2, &deleted}), kNoRow);
}

TEST(GrowingSegment, VectorsLieInPartsThatCoverAllRows) {
  for (const std::size_t rows : {1ul, 1023ul, 1024ul, 1025ul, 2048ul, 2049ul, 5000ul}) {
    GrowingSegment segment(schema());
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < rows; ++i) ids.push_back(static_cast<std::int64_t>(i));
    append(segment, {ids.begin(), ids.begin() + 1});
    append(segment, {ids.begin() + 1, ids.end()});
    std::size_t row = 0;
    for (const index::Rows& part : segment.vectors(1, rows)) {
      EXPECT_EQ(row % 64, 0);
      ASSERT_EQ(part.inverse_lengths.size(), part.vectors.rows);
      for (std::size_t i = 0; i < part.vectors.rows; ++i, ++row) {
        float first = 0;
        std::memcpy(&first, part.vectors.row(i), sizeof first);
        ASSERT_EQ(first, static_cast<float>(row));
      }
    }
    EXPECT_EQ(row, rows);
  }
}

/// Under the thread sanitizer, too.
TEST(GrowingSegment, ReadersNeedNoLockWhileItGrows) {
  GrowingSegment segment(schema());
  std::atomic<std::size_t> published{0};
  std::thread reader([&] {
    Random random(1);
    std::size_t rows = 0;
    while (rows < 20'000) {
      rows = published.load(std::memory_order_acquire);
      if (rows == 0) continue;
      const std::size_t row = random.below(rows);
      ASSERT_EQ(find(segment, static_cast<std::int64_t>(row), {rows}),
                RowId{static_cast<std::uint32_t>(row)});
      ASSERT_EQ(find(segment, static_cast<std::int64_t>(rows), {rows}), kNoRow);
      ASSERT_EQ(segment.vectors(1, rows)[0].vectors.rows, std::min<std::size_t>(rows, 1024));
    }
  });
  for (std::int64_t id = 0; id < 20'000; id += 100) {
    std::vector<std::int64_t> ids;
    for (std::int64_t i = id; i < id + 100; ++i) ids.push_back(i);
    append(segment, ids);
    published.store(segment.rows(), std::memory_order_release);
  }
  reader.join();
}

}  // namespace
}  // namespace simile::segment
