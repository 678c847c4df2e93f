#include "simile/index/graph/graph_index.h"

#include <gtest/gtest.h>

#include <set>

#include "simile/index/test_vectors.h"
#include "simile/io/section_file.h"

namespace simile::index {
namespace {

constexpr std::uint32_t kK = 10;

struct Built {
  Built(Optimize optimize, std::size_t rows, MetricCase c, std::uint32_t dim = 40)
      : metric(c.metric), base(rows, {c.element, dim}, 1), stored(base, c.metric) {
    options.optimize = optimize;
  }

  void build(std::uint32_t threads = 2) {
    auto made = build_graph(stored.rows, metric, options, {.threads = threads});
    ASSERT_TRUE(made) << made.error().message;
    index = *std::move(made);
  }

  double recall(std::uint32_t effort, const Bitmap* allowed = nullptr) const {
    const TestVectors asked(60, base.view().type, 2);
    const TestQueries query(asked);
    std::vector<Hit> hits(60 * kK);
    index->search(query.view, {.k = kK, .effort = effort, .allowed = allowed}, hits.data());
    std::size_t found = 0;
    std::size_t wanted = 0;
    for (std::size_t q = 0; q < 60; ++q) {
      const auto naive = naive_nearest(base, asked, q, metric, kK, allowed);
      wanted += naive.size();
      for (std::size_t i = 0; i < naive.size(); ++i) {
        const Hit& hit = hits[q * kK + i];
        EXPECT_NE(hit.row, kNoRow);
        if (hit.row == kNoRow) continue;
        if (allowed != nullptr) {
          EXPECT_TRUE(allowed->test(hit.row));
        }
        found += hit.distance <= naive.back() + 1e-4 * (1 + std::abs(naive.back()));
      }
    }
    return static_cast<double>(found) / static_cast<double>(wanted);
  }

