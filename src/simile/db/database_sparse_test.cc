/// Sparse fields through every stage of a database's life, against a naive search.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "simile/db/test_rows.h"
#include "simile/fusion.h"
#include "simile/segment/file_names.h"

namespace simile::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Entries = std::map<std::uint32_t, float>;

std::string packed(const Entries& entries) {
  std::string bytes;
  for (const auto& [index, value] : entries) {
    const SparseEntry entry{index, value};
    bytes.append(reinterpret_cast<const char*>(&entry), sizeof entry);
  }
  return bytes;
}

struct Row {
  std::optional<Entries> terms;
  std::int32_t year = 0;
};

struct Found {
  std::int64_t id = 0;
  float distance = 0;
  friend bool operator==(const Found&, const Found&) = default;
};

class SparseDatabase : public testing::Test {
 protected:
  SparseDatabase() {
    const Schema schema =
        *Schema::make({*parse_field("id", "int64 primary key"),
                       *parse_field("terms", "sparse ip nullable"), *parse_field("year", "int32")});
    collection_ = *database_->create_collection("c", schema);
  }

  void write(const std::map<std::int64_t, Row>& rows) {
    std::vector<std::int64_t> ids;
    std::vector<std::string> bytes;
    std::vector<std::uint8_t> valid;
    std::vector<std::int32_t> years;
    for (const auto& [id, row] : rows) {
      ids.push_back(id);
      bytes.push_back(row.terms ? packed(*row.terms) : "");
      valid.push_back(row.terms ? 1 : 0);
      years.push_back(row.year);
      // The place of a row tells ties apart.
      rows_.erase(id);
      order_[id] = next_++;
      rows_[id] = row;
    }
    const std::vector<std::string_view> views(bytes.begin(), bytes.end());
    Batch batch;
    batch.rows = ids.size();
    batch.columns.resize(3);
    batch.columns[0].field = "id";
    batch.columns[0].fixed = std::as_bytes(std::span(ids));
    batch.columns[1].field = "terms";
    batch.columns[1].type = FieldType::kSparse;
    batch.columns[1].strings = views;
    batch.columns[1].valid = valid;
    batch.columns[2].field = "year";
    batch.columns[2].type = FieldType::kInt32;
    batch.columns[2].fixed = std::as_bytes(std::span(years));
    const auto written = collection_->upsert(batch);
    ASSERT_TRUE(written) << written.error().message;
  }

  void erase(const std::vector<std::int64_t>& ids) {
    for (const std::int64_t id : ids) rows_.erase(id);
    ASSERT_TRUE(db::erase(*collection_, ids));
  }

  void reopen() {
    collection_.reset();
    ASSERT_TRUE(database_->close());
    database_ = open_or_die(storage_);
    collection_ = *database_->collection("c");
  }

  std::vector<Found> naive(const Entries& query, std::size_t k, std::int32_t year_min) const {
    std::vector<std::pair<std::pair<float, std::uint64_t>, std::int64_t>> hits;
    for (const auto& [id, row] : rows_) {
      if (row.year < year_min || !row.terms) continue;
      double score = 0;
      bool any = false;
      for (const auto& [index, value] : query) {
        const auto found = row.terms->find(index);
        if (found == row.terms->end() || found->second == 0 || value == 0) continue;
        any = true;
        score += double{value} * double{found->second};
      }
      if (any) hits.push_back({{static_cast<float>(-score), order_.at(id)}, id});
    }
    std::ranges::sort(hits);
    std::vector<Found> found;
    for (std::size_t i = 0; i < std::min(k, hits.size()); ++i) {
      found.push_back({hits[i].second, hits[i].first.first});
    }
    return found;
  }

  static std::vector<Found> found_of(const SearchResult& result) {
    std::vector<Found> found;
    const auto ids = result.rows.columns[0].values<std::int64_t>();
    for (std::size_t i = 0; i < ids.size(); ++i) found.push_back({ids[i], result.distances[i]});
    return found;
  }

  Result<SearchResult> search(SearchRequest request, const Entries& query) const {
    const std::string bytes = packed(query);
    const std::string_view view = bytes;
    request.sparse = {&view, 1};
    return collection_->snapshot()->search(request);
  }

