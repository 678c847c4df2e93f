#include "simile/segment/write_segment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "simile/io/fault_storage.h"
#include "simile/segment/file_names.h"
#include "simile/segment/growing_segment.h"

namespace simile::segment {
namespace {

std::shared_ptr<const Schema> schema() {
  return std::make_shared<const Schema>(*Schema::make({*parse_field("id", "int64 primary key"),
                                                       *parse_field("v", "float32[2] cosine flat"),
                                                       *parse_field("w", "int8[4] ip flat")}));
}

/// Ids first..first + rows - 1; v is (id, 1), w is (id, id, id, id).
std::shared_ptr<GrowingSegment> growing(std::int64_t first, std::size_t rows) {
  auto segment = std::make_shared<GrowingSegment>(schema());
  std::vector<std::int64_t> ids;
  std::vector<float> v;
  std::vector<std::int8_t> w;
  std::vector<std::uint64_t> hashes;
  for (std::size_t i = 0; i < rows; ++i) {
    ids.push_back(first + static_cast<std::int64_t>(i));
    v.insert(v.end(), {static_cast<float>(ids.back()), 1});
    w.insert(w.end(), 4, static_cast<std::int8_t>(ids.back() % 100));
    hashes.push_back(hash_of({ids.back(), {}}, false));
  }
  Batch batch;
  batch.rows = rows;
  batch.columns.resize(3);
  batch.columns[0].field = "id";
  batch.columns[0].fixed = std::as_bytes(std::span(ids));
  batch.columns[1].field = "v";
  batch.columns[1].fixed = std::as_bytes(std::span(v));
  batch.columns[2].field = "w";
  batch.columns[2].fixed = std::as_bytes(std::span(w));
  segment->append(batch, {}, hashes);
  return segment;
}

std::vector<RowId> rows(const std::vector<std::uint32_t>& numbers) {
  std::vector<RowId> ids;
  for (const std::uint32_t number : numbers) ids.push_back(RowId{number});
  return ids;
}

std::vector<std::int64_t> ids_of(const SealedSegment& segment) {
  std::vector<std::int64_t> ids;
  const scalar::ColumnReader* column = segment.column("id");
  EXPECT_TRUE(column->check());
  for_each_key(*column, segment.rows(), [&](RowId, const Key& key) { ids.push_back(key.number); });
  return ids;
}

TEST(WriteSegment, KeepsTheChosenRowsOfAllSourcesInOrder) {
  const std::shared_ptr<io::Storage> disk = io::FaultStorage::make();
  const std::vector<RowSource> sources = {{growing(100, 3000), rows({0, 5, 1023, 1024, 2999})},
                                          {growing(1, 3), rows({2})}};
  const auto written = write_segment(disk, schema(), sources, {7, 8}, nullptr);
  ASSERT_TRUE(written) << written.error().message;
  const SealedSegment& segment = *written->segment;
  EXPECT_EQ(ids_of(segment), std::vector<std::int64_t>({100, 105, 1123, 1124, 3099, 3}));
  const index::Rows v = segment.vectors(1, 6)[0];
  for (std::size_t row = 0; row < 6; ++row) {
    float x = 0;
    std::memcpy(&x, v.vectors.row(row), sizeof x);
    EXPECT_EQ(x, static_cast<float>(ids_of(segment)[row]));
    EXPECT_FLOAT_EQ(v.inverse_lengths[row], 1 / std::hypot(x, 1.0F));
  }
  EXPECT_TRUE(segment.vectors(2, 6)[0].inverse_lengths.empty());
  const Key key{1123, {}};
  EXPECT_EQ(segment.find(key, hash_of(key, false), {6}), RowId{2});
  EXPECT_EQ(segment.find(key, hash_of(key, false), {2}), kNoRow);
  EXPECT_TRUE(segment.verify_rows());
  // What is sealed can be a source, too, and comes out byte for byte the same.
  const std::vector<RowSource> again = {{written->segment, rows({0, 1, 2, 3, 4, 5})}};
  const auto copy = write_segment(disk, schema(), again, {7 + 2, 8 + 2}, nullptr);
  ASSERT_TRUE(copy);
  EXPECT_EQ(ids_of(*copy->segment), ids_of(segment));
  EXPECT_EQ(*read_file(*disk, keys_name(8)), *read_file(*disk, keys_name(10)));
}

TEST(WriteSegment, LeavesNothingBehindWhereTheDiskFails) {
  const std::vector<RowSource> sources = {{growing(0, 10), rows({1, 2, 3})}};
  const auto whole = io::FaultStorage::make();
  ASSERT_TRUE(write_segment(whole, schema(), sources, {1, 2}, nullptr));
  for (std::uint64_t step = 1; step <= whole->steps(); ++step) {
    const auto disk = io::FaultStorage::make();
    disk->fail_step(step, io::Fault::kDiskFull);
    EXPECT_FALSE(write_segment(disk, schema(), sources, {1, 2}, nullptr)) << step;
    EXPECT_TRUE(disk->list("")->empty()) << step;
  }
}

TEST(WriteSegment, StopsWhereItIsCancelled) {
  CancelToken cancel;
  cancel.cancel();
  const auto disk = io::FaultStorage::make();
  const std::vector<RowSource> sources = {{growing(0, 10), rows({1})}};
  const auto written = write_segment(disk, schema(), sources, {1, 2}, &cancel);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(disk->list("")->empty());
}

TEST(SealedSegment, FileOfAnotherSegmentIsRefused) {
  const std::shared_ptr<io::Storage> disk = io::FaultStorage::make();
  const std::vector<RowSource> sources = {{growing(0, 10), rows({1, 2, 3})}};
  const auto written = write_segment(disk, schema(), sources, {1, 2}, nullptr);
  ASSERT_TRUE(written);
  SegmentEntry entry = written->entry;
  entry.rows = 4;
  EXPECT_EQ(SealedSegment::open(disk, schema(), entry).error().code, ErrorCode::kDataLoss);
}

TEST(SealedSegment, RetiredFilesGoWithTheLastReader) {
  const std::shared_ptr<io::Storage> disk = io::FaultStorage::make();
  const std::vector<RowSource> sources = {{growing(0, 10), rows({1, 2, 3})}};
  auto written = write_segment(disk, schema(), sources, {1, 2}, nullptr);
  ASSERT_TRUE(written);
  std::shared_ptr<SealedSegment> reader = written->segment;
  written->segment->retire();
  written->segment.reset();
  EXPECT_EQ(ids_of(*reader).size(), 3);
  EXPECT_EQ(disk->list("")->size(), 2);
  reader.reset();
  EXPECT_TRUE(disk->list("")->empty());
}

}  // namespace
}  // namespace simile::segment