  Metric metric;
  TestVectors base;
  TestRows stored;
  GraphOptions options;
  std::unique_ptr<VectorIndex> index;
};

std::vector<std::byte> file_bytes(const VectorIndex& index) {
  const auto storage = io::make_memory_storage();
  auto writer = io::SectionWriter::create(*storage, "graph", "index", 1);
  EXPECT_TRUE(index.save(**writer) && (*writer)->finish());
  const auto file = storage->open("graph");
  std::vector<std::byte> bytes((*file)->size());
  EXPECT_TRUE((*file)->read_at(0, bytes));
  return bytes;
}

class GraphIndexFor : public testing::TestWithParam<Optimize> {};

TEST_P(GraphIndexFor, ReachesHighRecallForEveryTypeAndMetric) {
  for (const MetricCase& c : all_metric_cases()) {
    SCOPED_TRACE(std::string(name_of(c.element)) + " " + std::string(name_of(c.metric)));
    Built built(GetParam(), 1500, c);
    built.build();
    EXPECT_GT(built.recall(200), 0.99);
    // A window: were the walk to scan everything, little effort would give full recall as well.
    const double low = built.recall(10);
    EXPECT_GT(low, 0.5);
    EXPECT_LE(low, built.recall(40) + 0.01);
  }
}

TEST_P(GraphIndexFor, EveryVectorFindsItself) {
  Built built(GetParam(), 5000, {ElementType::kFloat32, Metric::kL2}, 16);
  built.build();
  for (std::size_t i = 0; i < 5000; ++i) {
    Hit hit;
    built.index->search(built.base.view().slice(i, 1), {.k = 1, .effort = 64}, &hit);
    EXPECT_EQ(hit.distance, 0) << "row " << i;
  }
}

TEST_P(GraphIndexFor, ABatchGivesWhatItsQueriesGiveAlone) {
  Built built(GetParam(), 6000, {ElementType::kFloat32, Metric::kL2}, 16);
  built.build();
  for (const std::size_t count : {2, 3, 5, 64}) {
    const MatrixView queries = built.base.view().slice(100, count);
    std::vector<Hit> together(count * 10);
    built.index->search(queries, {.k = 10, .effort = 20}, together.data());
    for (std::size_t q = 0; q < count; ++q) {
      std::vector<Hit> alone(10);
      built.index->search(queries.slice(q, 1), {.k = 10, .effort = 20}, alone.data());
      for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(together[q * 10 + i].row, alone[i].row) << q << " of " << count;
        EXPECT_EQ(together[q * 10 + i].distance, alone[i].distance);
      }
    }
  }
}

TEST_P(GraphIndexFor, ACancelledBatchIsLeftEmpty) {
  Built built(GetParam(), 6000, {ElementType::kFloat32, Metric::kL2}, 16);
  built.build();
  CancelToken cancel;
  cancel.cancel();
  std::vector<Hit> hits(5 * 3, Hit{1, RowId{1}});
  built.index->search(built.base.view().slice(0, 5), {.k = 3, .cancel = &cancel}, hits.data());
  for (const Hit& hit : hits) EXPECT_EQ(hit.row, kNoRow);
}

TEST_P(GraphIndexFor, SameBytesForAnyNumberOfThreads) {
  for (const MetricCase c : {MetricCase{ElementType::kFloat32, Metric::kCosine},
                             MetricCase{ElementType::kBit, Metric::kJaccard}}) {
    Built built(GetParam(), 2500, c);
    built.build(1);
    const std::vector<std::byte> one = file_bytes(*built.index);
    for (const std::uint32_t threads : {2, 5}) {
      built.build(threads);
      EXPECT_EQ(file_bytes(*built.index), one) << threads << " threads";
    }
  }
}

TEST_P(GraphIndexFor, SmallCollectionsAreExact) {
  for (std::size_t rows = 0; rows < 40; ++rows) {
    Built built(GetParam(), rows, {ElementType::kFloat32, Metric::kL2}, 3);
    built.build();
    if (rows != 0) {
      EXPECT_EQ(built.recall(10), 1.0) << rows << " rows";
    }
  }
}

TEST_P(GraphIndexFor, ReturnsKRowsWheneverKMatchWhateverTheFilter) {
  Built built(GetParam(), 4000, {ElementType::kFloat32, Metric::kL2});
  built.build();
  Random random(5);
  for (const std::size_t share : {2, 5, 20, 100, 390, 1000}) {
    Bitmap allowed(4000);
    for (std::size_t i = 0; i < 4000; ++i) {
      if (random.below(share) == 0) allowed.set(i);
    }
    EXPECT_GT(built.recall(64, &allowed), 0.9) << "one in " << share;
  }
  // All that is near to the queries of one cluster excluded.
  Bitmap far(4000);
  const TestVectors asked(1, built.base.view().type, 2);
  const auto near = naive_nearest(built.base, asked, 0, Metric::kL2, 2000);
  for (std::size_t i = 0; i < 4000; ++i) {
    if (naive_distance(asked, 0, built.base, i, Metric::kL2) > near.back()) far.set(i);
  }
  EXPECT_GT(built.recall(64, &far), 0.9);
}

TEST_P(GraphIndexFor, DuplicatesDoNotLowerRecallAndAllComeBack) {
  Built built(GetParam(), 3000, {ElementType::kFloat32, Metric::kL2});
  const std::size_t bytes = built.base.view().type.bytes();
  for (std::size_t i = 1000; i < 1500; ++i) {
    std::memcpy(built.base.row(i), built.base.row(7), bytes);
  }
  built.build();
  std::vector<Hit> hits(600);
  built.index->search(built.base.view().slice(7, 1), {.k = 600}, hits.data());
  std::set<std::uint32_t> rows;
  for (const Hit& hit : hits) {
    if (hit.distance == 0) rows.insert(value_of(hit.row));
  }
  EXPECT_EQ(rows.size(), 501u);
  EXPECT_GT(built.recall(200), 0.99);
}

TEST_P(GraphIndexFor, GrowsByPartsToTheSameQuality) {
  Built built(GetParam(), 4000, {ElementType::kFloat32, Metric::kCosine});
  auto graph = GraphIndex::create(built.base.view().type, Metric::kCosine, built.options);
  for (std::size_t rows = 1; rows <= 4000; rows = std::min<std::size_t>(4000, rows * 3)) {
    Rows part = built.stored.rows;
    part.vectors = part.vectors.slice(0, rows);
    ASSERT_TRUE(graph->insert(part, {.threads = 2}));
    EXPECT_EQ(graph->size(), rows);
    if (rows == 4000) break;
  }
  built.index = std::move(graph);
  EXPECT_GT(built.recall(100), 0.98);
}

TEST_P(GraphIndexFor, CancelledInsertionLeavesAWholeGraphThatGoesOn) {
  Built built(GetParam(), 3000, {ElementType::kFloat32, Metric::kL2});
  auto graph = GraphIndex::create(built.base.view().type, Metric::kL2, built.options);
  CancelToken cancel;
  const Progress stop = [&](std::uint64_t done, std::uint64_t) {
    if (done > 1000) cancel.cancel();
  };
  const Status stopped =
      graph->insert(built.stored.rows, {.threads = 2, .progress = stop, .cancel = &cancel});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  Hit hit;
  graph->search(built.base.view().slice(0, 1), {.k = 1, .effort = 200}, &hit);
  EXPECT_NE(hit.row, kNoRow);
  ASSERT_TRUE(graph->insert(built.stored.rows, {.threads = 2}));
  built.index = std::move(graph);
  EXPECT_GT(built.recall(200), 0.99);
}

class SavedGraphFor : public testing::TestWithParam<Optimize> {
 protected:
  // A file with the sections of a graph, of which `change` may alter one before it is written.
  template <class Change>
  Result<std::unique_ptr<VectorIndex>> reload(const Built& built, Change&& change) {
    storage_ = io::make_memory_storage();
    auto plain = io::SectionWriter::create(*storage_, "plain", "index", 1);
    EXPECT_TRUE(built.index->save(**plain) && (*plain)->finish());
    auto reader = io::SectionReader::open(*storage_->open("plain"), "index", 1);
    auto changed = io::SectionWriter::create(*storage_, "changed", "index", 1);
    for (const auto& section : (*reader)->sections()) {
      const std::span<const std::byte> old = *(*reader)->section(section.name);
      std::vector<std::byte> bytes(old.begin(), old.end());
      change(section.name, bytes);
      EXPECT_TRUE((*changed)->add_section(section.name, bytes));
    }
    EXPECT_TRUE((*changed)->finish());
    reader_ = *io::SectionReader::open(*storage_->open("changed"), "index", 1);
    return load_graph(*reader_, built.stored.rows, built.metric);
  }