  std::shared_ptr<io::Storage> storage_ = io::make_memory_storage();
  std::unique_ptr<Database> database_ = open_or_die(storage_);
  std::shared_ptr<Collection> collection_;
  std::map<std::int64_t, Row> rows_;
  std::map<std::int64_t, std::uint64_t> order_;
  std::uint64_t next_ = 0;
};

Entries random_entries(std::mt19937& random, std::size_t most) {
  Entries entries;
  for (std::size_t i = random() % (most + 1); i > 0; --i) {
    entries[static_cast<std::uint32_t>(random() % 200)] =
        static_cast<float>(random() % 100) / 8 - 1;
  }
  return entries;
}

TEST_F(SparseDatabase, FindsWhatANaiveSearchFinds) {
  std::mt19937 random(7);
  std::int64_t next_id = 0;
  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    std::map<std::int64_t, Row> rows;
    for (int i = 0; i < 1500; ++i) {
      const auto id = random() % 3 == 0 && next_id > 0
                          ? static_cast<std::int64_t>(random()) % next_id
                          : next_id++;
      Row& row = rows[id];
      if (random() % 20 != 0) row.terms = random_entries(random, 12);
      row.year = static_cast<std::int32_t>(random() % 10);
    }
    write(rows);
    std::vector<std::int64_t> gone;
    for (int i = 0; i < 100; ++i) gone.push_back(static_cast<std::int64_t>(random()) % next_id);
    std::ranges::sort(gone);
    gone.erase(std::ranges::unique(gone).begin(), gone.end());
    erase(gone);
    if (round % 3 == 1) {
      ASSERT_TRUE(collection_->flush());
    }
    if (round == 3) {
      ASSERT_TRUE(collection_->compact());
    }
    if (round == 4) reopen();
    for (int q = 0; q < 12; ++q) {
      const Entries query = random_entries(random, 6);
      SearchRequest request;
      request.k = q % 3 == 0 ? 400 : 10;
      request.exact = q % 4 == 3;
      std::int32_t year_min = 0;
      if (q % 2 == 1) {
        year_min = 7;
        request.where = "year >= 7";
      }
      const auto result = search(request, query);
      ASSERT_TRUE(result) << result.error().message;
      EXPECT_EQ(found_of(*result), naive(query, request.k, year_min));
    }
  }
  EXPECT_GT(collection_->info().indexed_rows, 3000U);
}

TEST_F(SparseDatabase, RangesOffsetsIteratorsAndGroupsAreThoseOfOtherVectors) {
  std::mt19937 random(3);
  std::map<std::int64_t, Row> rows;
  for (int i = 0; i < 500; ++i) rows[i] = {random_entries(random, 10), i % 7};
  write(rows);
  const Entries query = {{1, 1}, {50, 2}, {120, 0.5F}, {7, 1}};
  const auto all = naive(query, 500, 0);
  ASSERT_GT(all.size(), 40U);
  SearchRequest request;
  request.k = 20;
  request.offset = 5;
  EXPECT_EQ(found_of(*search(request, query)), std::vector(all.begin() + 5, all.begin() + 25));
  request.offset = 0;
  request.distance_max = all[10].distance;
  request.distance_min = all[3].distance;
  std::vector<Found> between;
  for (const Found& each : all) {
    if (each.distance >= all[3].distance && each.distance < all[10].distance) {
      between.push_back(each);
    }
  }
  EXPECT_EQ(found_of(*search(request, query)), between);

  const std::string bytes = packed(query);
  const std::string_view view = bytes;
  SearchRequest plain;
  plain.sparse = {&view, 1};
  auto iterator = *collection_->snapshot()->iterate(plain);
  std::vector<Found> walked;
  while (true) {
    const auto part = found_of(*iterator->next(13));
    walked.insert(walked.end(), part.begin(), part.end());
    if (part.size() < 13) break;
  }
  EXPECT_EQ(walked, all);

  plain.k = 3;
  plain.group_by = "year";
  plain.fields = {"year"};
  const auto groups = collection_->snapshot()->search(plain);
  ASSERT_TRUE(groups);
  const auto years = groups->rows.find("year")->values<std::int32_t>();
  EXPECT_EQ(std::set<std::int32_t>(years.begin(), years.end()).size(), 3U);
  EXPECT_EQ(found_of(*groups)[0], all[0]);
}

