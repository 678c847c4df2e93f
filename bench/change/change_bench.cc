/// change_bench BASE QUERIES DIM METRIC [build|insert|replace|remove|latency...]
///
/// What change costs a graph, through simile::Index, and what it leaves of the recall. BASE and
/// QUERIES are raw float32 rows, or "mixture" for ROWS=200000 that are made here; the truth is
/// found by scanning.
///   build    all rows at once; how even its progress is, and its memory beside the estimate
///   insert   the last ADD rows in batches of BATCH, into a graph of all the others
///   replace  the first half of the rows is the index; the second half replaces it, BATCH at a
///   time,
///            in random order; beside a fresh build of the second half
///   remove   90% of the rows are removed, at once and BATCH at a time; beside a fresh build
///   latency  one thread adds ADD rows in batches of BATCH, another searches all the while
/// The environment: ROWS (only the first), ADD=20000, BATCH=1000, QUERIES=1000, THREADS=1 (of the
/// changes), EFFORT=64 (of the build), SAVE=file and LOAD=file of what insert and latency add to.
/// Rates are of processor seconds: other programs then disturb them less.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "simile/base/growable_buffer.h"
#include "simile/base/random.h"
#include "simile/index.h"

namespace {

using namespace simile;

constexpr std::uint32_t kK = 10;
constexpr std::uint32_t kEfforts[] = {16, 32, 64, 128};

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

std::size_t number_of(const char* name, std::size_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

template <class T>
T must(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().message.c_str()), std::exit(1);
  return *std::move(result);
}
void must(const Status& status) {
  if (!status) std::fprintf(stderr, "%s\n", status.error().message.c_str()), std::exit(1);
}

GrowableBuffer read_file(const char* path, std::size_t limit) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", path);
    std::exit(1);
  }
  GrowableBuffer bytes;
  bytes.resize(std::min(static_cast<std::size_t>(in.tellg()), limit));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

struct Bench {
  MatrixView base;
  MatrixView queries;
  Metric metric;
  std::size_t added = number_of("ADD", 20'000);
  std::size_t batch = number_of("BATCH", 1000);
  std::uint32_t threads = static_cast<std::uint32_t>(number_of("THREADS", 1));

  Index make(IndexKind kind = IndexKind::kGraph) const {
    return must(
        Index::create({.type = base.type,
                       .metric = metric,
                       .kind = kind,
                       .build_effort = static_cast<std::uint32_t>(number_of("EFFORT", 64))}));
  }

  // Row i of the base has id i.
  void add(Index& index, std::span<const std::int64_t> ids, std::uint32_t with_threads) const {
    std::vector<std::byte> rows(ids.size() * base.type.bytes());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto* row = static_cast<const std::byte*>(base.row(static_cast<std::size_t>(ids[i])));
      std::copy_n(row, base.type.bytes(), rows.data() + i * base.type.bytes());
    }
    must(index.add({rows.data(), ids.size(), base.type}, ids, with_threads));
  }

  std::vector<std::int64_t> answers(const Index& index, std::uint32_t effort) const {
    std::vector<std::int64_t> ids(queries.rows * kK);
    std::vector<float> distances(ids.size());
    must(index.search(queries, {.k = kK, .effort = effort}, ids.data(), distances.data()));
    return ids;
  }

