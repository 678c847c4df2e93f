#include "simile/index/sparse/sparse_index.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "simile/index/top_k.h"

namespace simile::index {
namespace {

using Entries = std::vector<SparseEntry>;

SparseRow row_of(const Entries& entries) {
  return SparseRow({reinterpret_cast<const char*>(entries.data()), entries.size() * 8});
}

struct RowsKind {
  std::size_t rows = 0;
  std::uint32_t components = 0;
  std::size_t entries_max = 0;
  bool negative = false;
  bool words = false;  ///< small whole values
};

class RandomRows {
 public:
  explicit RandomRows(std::uint32_t seed) : random_(seed) {}

  Entries row(const RowsKind& kind) {
    Entries entries;
    const std::size_t size = random_() % (kind.entries_max + 1);
    // Low components are frequent, as words are; some are beyond any table.
    for (std::size_t i = 0; i < size; ++i) {
      const double u = std::uniform_real_distribution(0.0, 1.0)(random_);
      auto index = static_cast<std::uint32_t>(u * u * u * kind.components);
      if (index % 7 == 3) index += 4'000'000'000U;
      entries.push_back({index, value(kind)});
    }
    std::ranges::sort(entries, {}, &SparseEntry::index);
    const auto same = std::ranges::unique(entries, {}, &SparseEntry::index);
    entries.erase(same.begin(), same.end());
    return entries;
  }
  std::uint32_t next(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }

 private:
  float value(const RowsKind& kind) {
    if (kind.words) return static_cast<float>(1 + random_() % 4);
    if (random_() % 50 == 0) return 0;
    const float size = std::exponential_distribution<float>(1)(random_);
    return kind.negative && random_() % 2 == 0 ? -size : size;
  }
  std::mt19937 random_;
};

/// An index over rows that are kept beside it.
class IndexedRows {
 public:
  IndexedRows(std::vector<Entries> rows, std::size_t list_bytes_max) : rows_(std::move(rows)) {
    auto writer = io::SectionWriter::create(*storage_, "index", "index", 1);
    EXPECT_TRUE(writer.has_value());
    const ForEachRow each = [&](const VisitRow& visit) -> Status {
      for (const Entries& entries : rows_) visit(row_of(entries));
      return {};
    };
    EXPECT_TRUE(write_sparse_index(**writer, rows_.size(), each, nullptr, list_bytes_max));
    EXPECT_TRUE((*writer)->finish());
    auto loaded = load(rows_.size());
    EXPECT_TRUE(loaded.has_value());
    index_ = *std::move(loaded);
  }

  Result<std::unique_ptr<SparseIndex>> load(std::size_t rows) const {
    auto reader = io::SectionReader::open(*storage_->open("index"), "index", 1);
    if (!reader) return std::unexpected(reader.error());
    return SparseIndex::load(*std::move(reader), rows);
  }
  const SparseIndex& index() const { return *index_; }
  const std::vector<Entries>& rows() const { return rows_; }

  std::vector<Hit> scan(const SparseQuery& query, const SearchOptions& options) const {
    TopK top(options.k);
    for (std::uint32_t i = 0; i < rows_.size(); ++i) {
      if (options.allowed != nullptr && !options.allowed->test(i)) continue;
      scan_sparse_row(query, row_of(rows_[i]), RowId{i}, top);
    }
    const auto sorted = top.take_sorted();
    std::vector<Hit> hits(sorted.begin(), sorted.end());
    hits.resize(options.k);
    return hits;
  }

  Bm25Counts count(const SparseQuery& query, const Bitmap* deleted) const {
    Bm25Counts counts;
    counts.rows_with.resize(query.terms().size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (deleted != nullptr && deleted->test(i)) continue;
      ++counts.rows;
      counts.length += double{row_of(rows_[i]).length()};
      for (std::size_t t = 0; t < counts.rows_with.size(); ++t) {
        for (const SparseEntry& entry : rows_[i]) {
          counts.rows_with[t] += entry.index == query.terms()[t].index ? 1 : 0;
        }
      }
    }
    return counts;
  }

