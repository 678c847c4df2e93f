#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>

#include "simile/base/random.h"
#include "simile/index.h"

namespace simile {
namespace {

constexpr std::uint32_t kDim = 12;

std::vector<float> random_rows(std::size_t rows, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> out(rows * kDim);
  for (float& v : out) v = static_cast<float>(random.normal());
  return out;
}

struct Made {
  IndexKind kind;
  Optimize optimize = Optimize::kSpeed;
};

class StandaloneIndex : public testing::TestWithParam<Made> {
 protected:
  static Index make(Metric metric = Metric::kL2) {
    auto index = Index::create(
        {.type = {ElementType::kFloat32, kDim},
         .metric = metric,
         .kind = GetParam().kind,
         .optimize = GetParam().optimize,
         .folder = GetParam().optimize == Optimize::kMemory ? testing::TempDir() : ""});
    EXPECT_TRUE(index) << index.error().message;
    return *std::move(index);
  }
  static MatrixView view(const std::vector<float>& rows) {
    return {rows.data(), rows.size() / kDim, {ElementType::kFloat32, kDim}};
  }
  struct Answer {
    std::vector<std::int64_t> ids;
    std::vector<float> distances;
  };
  static Answer search(const Index& index, const std::vector<float>& queries, std::uint32_t k,
                       std::uint32_t threads = 1) {
    const std::size_t n = queries.size() / kDim * k;
    Answer answer{std::vector<std::int64_t>(n), std::vector<float>(n)};
    const Status status = index.search(view(queries), {.k = k, .effort = 300, .threads = threads},
                                       answer.ids.data(), answer.distances.data());
    EXPECT_TRUE(status) << status.error().message;
    return answer;
  }
  std::string path() const {
    return testing::TempDir() + "standalone_" +
           std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
           std::string(name_of(GetParam().kind)) + std::string(name_of(GetParam().optimize)) +
           ".idx";
  }
};

TEST_P(StandaloneIndex, FindsEachRowByItsIdAfterAddingInParts) {
  Index index = make();
  const std::vector<float> rows = random_rows(300, 1);
  std::vector<std::int64_t> ids(100);
  std::iota(ids.begin(), ids.end(), 5000);
  ASSERT_TRUE(index.add(view(rows).slice(0, 100)));
  ASSERT_TRUE(index.add(view(rows).slice(100, 100), ids));
  ASSERT_TRUE(index.add(view(rows).slice(200, 100)));
  EXPECT_EQ(index.size(), 300u);
  const Answer answer = search(index, rows, 1, 2);
  for (std::size_t i = 0; i < 300; ++i) {
    const auto expected = static_cast<std::int64_t>(i < 100 ? i : i - 100 + 5000);
    EXPECT_EQ(answer.ids[i], expected);
    EXPECT_EQ(answer.distances[i], 0);
  }
}

TEST_P(StandaloneIndex, RemovedRowsDoNotComeBackAndTheirIdsAreFree) {
  Index index = make();
  const std::vector<float> rows = random_rows(200, 1);
  ASSERT_TRUE(index.add(view(rows)));
  const std::vector<std::int64_t> gone = {3, 7, 7, 150, 9999};
  EXPECT_EQ(*index.remove(gone), 3u);
  EXPECT_EQ(index.size(), 197u);
  for (const std::int64_t id : search(index, rows, 20).ids) {
    EXPECT_TRUE(id != 3 && id != 7 && id != 150);
  }
  const std::vector<std::int64_t> again = {7};
  ASSERT_TRUE(index.add(view(rows).slice(0, 1), again));
  const std::vector<float> first(rows.begin(), rows.begin() + kDim);
  const Answer answer = search(index, first, 2);
  EXPECT_EQ((std::set<std::int64_t>(answer.ids.begin(), answer.ids.end())),
            (std::set<std::int64_t>{0, 7}));
}

TEST_P(StandaloneIndex, AnswersFromWhatIsLeftWhenNearlyAllIsRemoved) {
  Index index = make(Metric::kCosine);
  const std::vector<float> rows = random_rows(4000, 1);
  ASSERT_TRUE(index.add(view(rows)));
  std::vector<std::int64_t> gone;
  for (std::int64_t id = 0; id < 4000; ++id) {
    if (id % 40 != 0) gone.push_back(id);
  }
  const std::uint64_t before = index.memory_bytes();
  ASSERT_TRUE(index.remove(gone));  // builds everything again without the removed ones
  const std::vector<float> one(rows.begin() + 40 * kDim, rows.begin() + 41 * kDim);
  EXPECT_EQ(search(index, one, 1).ids[0], 40);
  ASSERT_TRUE(index.add(view(one)));
  EXPECT_LT(index.memory_bytes(), before / 4);
  EXPECT_EQ(index.size(), 101u);
  const Answer all = search(index, one, 200);
  EXPECT_EQ(std::ranges::count(all.ids, -1), 99);
  EXPECT_EQ(std::ranges::count_if(all.distances, [](float d) { return std::isnan(d); }), 99);
  EXPECT_TRUE(std::ranges::count(all.ids, 4000) == 1) << "ids go on from the largest ever given";
}

TEST_P(StandaloneIndex, SavedAndLoadedIsTheSame) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    Index index = make(metric);
    const std::vector<float> rows = random_rows(900, 1);
    ASSERT_TRUE(index.add(view(rows)));
    const std::vector<std::int64_t> gone = {1, 5};
    ASSERT_TRUE(index.remove(gone));
    const std::vector<std::int64_t> back = {5};
    ASSERT_TRUE(index.add(view(rows).slice(9, 1), back));
    ASSERT_TRUE(index.save(path()));
    auto loaded = Index::load(path());
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->size(), index.size());
    EXPECT_EQ(loaded->options().metric, metric);
    const Answer before = search(index, rows, 7);
    const Answer after = search(*loaded, rows, 7);
    EXPECT_EQ(before.ids, after.ids);
    EXPECT_EQ(before.distances, after.distances);
    ASSERT_TRUE(loaded->add(view(rows).slice(0, 1)));  // goes on where it was
    EXPECT_EQ(loaded->size(), index.size() + 1);
  }
  std::filesystem::remove(path());
}