TEST_F(SparseDatabase, RowsComeBackAsTheyWere) {
  write({{1, {Entries{{5, 0.5F}, {4'000'000'000U, -2}}, 2000}},
         {2, {Entries{}, 2001}},
         {3, {std::nullopt, 2002}}});
  for (int round = 0; round < 2; ++round) {
    const Table table = *collection_->snapshot()->get(std::vector<std::int64_t>{1, 2, 3}, {});
    const Column& terms = *table.find("terms");
    EXPECT_EQ(terms.strings[0], packed({{5, 0.5F}, {4'000'000'000U, -2}}));
    EXPECT_EQ(terms.strings[1], "");
    EXPECT_THAT(terms.valid, ElementsAre(1, 1, 0));
    ASSERT_TRUE(collection_->flush());
    reopen();
  }
  std::vector<std::int64_t> ids = {1};
  std::vector<std::int32_t> years = {1999};
  Batch change;
  change.rows = 1;
  change.columns.resize(2);
  change.columns[0].field = "id";
  change.columns[0].fixed = std::as_bytes(std::span(ids));
  change.columns[1].field = "year";
  change.columns[1].type = FieldType::kInt32;
  change.columns[1].fixed = std::as_bytes(std::span(years));
  ASSERT_TRUE(collection_->update(change));
  const Table table = *collection_->snapshot()->get(ids, {});
  EXPECT_EQ(table.find("terms")->strings[0], packed({{5, 0.5F}, {4'000'000'000U, -2}}));
}

TEST_F(SparseDatabase, ADamagedIndexIsBuiltAgain) {
  std::mt19937 random(5);
  std::map<std::int64_t, Row> rows;
  for (int i = 0; i < 5000; ++i) rows[i] = {random_entries(random, 10), 0};
  write(rows);
  ASSERT_TRUE(collection_->flush());
  const Entries query = {{1, 1}, {50, 2}, {120, 0.5F}};
  const auto expected = naive(query, 10, 0);
  collection_.reset();
  ASSERT_TRUE(database_->close());
  const auto files = *storage_->list("");
  for (const io::FileEntry& file : files) {
    if (!file.path.ends_with(".index")) continue;
    ASSERT_TRUE(storage_->remove(file.path));
    auto made = storage_->create(file.path);
    ASSERT_TRUE(made);
    const std::string junk(4096, 'x');
    ASSERT_TRUE((*made)->append(std::as_bytes(std::span(junk))));
    ASSERT_TRUE((*made)->close());
  }
  database_ = open_or_die(storage_);
  collection_ = *database_->collection("c");
  SearchRequest request;
  EXPECT_EQ(found_of(*search(request, query)), expected);
  ASSERT_TRUE(collection_->flush());
  ASSERT_TRUE(database_->close());
  const auto report = verify_storage(storage_);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->damages.empty());
}

TEST_F(SparseDatabase, OddQueriesAndRowsAreRefused) {
  const auto refused = [&](const std::string& bytes) {
    const std::string_view view = bytes;
    SearchRequest request;
    request.sparse = {&view, 1};
    const auto result = collection_->snapshot()->search(request);
    EXPECT_FALSE(result);
    return result ? std::string() : result.error().message;
  };
  EXPECT_THAT(refused("1234567"), HasSubstr("multiple of 8"));
  EXPECT_THAT(refused(packed({{2, 1}}) + packed({{1, 1}})), HasSubstr("do not rise"));
  EXPECT_THAT(refused(packed({{1, std::numeric_limits<float>::infinity()}})), HasSubstr("NaN"));
  EXPECT_THAT(refused(packed({{0xFFFF'FFFFU, 1}})), HasSubstr("too large"));
  const float dense[4] = {};
  SearchRequest request;
  request.queries = MatrixView(dense, 1, {ElementType::kFloat32, 4});
  EXPECT_THAT(collection_->snapshot()->search(request).error().message, HasSubstr("sparse"));
  EXPECT_FALSE(Schema::make({*parse_field("id", "int64 primary key"), [] {
                               Field field = *parse_field("s", "sparse ip");
                               field.metric = Metric::kCosine;
                               return field;
                             }()}));
  EXPECT_FALSE(parse_field("s", "sparse l2"));
  EXPECT_FALSE(parse_field("s", "sparse"));
  EXPECT_EQ(describe(*parse_field("s", "sparse ip flat nullable")), "sparse ip flat nullable");
}

}  // namespace
}  // namespace simile::db
