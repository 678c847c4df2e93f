#include "simile/index/graph/node_map.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "simile/base/random.h"

namespace simile::index {
namespace {

// Rows of one int8 each: few values, many duplicates.
struct Rows8 {
  Rows8(std::size_t rows, std::uint64_t values, std::uint64_t seed) {
    Random random(seed);
    for (std::size_t i = 0; i < rows; ++i) {
      bytes.push_back(static_cast<std::int8_t>(random.below(values)));
    }
  }
  MatrixView view(std::size_t rows) const { return {bytes.data(), rows, {ElementType::kInt8, 1}}; }
  std::vector<std::int8_t> bytes;
};

void expect_right(const NodeMap& map, const Rows8& rows, std::size_t count) {
  std::map<std::int8_t, std::vector<std::uint32_t>> naive;
  std::vector<std::uint32_t> firsts;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto& group = naive[rows.bytes[i]];
    if (group.empty()) firsts.push_back(i);
    group.push_back(i);
  }
  ASSERT_EQ(map.rows(), count);
  ASSERT_EQ(map.nodes(), firsts.size());
  for (std::uint32_t node = 0; node < firsts.size(); ++node) {
    EXPECT_EQ(map.row_of(node), firsts[node]);
    std::vector<std::uint32_t> found;
    map.for_each_row(node, [&](std::uint32_t row) { found.push_back(row); });
    EXPECT_EQ(found, naive[rows.bytes[firsts[node]]]);
  }
}

TEST(NodeMap, GroupsEqualRowsInTheOrderOfTheirComing) {
  for (std::uint64_t values = 1; values <= 100; values += 9) {
    const Rows8 rows(200, values, values);
    NodeMap map;
    for (std::size_t count = 0; count <= 200; count += 1 + count / 2) {
      map.append(rows.view(count));
      expect_right(map, rows, count);
    }
  }
}

TEST(NodeMap, IsTheSameAfterWritingAndReading) {
  const Rows8 rows(150, 40, 1);
  NodeMap map;
  map.append(rows.view(100));
  ByteWriter writer;
  map.write(writer);
  ByteReader reader(writer.bytes());
  auto read = NodeMap::read(reader, 100);
  ASSERT_TRUE(read);
  expect_right(*read, rows, 100);
  read->append(rows.view(150));  // grows on from where it was
  expect_right(*read, rows, 150);
}

TEST(NodeMap, AgreesWithAMapWhileRowsComeAndGo) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Rows8 rows(60, 5 + seed, seed);
    Random random(seed);
    NodeMap map;
    std::map<std::int8_t, std::set<std::uint32_t>> naive;
    std::vector<bool> mapped(60);
    std::vector<std::uint32_t> unused;
    for (int step = 0; step < 2000; ++step) {
      const auto row = static_cast<std::uint32_t>(random.below(60));
      auto& value = rows.bytes[row];
      if (mapped[row]) {
        const std::uint32_t node = map.remove(rows.view(60), row);
        naive[value].erase(row);
        EXPECT_EQ(node != NodeMap::kNone, naive[value].empty());
        if (node != NodeMap::kNone) unused.push_back(node);
      } else {
        value = static_cast<std::int8_t>(random.below(5 + seed));
        const auto next = unused.empty() ? static_cast<std::uint32_t>(map.nodes()) : unused.back();
        const bool first = naive[value].empty();
        const std::uint32_t node = map.add(rows.view(60), row, next);
        EXPECT_EQ(node == next, first);
        if (first && !unused.empty()) unused.pop_back();
        naive[value].insert(row);
      }
      mapped[row] = !mapped[row];
      if (step % 100 == 99) {  // as from a file
        ByteWriter writer;
        map.write(writer);
        ByteReader reader(writer.bytes());
        auto read = NodeMap::read(reader, 60);
        ASSERT_TRUE(read);
        map = *std::move(read);
      }
      std::map<std::int8_t, std::set<std::uint32_t>> found;
      for (std::uint32_t n = 0; n < map.nodes(); ++n) {
        map.for_each_row(n, [&](std::uint32_t r) { found[rows.bytes[r]].insert(r); });
      }
      std::erase_if(naive, [](const auto& group) { return group.second.empty(); });
      ASSERT_EQ(found, naive);
      ASSERT_LE(map.nodes(), 60u);
    }
  }
}

TEST(NodeMap, RowsThatBecomeEqualAreToldApart) {
  Rows8 rows(4, 1, 1);
  rows.bytes = {1, 2, 3, 4};
  NodeMap map;
  map.append(rows.view(4));
  rows.bytes = {7, 7, 3, 4};  // as they are kept from now on
  map.forget_hashes();
  EXPECT_EQ(map.remove(rows.view(4), 1), 1u);
  EXPECT_EQ(map.row_of(0), 0u);
  EXPECT_EQ(map.row_of(1), NodeMap::kNone);
}

TEST(NodeMap, DamagedBytesAreRefusedOrStillAMap) {
  const Rows8 rows(30, 12, 2);
  NodeMap map;
  map.append(rows.view(30));
  ByteWriter writer;
  map.write(writer);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < writer.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::vector<std::byte> bytes(writer.bytes().begin(), writer.bytes().end());
      bytes[at] ^= std::byte{1} << bit;
      ByteReader reader(bytes);
      const auto read = NodeMap::read(reader, 30);
      refused += !read;
      if (!read) continue;
      std::vector<bool> seen(30);
      for (std::uint32_t node = 0; node < read->nodes(); ++node) {
        read->for_each_row(node, [&](std::uint32_t row) {
          ASSERT_LT(row, 30u);
          EXPECT_FALSE(seen[row]);
          seen[row] = true;
        });
      }
    }
  }
  EXPECT_GT(refused, writer.size());
}

}  // namespace
}  // namespace simile::index