TEST_P(StandaloneIndex, EveryFlippedByteOfAFileIsNoticed) {
  Index index = make();
  ASSERT_TRUE(index.add(view(random_rows(12, 1))));
  ASSERT_TRUE(index.save(path()));
  std::ifstream in(path(), std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t at = 0; at < good.size(); at += good.size() / 150) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    std::ofstream(path(), std::ios::binary) << bad;
    const auto loaded = Index::load(path());
    EXPECT_FALSE(loaded && good[at] != 0) << "byte " << at;
  }
  std::filesystem::remove(path());
}

TEST_P(StandaloneIndex, BadInputIsAClearErrorAndChangesNothing) {
  Index index = make(Metric::kCosine);
  std::vector<float> rows = random_rows(10, 1);
  ASSERT_TRUE(index.add(view(rows)));
  const auto refused = [&](const Status& status, std::string_view part) {
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find(part), std::string::npos) << status.error().message;
    EXPECT_EQ(index.size(), 10u);
  };
  refused(index.add(MatrixView(rows.data(), 1, {ElementType::kFloat32, 5})), "dimension 12");
  refused(index.add(MatrixView(rows.data(), 1, {ElementType::kInt8, kDim})), "float32");
  const std::vector<std::int64_t> repeated = {20, 20};
  refused(index.add(view(rows).slice(0, 2), repeated), "id 20");
  const std::vector<std::int64_t> present = {20, 4};
  refused(index.add(view(rows).slice(0, 2), present), "id 4");
  const std::vector<std::int64_t> negative = {-1};
  refused(index.add(view(rows).slice(0, 1), negative), "negative");
  refused(index.add(view(rows).slice(0, 2), negative), "1 ids for 2");
  rows[kDim * 3 + 2] = NAN;
  refused(index.add(view(rows)), "vector 3");
  std::int64_t id;
  float distance;
  refused(index.search(view(rows).slice(0, 1), {.k = 0}, &id, &distance), "k is 0");
  refused(index.search(view(rows).slice(3, 1), {.k = 1}, &id, &distance), "vector 0 holds NaN");
}