 private:
  std::shared_ptr<io::Storage> storage_ = io::make_memory_storage();
  std::vector<Entries> rows_;
  std::unique_ptr<SparseIndex> index_;
};

void expect_same(const std::vector<Hit>& found, const std::vector<Hit>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].row, expected[i].row) << "hit " << i;
    if (found[i].row == kNoRow) continue;
    ASSERT_EQ(found[i].distance, expected[i].distance) << "hit " << i;
  }
}

TEST(SparseIndex, FindsWhatAScanFindsToTheLastBit) {
  const std::vector<RowsKind> kinds = {{0, 50, 5},
                                       {1, 50, 5},
                                       {200, 30, 0},
                                       {9'000, 300, 20},
                                       {9'000, 300, 20, true},
                                       {20'000, 2'000, 60, false, true},
                                       {5'000, 1'000'000, 8}};
  for (std::uint32_t seed = 1; seed <= 2; ++seed) {
    for (const RowsKind& kind : kinds) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << kind.rows << " rows");
      RandomRows random(seed);
      std::vector<Entries> rows;
      for (std::size_t i = 0; i < kind.rows; ++i) rows.push_back(random.row(kind));
      const IndexedRows indexed(std::move(rows), seed == 1 ? 4'000 : 1U << 20);
      Bitmap allowed(kind.rows);
      for (std::size_t i = 0; i < kind.rows; ++i) {
        if (random.next(5) == 0) allowed.set(i);
      }
      for (int q = 0; q < 12; ++q) {
        const Entries entries = random.row(kind);
        SparseQuery query(row_of(entries));
        const Bitmap* deleted = q % 3 == 0 ? &allowed : nullptr;
        if (kind.words) {
          Bm25Counts counts;
          indexed.index().count(query.terms(), deleted, counts);
          const Bm25Counts expected = indexed.count(query, deleted);
          ASSERT_EQ(counts.rows, expected.rows);
          ASSERT_EQ(counts.length, expected.length);
          ASSERT_EQ(counts.rows_with, expected.rows_with);
          query.use_bm25({}, counts);
        }
        SearchOptions options;
        options.k = 1 + random.next(q % 4 == 0 ? 500 : 12);
        options.allowed = q % 2 == 0 ? &allowed : nullptr;
        std::vector<Hit> hits(options.k);
        indexed.index().search(query, options, hits.data());
        expect_same(hits, indexed.scan(query, options));
      }
    }
  }
}

TEST(SparseIndex, ScoresAreThoseOfTheFormula) {
  const IndexedRows indexed({{{1, 2}, {5, 1}}, {{5, 3}}, {{9, 1}}}, 1U << 20);
  const Entries words = {{1, 1}, {5, 2}};
  SparseQuery query(row_of(words));
  Bm25Counts counts;
  indexed.index().count(query.terms(), nullptr, counts);
  query.use_bm25({.k1 = 1.5F, .b = 0.5F}, counts);
  std::vector<Hit> hits(3);
  indexed.index().search(query, {.k = 3}, hits.data());
  const double average = 7.0 / 3;
  const auto idf = [](double with) { return std::log(1 + (3 - with + 0.5) / (with + 0.5)); };
  const auto part = [&](double count, double length) {
    return count * 2.5 / (count + 1.5 * (0.5 + 0.5 * length / average));
  };
  const double first = idf(1) * part(2, 3) + 2 * idf(2) * part(1, 3);
  const double second = 2 * idf(2) * part(3, 3);
  EXPECT_EQ(value_of(hits[0].row), first > second ? 0U : 1U);
  EXPECT_NEAR(-hits[0].distance, std::max(first, second), 1e-6);
  EXPECT_NEAR(-hits[1].distance, std::min(first, second), 1e-6);
  EXPECT_EQ(hits[2].row, kNoRow);  // has none of the words
}

TEST(SparseIndex, RefusesAFileOfOtherRows) {
  const IndexedRows indexed({{{1, 2}}, {{5, 3}}}, 1U << 20);
  EXPECT_EQ(indexed.load(3).error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace simile::index
