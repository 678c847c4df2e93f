#include "simile/index/graph/entry_table.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "simile/index/test_vectors.h"
#include "simile/quantization/int8_space.h"

namespace simile::index {
namespace {

using quantization::Int8Space;

class EntryTableOf : public testing::TestWithParam<std::size_t> {
 protected:
  EntryTableOf()
      : rows_(GetParam()),
        vectors_(rows_, {ElementType::kFloat32, 12}, 1),
        space_(vectors_.view().type, Metric::kL2, 1) {
    nodes_.resize(rows_);
    std::iota(nodes_.begin(), nodes_.end(), 0u);
    space_.append(vectors_.view(), {}, nodes_, 1);
    table_.rebuild(space_, nodes_);
  }

  std::size_t rows_;
  TestVectors vectors_;
  Int8Space space_;
  std::vector<std::uint32_t> nodes_;
  EntryTable table_;
};

TEST_P(EntryTableOf, KeepsEverySampleOnce) { EXPECT_EQ(table_.samples(), nodes_); }

TEST_P(EntryTableOf, FindsSamplesNearToTheQuery) {
  EntryTable::Scratch scratch;
  EntryTable::Starts starts;
  Int8Space::FusedQuery query;
  std::size_t best_found = 0;
  for (std::uint32_t node = 0; node < rows_; ++node) {
    space_.prepare_node(node, query);
    const std::size_t count = table_.starts(query, scratch, starts);
    ASSERT_EQ(count, std::min(rows_, EntryTable::kStarts)) << "groups can be small, but not so few";
    std::set<std::uint32_t> unique;
    for (std::size_t i = 0; i < count; ++i) unique.insert(starts[i].node);
    EXPECT_EQ(unique.size(), count);
    best_found += unique.contains(node);
  }
  // A sample asked for by its own vector is in the group that is nearest to it, but for ties.
  EXPECT_GT(best_found * 100, rows_ * 95);
}

INSTANTIATE_TEST_SUITE_P(Sizes, EntryTableOf, testing::Values(1, 2, 5, 40, 700));

}  // namespace
}  // namespace simile::index