TEST_P(StandaloneIndex, CancelledAddLeavesWhatWasThere) {
  Index index = make();
  const std::vector<float> rows = random_rows(3000, 1);
  ASSERT_TRUE(index.add(view(rows).slice(0, 100)));
  CancelToken cancel;
  const Progress stop = [&](std::uint64_t, std::uint64_t) { cancel.cancel(); };
  const Status status = index.add(view(rows).slice(100, 2900), {}, 1, stop, &cancel);
  if (GetParam().kind == IndexKind::kFlat) return;  // adding is over before anything can stop it
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(index.size(), 100u);
  for (const std::int64_t id : search(index, rows, 5).ids) EXPECT_LT(id, 100);
  ASSERT_TRUE(index.add(view(rows).slice(100, 2900)));
  EXPECT_EQ(index.size(), 3000u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, StandaloneIndex,
                         testing::Values(Made{IndexKind::kFlat}, Made{IndexKind::kGraph},
                                         Made{IndexKind::kGraph, Optimize::kMemory}),
                         [](const auto& tested) {
                           return std::string(name_of(tested.param.kind)) + "_" +
                                  std::string(name_of(tested.param.optimize));
                         });

TEST_P(StandaloneIndex, RecallInsteadOfEffortIsMeasuredAndKept) {
  Index index = make();
  const std::vector<float> rows = random_rows(4000, 1);
  const std::vector<float> queries = random_rows(300, 2);
  ASSERT_TRUE(index.add(view(rows)));
  const auto ask = [&](const Index& asked, float recall) {
    Answer answer{std::vector<std::int64_t>(3000), std::vector<float>(3000)};
    const Status status = asked.search(view(queries), {.k = 10, .recall = recall},
                                       answer.ids.data(), answer.distances.data());
    EXPECT_TRUE(status) << status.error().message;
    return answer;
  };
  const Answer answer = ask(index, 0.9f);
  const Answer wide = search(index, queries, 10);
  std::size_t found = 0;
  for (std::size_t i = 0; i < 3000; ++i) {
    found += answer.distances[i] <= wide.distances[i / 10 * 10 + 9];
  }
  EXPECT_GE(static_cast<double>(found) / 3000, 0.89);
  EXPECT_EQ(index.calibration().empty(), GetParam().kind == IndexKind::kFlat);
  ASSERT_TRUE(index.save(path()));
  const auto loaded = Index::load(path());
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->calibration(), index.calibration());
  EXPECT_EQ(ask(*loaded, 0.9f).ids, answer.ids);
  std::filesystem::remove(path());
  for (const float wrong : {-0.1f, 1.1f, NAN}) {
    std::int64_t id;
    float distance;
    EXPECT_FALSE(
        index.search(view(queries).slice(0, 1), {.k = 1, .recall = wrong}, &id, &distance));
  }
}

TEST_P(StandaloneIndex, ALoadedIndexGrowsAndIsSavedAgain) {
  const std::vector<float> rows = random_rows(3000, 1);
  Index index = make(Metric::kCosine);
  ASSERT_TRUE(index.add(view(rows).slice(0, 2000)));
  ASSERT_TRUE(index.save(path()));
  for (std::size_t first = 2000; first < 3000; first += 500) {
    auto loaded = Index::load(path());
    ASSERT_TRUE(loaded) << loaded.error().message;
    ASSERT_TRUE(loaded->add(view(rows).slice(first, 500)));
    ASSERT_TRUE(loaded->save(path()));
    index = *std::move(loaded);
  }
  EXPECT_EQ(index.options().optimize, GetParam().optimize);
  const Answer answer = search(index, rows, 1);
  for (std::size_t i = 0; i < 3000; ++i) EXPECT_EQ(answer.ids[i], static_cast<std::int64_t>(i));
  std::filesystem::remove(path());
}

TEST(IndexOptions, RowsOutsideOfMemoryNeedAFolder) {
  IndexOptions options{.type = {ElementType::kFloat32, 256}, .optimize = Optimize::kMemory};
  options.folder = "/no/such/folder";
  const auto refused = Index::create(options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("/no/such/folder"), std::string::npos);
  options.folder = testing::TempDir();
  auto index = Index::create(options);
  ASSERT_TRUE(index);
  Random random(1);
  std::vector<float> rows(2000 * 256);
  for (float& v : rows) v = static_cast<float>(random.normal());
  ASSERT_TRUE(index->add(MatrixView(rows.data(), 2000, options.type)));
  EXPECT_LT(index->memory_bytes(), 2000 * (256 / 2 + 136 + 60) + 300'000);
}

TEST(IndexOptions, OutOfRangeIsRefused) {
  const auto create = [](VectorType type, Metric metric, std::uint32_t degree) {
    return Index::create({.type = type, .metric = metric, .degree = degree});
  };
  EXPECT_FALSE(create({ElementType::kFloat32, 0}, Metric::kL2, 32));
  EXPECT_FALSE(create({ElementType::kFloat32, kMaxDimension + 1}, Metric::kL2, 32));
  EXPECT_FALSE(create({ElementType::kBit, 12}, Metric::kHamming, 32));
  EXPECT_FALSE(create({ElementType::kBit, 16}, Metric::kL2, 32));
  EXPECT_FALSE(create({ElementType::kFloat32, 4}, Metric::kJaccard, 32));
  EXPECT_FALSE(create({ElementType::kFloat32, 4}, Metric::kL2, 4));
  EXPECT_TRUE(create({ElementType::kFloat32, 1}, Metric::kL2, 8));
  EXPECT_TRUE(create({ElementType::kFloat16, kMaxDimension}, Metric::kL2, 128));
}

}  // namespace
}  // namespace simile
