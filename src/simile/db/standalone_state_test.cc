#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
#include <thread>

#include "simile/base/random.h"
#include "simile/index.h"

namespace simile {
namespace {

constexpr std::uint32_t kDim = 16;
constexpr VectorType kType{ElementType::kFloat32, kDim};
using Row = std::vector<float>;

Row random_row(Random& random) {
  Row row(kDim);
  for (float& v : row) v = static_cast<float>(random.normal());
  return row;
}

double distance(const Row& a, const Row& b) {
  double sum = 0;
  for (std::size_t d = 0; d < kDim; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

/// An index beside what it should hold.
struct Changing {
  explicit Changing(IndexKind kind) : index(*Index::create({.type = kType, .kind = kind})) {}

  void add(const std::vector<Row>& rows, const std::vector<std::int64_t>& ids) {
    Row flat;
    for (const Row& row : rows) flat.insert(flat.end(), row.begin(), row.end());
    const Status status = index.add({flat.data(), rows.size(), kType}, ids, 2);
    ASSERT_TRUE(status) << status.error().message;
    for (std::size_t i = 0; i < rows.size(); ++i) naive[ids[i]] = rows[i];
  }
  void remove(const std::vector<std::int64_t>& ids) {
    std::uint64_t there = 0;
    for (const std::int64_t id : ids) there += naive.erase(id);
    EXPECT_EQ(*index.remove(ids), there);
    EXPECT_EQ(index.size(), naive.size());
  }

  /// The share of the true nearest that are found; all that is found must be there.
  double recall(const Row& query, std::uint32_t k, std::uint32_t effort) const {
    std::vector<std::int64_t> ids(k);
    std::vector<float> distances(k);
    EXPECT_TRUE(index.search({query.data(), 1, kType}, {.k = k, .effort = effort}, ids.data(),
                             distances.data()));
    std::vector<double> nearest;
    for (const auto& [id, row] : naive) nearest.push_back(distance(query, row));
    std::ranges::sort(nearest);
    const std::size_t wanted = std::min<std::size_t>(k, nearest.size());
    std::size_t found = 0;
    for (std::size_t i = 0; i < k; ++i) {
      EXPECT_EQ(ids[i] == -1, i >= wanted) << "k rows come back where there are k";
      if (ids[i] == -1) continue;
      const auto at = naive.find(ids[i]);
      EXPECT_NE(at, naive.end()) << "id " << ids[i] << " was removed";
      if (at == naive.end()) continue;
      EXPECT_NEAR(distances[i], distance(query, at->second), 1e-3 * (1 + distances[i]));
      found += distances[i] <= nearest[wanted - 1] * 1.0001 + 1e-6;
    }
    return wanted == 0 ? 1 : static_cast<double>(found) / static_cast<double>(wanted);
  }

  Index index;
  std::map<std::int64_t, Row> naive;
};

std::uint64_t seed_of_run() {
  const char* seed = std::getenv("SIMILE_SEED");
  return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

class IndexChange : public testing::TestWithParam<IndexKind> {};

TEST_P(IndexChange, AgreesWithAMapThroughRandomChanges) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("SIMILE_SEED=" + std::to_string(seed));
  Random random(seed);
  Changing changing(GetParam());
  const std::string path = testing::TempDir() + "standalone_state" + std::to_string(seed) +
                           std::string(name_of(GetParam()));
  double found = 0;
  std::size_t searches = 0;
  for (int step = 0; step < 120; ++step) {
    const std::uint64_t many = 1 + random.below(step % 10 == 0 ? 800 : 60);
    std::vector<std::int64_t> ids;
    if (random.below(5) < 2) {
      for (const auto& entry : changing.naive) {
        if (random.below(changing.naive.size()) < many) ids.push_back(entry.first);
      }
      if (random.below(20) == 0) {
        ids.clear();
        for (const auto& entry : changing.naive) ids.push_back(entry.first);
      }
      changing.remove(ids);
    } else {
      std::vector<Row> rows;
      for (std::uint64_t i = 0; i < many; ++i) {
        const auto id = static_cast<std::int64_t>(random.below(5000));
        if (changing.naive.contains(id) || std::ranges::find(ids, id) != ids.end()) continue;
        ids.push_back(id);
        const bool twin = !changing.naive.empty() && random.below(20) == 0;
        rows.push_back(twin ? changing.naive.begin()->second : random_row(random));
      }
      changing.add(rows, ids);
    }
    if (step % 30 == 29) {
      ASSERT_TRUE(changing.index.save(path));
      auto loaded = Index::load(path);
      ASSERT_TRUE(loaded) << loaded.error().message;
      changing.index = *std::move(loaded);
    }
    const std::uint32_t k = random.below(10) == 0 ? 400 : 10;
    found += changing.recall(random_row(random), k, 200);
    ++searches;
    if (HasFailure()) break;
  }
  std::filesystem::remove(path);
  EXPECT_GT(found / static_cast<double>(searches), 0.97);
}

TEST_P(IndexChange, MemoryAndRecallStayThroughThreeFullReplacements) {
  Random random(7);
  Changing changing(GetParam());
  constexpr std::int64_t kRows = 2000;
  const auto batch = [&](std::int64_t first, std::int64_t count) {
    std::vector<Row> rows;
    std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
    std::iota(ids.begin(), ids.end(), first);
    for (std::int64_t i = 0; i < count; ++i) rows.push_back(random_row(random));
    changing.add(rows, ids);
  };
  const auto recall = [&] {
    double found = 0;
    Random queries(9);
    for (int q = 0; q < 100; ++q) found += changing.recall(random_row(queries), 10, 40) / 100;
    return found;
  };
  batch(0, kRows);
  const double fresh = recall();
  std::uint64_t after_one = 0;
  for (std::int64_t round = 1; round <= 3; ++round) {
    for (std::int64_t done = 0; done < kRows; done += 100) {
      std::vector<std::int64_t> ids;  // in random order, over the whole round
      for (std::size_t i = 0; i < 100; ++i) {
        auto at = changing.naive.lower_bound(
            static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(kRows * round))));
        if (at == changing.naive.end() || at->first >= kRows * round) at = changing.naive.begin();
        ids.push_back(at->first);
        changing.remove({at->first});
      }
      batch(kRows * round + done, 100);
    }
    if (round == 1) after_one = changing.index.memory_bytes();
  }
  EXPECT_EQ(changing.naive.begin()->first, kRows * 3) << "all were replaced";
  EXPECT_LE(changing.index.memory_bytes(), after_one);
  EXPECT_GT(recall(), fresh - 0.02);
}

TEST_P(IndexChange, SearchesGoOnBesideEveryKindOfChange) {
  Random random(3);
  Changing changing(GetParam());
  std::vector<Row> rows;
  std::vector<std::int64_t> ids;
  const auto fill = [&](std::int64_t first, std::int64_t count) {
    rows.clear();
    ids.clear();
    for (std::int64_t i = 0; i < count; ++i) {
      rows.push_back(random_row(random));
      ids.push_back(first + i);
    }
  };
  fill(0, 700);
  changing.add(rows, ids);
  std::atomic<bool> done{false};
  std::vector<std::jthread> readers;
  for (std::uint64_t t = 0; t < 2; ++t) {
    readers.emplace_back([&, t] {
      Random own(100 + t);
      std::vector<std::int64_t> out(20 * 10);
      std::vector<float> distances(out.size());
      Row queries;
      for (int i = 0; i < 20; ++i) {
        const Row row = random_row(own);
        queries.insert(queries.end(), row.begin(), row.end());
      }
      while (!done) {
        EXPECT_TRUE(changing.index.search({queries.data(), 20, kType}, {.k = 10, .effort = 40},
                                          out.data(), distances.data()));
        // There are always more than 10.
        EXPECT_EQ(std::ranges::count(out, -1), 0);
        EXPECT_GE(changing.index.size(), 600u);
      }
    });
  }
  fill(700, 900);  // more than there are: built anew, then refined
  changing.add(rows, ids);
  std::int64_t next = 1600;
  for (int round = 0; round < 6; ++round) {
    ids.clear();
    for (const auto& entry : changing.naive) {
      if (random.below(8) == 0) ids.push_back(entry.first);
    }
    changing.remove(ids);
    fill(next, round % 2 == 0 ? 30 : 200);
    next += 1000;
    changing.add(rows, ids);
  }
  ids.clear();  // most at once; the next addition gives their memory back
  for (const auto& entry : changing.naive) ids.push_back(entry.first);
  ids.resize(ids.size() - 650);
  changing.remove(ids);
  fill(next, 5);
  changing.add(rows, ids);
  done = true;
  readers.clear();
  EXPECT_GT(changing.recall(random_row(random), 10, 200), 0.9);
}

TEST_P(IndexChange, MemoryIsEstimatedFromAboveAndNotByMuch) {
  for (const std::size_t count : {100, 5000}) {
    for (const bool given : {false, true}) {
      Random random(11);
      Changing changing(GetParam());
      Row rows(count * kDim);
      for (float& v : rows) v = static_cast<float>(random.normal());
      std::vector<std::int64_t> ids;
      for (std::size_t i = 0; given && i < count; ++i) {
        ids.push_back(static_cast<std::int64_t>(count - i) * 7);
      }
      const MemoryEstimate bytes = changing.index.estimate_memory(count);
      ASSERT_TRUE(changing.index.add({rows.data(), count, kType}, ids));
      EXPECT_GE(bytes.held, changing.index.memory_bytes());
      EXPECT_LE(bytes.held, changing.index.memory_bytes() * 2);
      EXPECT_EQ(bytes.building > bytes.held, GetParam() == IndexKind::kGraph);
    }
  }
}

TEST(IndexCancel, AtAnyMomentLeavesNothingBehind) {
  Random random(5);
  constexpr std::size_t kRows = 2500;
  Row rows(kRows * kDim);
  for (float& v : rows) v = static_cast<float>(random.normal());
  const MatrixView view{rows.data(), kRows, kType};
  for (const std::size_t before : {0, 300}) {
    for (const double share : {0.0, 0.3, 0.6, 0.95}) {
      Index index = *Index::create({.type = kType});
      const Status first = index.add(view.slice(0, before));
      ASSERT_TRUE(first);
      const std::uint64_t held = index.memory_bytes();
      CancelToken cancel;
      std::uint64_t last = 0;
      const Progress stop = [&](std::uint64_t done, std::uint64_t total) {
        EXPECT_GE(done, last) << "progress goes on";
        EXPECT_LE(done, total);
        last = done;
        if (static_cast<double>(done) >= share * static_cast<double>(total)) cancel.cancel();
      };
      const MatrixView more = view.slice(before, kRows - before);
      const Status status = index.add(more, {}, 2, stop, &cancel);
      ASSERT_FALSE(status) << share;
      EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
      EXPECT_EQ(index.size(), before);
      if (before == 0) {
        EXPECT_EQ(index.memory_bytes(), held);
      }
      ASSERT_TRUE(index.add(more));  // ids as if nothing had been
      EXPECT_EQ(index.size(), kRows);
      std::int64_t id = 0;
      float distance = 0;
      for (const std::size_t row : {std::size_t{0}, kRows / 2, kRows - 1}) {
        ASSERT_TRUE(index.search(view.slice(row, 1), {.k = 1, .effort = 100}, &id, &distance));
        EXPECT_EQ(id, static_cast<std::int64_t>(row));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, IndexChange, testing::Values(IndexKind::kFlat, IndexKind::kGraph),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

}  // namespace
}  // namespace simile