  void recall(const char* what, const Index& index, const std::vector<std::int64_t>& truth) const {
    std::printf("  %-22s", what);
    for (const std::uint32_t effort : kEfforts) {
      const double start = processor_seconds();
      const std::vector<std::int64_t> ids = answers(index, effort);
      const double took = processor_seconds() - start;
      std::size_t found = 0;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto first = truth.begin() + static_cast<std::ptrdiff_t>(i / kK * kK);
        found += std::find(first, first + kK, ids[i]) != first + kK;
      }
      std::printf("  %4u: %.4f %6.0f/s", effort,
                  static_cast<double>(found) / static_cast<double>(ids.size()),
                  static_cast<double>(queries.rows) / took);
    }
    std::printf("\n");
    std::fflush(stdout);
  }

  std::vector<std::int64_t> truth(std::span<const std::int64_t> ids) const {
    Index flat = make(IndexKind::kFlat);
    add(flat, ids, 2);
    return answers(flat, 0);
  }

  Index grown_to(std::size_t rows) const {
    if (const char* path = std::getenv("LOAD")) return must(Index::load(path));
    Index index = make();
    std::vector<std::int64_t> ids(rows);
    std::iota(ids.begin(), ids.end(), 0);
    add(index, ids, 2);
    if (const char* path = std::getenv("SAVE")) must(index.save(path));
    return index;
  }

  void build() const {
    Index index = make();
    const MemoryEstimate estimate = index.estimate_memory(base.rows);
    std::vector<std::pair<double, double>> progress;  // seconds, share done
    const double start = seconds();
    must(index.add(base, {}, 2, [&](std::uint64_t done, std::uint64_t total) {
      progress.emplace_back(seconds() - start,
                            static_cast<double>(done) / static_cast<double>(total));
    }));
    const double took = seconds() - start;
    double off = 0;
    for (const auto& [at, share] : progress) off = std::max(off, std::abs(at / took - share));
    std::printf("build: %.1f s; progress told %zu times, off by at most %.2f of the time\n", took,
                progress.size(), off);
    std::printf("  %.1f MB held, %.1f estimated; %.1f while building\n",
                static_cast<double>(index.memory_bytes()) * 1e-6,
                static_cast<double>(estimate.held) * 1e-6,
                static_cast<double>(estimate.building) * 1e-6);
  }

  void insert() const {
    Index index = grown_to(base.rows - added);
    std::vector<std::int64_t> ids(base.rows);
    std::iota(ids.begin(), ids.end(), 0);
    // The first batch is not counted: it makes what a loaded index has not yet.
    double start = processor_seconds();
    double start_wall = seconds();
    std::size_t counted = 0;
    for (std::size_t i = base.rows - added; i < base.rows; i += batch) {
      const std::size_t count = std::min(batch, base.rows - i);
      add(index, std::span(ids).subspan(i, count), threads);
      if (i == base.rows - added) {
        start = processor_seconds();
        start_wall = seconds();
      } else {
        counted += count;
      }
    }
    std::printf("insert: %.0f/s of processor, %.0f/s, into %zu rows, %zu at a time\n",
                static_cast<double>(counted) / (processor_seconds() - start),
                static_cast<double>(counted) / (seconds() - start_wall), base.rows - added, batch);
    std::fflush(stdout);
    recall("after", index, truth(ids));
  }

  void replace() const {
    const std::size_t half = base.rows / 2;
    std::vector<std::int64_t> before(half);
    std::vector<std::int64_t> after(half);
    std::iota(before.begin(), before.end(), 0);
    std::iota(after.begin(), after.end(), static_cast<std::int64_t>(half));
    const std::vector<std::int64_t> nearest = truth(after);
    Index fresh = make();
    add(fresh, after, 2);
    std::printf("replace: %zu rows, %zu at a time\n", half, batch);
    recall("fresh", fresh, nearest);
    Index index = make();
    add(index, before, 2);
    const std::uint64_t memory = index.memory_bytes();
    Random random(1);
    for (auto* ids : {&before, &after}) {
      for (std::size_t i = half; i > 1; --i) std::swap((*ids)[i - 1], (*ids)[random.below(i)]);
    }
    double removing = 0;
    double adding = 0;
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < half; i += batch) {
      const std::size_t count = std::min(batch, half - i);
      const double start = processor_seconds();
      must(index.remove(std::span(before).subspan(i, count)));
      const double middle = processor_seconds();
      add(index, std::span(after).subspan(i, count), threads);
      removing += middle - start;
      adding += processor_seconds() - middle;
      most = std::max(most, index.memory_bytes());
    }
    recall("all replaced", index, nearest);
    std::printf("  removed %.0f/s, added %.0f/s of processor; memory at most %.3f of before\n",
                static_cast<double>(half) / removing, static_cast<double>(half) / adding,
                static_cast<double>(most) / static_cast<double>(memory));
  }

  void remove() const {
    std::vector<std::int64_t> ids(base.rows);
    std::iota(ids.begin(), ids.end(), 0);
    Random random(2);
    for (std::size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[random.below(i)]);
    const auto gone = std::span(ids).first(ids.size() / 10 * 9);
    std::vector<std::int64_t> kept(ids.begin() + static_cast<std::ptrdiff_t>(gone.size()),
                                   ids.end());
    std::ranges::sort(kept);
    const std::vector<std::int64_t> nearest = truth(kept);
    Index fresh = make();
    add(fresh, kept, 2);
    std::printf("remove: 90%% of %zu rows\n", base.rows);
    recall("fresh", fresh, nearest);
    for (const std::size_t step : {gone.size(), batch}) {
      Index index = grown_to(base.rows);
      const double start = processor_seconds();
      for (std::size_t i = 0; i < gone.size(); i += step) {
        must(index.remove(gone.subspan(i, std::min(step, gone.size() - i))));
      }
      const double took = processor_seconds() - start;
      recall(step == batch ? "removed in batches" : "removed at once", index, nearest);
      std::printf("  %.0f/s of processor\n", static_cast<double>(gone.size()) / took);
    }
  }

  void latency() const {
    Index index = grown_to(base.rows - added);
    std::vector<std::int64_t> ids(base.rows);
    std::iota(ids.begin(), ids.end(), 0);
    const auto search_until = [&](const auto& enough) {
      std::vector<double> waited;
      std::vector<std::int64_t> out(kK);
      std::vector<float> distances(kK);
      for (std::size_t q = 0; !enough(q); ++q) {
        const double start = seconds();
        must(index.search(queries.slice(q % queries.rows, 1), {.k = kK, .effort = 64}, out.data(),
                          distances.data()));
        waited.push_back(seconds() - start);
      }
      std::ranges::sort(waited);
      const auto at = [&](double share) {
        return 1e3 *
               waited[static_cast<std::size_t>(share * static_cast<double>(waited.size() - 1))];
      };
      std::printf("  %zu searches, ms: p50 %.3f  p99 %.3f  p99.9 %.3f  longest %.3f\n",
                  waited.size(), at(0.5), at(0.99), at(0.999), at(1));
    };
    std::printf("latency: searches alone\n");
    search_until([&](std::size_t q) { return q == 20'000; });
    std::printf("latency: while %zu rows are added, %zu at a time\n", added, batch);
    std::atomic<bool> done{false};
    const double start = seconds();
    std::jthread writer([&] {
      for (std::size_t i = base.rows - added; i < base.rows; i += batch) {
        add(index, std::span(ids).subspan(i, std::min(batch, base.rows - i)), threads);
      }
      std::printf("  added %.0f/s\n", static_cast<double>(added) / (seconds() - start));
      done = true;
    });
    search_until([&](std::size_t) { return done.load(); });
  }
};

// Vectors of few inner dimensions around centres, as features are.
GrowableBuffer mixture(std::size_t rows, std::size_t dim, std::uint64_t seed) {
  constexpr std::size_t kInner = 24;
  constexpr std::size_t kCentres = 200;
  Random shared(1);
  const auto normals = [&](Random& random, std::size_t count) {
    std::vector<double> out(count);
    for (double& v : out) v = random.normal();
    return out;
  };
  const std::vector<double> directions = normals(shared, kInner * dim);
  const std::vector<double> centres = normals(shared, kCentres * kInner);
  GrowableBuffer bytes;
  bytes.resize(rows * dim * sizeof(float));
  Random random(seed);
  std::vector<double> row(dim);
  for (std::size_t i = 0; i < rows; ++i) {
    for (double& v : row) v = 0.1 * random.normal();
    const double* centre = centres.data() + random.below(1 + random.below(kCentres)) * kInner;
    for (std::size_t k = 0; k < kInner; ++k) {
      const double inner = 1.5 * centre[k] + random.normal();
      for (std::size_t d = 0; d < dim; ++d) row[d] += inner * directions[k * dim + d];
    }
    for (std::size_t d = 0; d < dim; ++d) {
      bytes.as<float>()[i * dim + d] = static_cast<float>(row[d]);
    }
  }
  return bytes;
}

Metric metric_of(const std::string& name) {
  return name == "ip" ? Metric::kInnerProduct : name == "cosine" ? Metric::kCosine : Metric::kL2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr,
                 "usage: change_bench BASE QUERIES DIM METRIC "
                 "[build|insert|replace|remove|latency...]\n");
    return 2;
  }
  const VectorType type{ElementType::kFloat32,
                        static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10))};
  const bool made = std::string_view(argv[1]) == "mixture";
  const std::size_t rows = number_of("ROWS", made ? 200'000 : ~std::size_t{0} / type.bytes());
  const std::size_t asked = number_of("QUERIES", 1000);
  const GrowableBuffer base =
      made ? mixture(rows, type.dim, 2) : read_file(argv[1], rows * type.bytes());
  const GrowableBuffer queries =
      made ? mixture(asked, type.dim, 3) : read_file(argv[2], asked * type.bytes());
  const Bench bench{MatrixView(base.data(), base.size() / type.bytes(), type),
                    MatrixView(queries.data(), queries.size() / type.bytes(), type),
                    metric_of(argv[4])};
  std::vector<std::string_view> wanted(argv + 5, argv + argc);
  if (wanted.empty()) wanted = {"build", "insert", "replace", "remove", "latency"};
  for (const std::string_view what : wanted) {
    if (what == "build") bench.build();
    if (what == "insert") bench.insert();
    if (what == "replace") bench.replace();
    if (what == "remove") bench.remove();
    if (what == "latency") bench.latency();
  }
}