  std::shared_ptr<io::Storage> storage_;
  std::unique_ptr<io::SectionReader> reader_;
};

TEST_P(SavedGraphFor, AnswersTheSameAfterLoading) {
  for (const MetricCase& c : all_metric_cases()) {
    Built built(GetParam(), 1500, c);
    std::memcpy(built.base.row(900), built.base.row(3), built.base.view().type.bytes());
    built.stored = TestRows(built.base, c.metric);
    built.build();
    auto loaded = reload(built, [](const std::string&, std::vector<std::byte>&) {});
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(file_bytes(**loaded), file_bytes(*built.index));
    const TestQueries query(built.base);
    std::vector<Hit> before(50 * kK);
    std::vector<Hit> after(50 * kK);
    built.index->search(query.view.slice(0, 50), {.k = kK}, before.data());
    (*loaded)->search(query.view.slice(0, 50), {.k = kK}, after.data());
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(before[i].row, after[i].row);
      EXPECT_EQ(before[i].distance, after[i].distance);
    }
  }
}

TEST_P(SavedGraphFor, HostileBytesAreAnErrorOrHarmless) {
  Built built(GetParam(), 200, {ElementType::kFloat32, Metric::kL2}, 5);
  built.build();
  constexpr std::uint64_t kSeed = 11;
  Random random(kSeed);
  std::size_t refused = 0;
  for (int round = 0; round < 400; ++round) {
    const std::uint64_t target = random.below(5);
    std::uint64_t at = 0;
    auto loaded = reload(built, [&](const std::string&, std::vector<std::byte>& bytes) {
      if (at++ != target || bytes.empty()) return;
      if (random.below(4) == 0) {
        bytes.resize(random.below(bytes.size()));
      } else {
        for (int i = 0; i < 4; ++i) {
          bytes[random.below(std::min<std::size_t>(bytes.size(), 64))] =
              static_cast<std::byte>(random.next());
        }
      }
    });
    if (!loaded) {
      ++refused;
      EXPECT_EQ(loaded.error().code, ErrorCode::kDataLoss) << loaded.error().message;
      continue;
    }
    std::vector<Hit> hits(kK);
    (*loaded)->search(built.base.view().slice(0, 1), {.k = kK}, hits.data());
  }
  EXPECT_GT(refused, 100u) << "seed " << kSeed;
}

constexpr Optimize kOptimizes[] = {Optimize::kSpeed, Optimize::kMemory};
std::string test_name(const testing::TestParamInfo<Optimize>& info) {
  return std::string(name_of(info.param));
}

INSTANTIATE_TEST_SUITE_P(Either, GraphIndexFor, testing::ValuesIn(kOptimizes), test_name);
INSTANTIATE_TEST_SUITE_P(Either, SavedGraphFor, testing::ValuesIn(kOptimizes), test_name);

}  // namespace
}  // namespace simile::index
