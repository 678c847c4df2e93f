/// graph_bench BASE QUERIES TRUTH DIM METRIC [effort, or recall up to 1...]
///
/// Builds a graph over raw float32 rows and prints, for each effort, recall@10 and queries a second
/// on one thread, one at a time and as a batch, in processor time: other programs then disturb it
/// less. TRUTH holds 100 int32 row numbers a query. The environment: THREADS=2 (of the build),
/// DEGREE=32, EFFORT=64 (of the build), ROWS (only the first), MEMORY=1 (to optimise
/// for memory), RAW=1 (rows stay float32), SAVE=file, LOAD=file, PASSES=3.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "simile/base/growable_buffer.h"
#include "simile/index/graph/graph_index.h"
#include "simile/index/index.h"
#include "simile/io/section_file.h"
#include "simile/io/storage.h"
#include "simile/quantization/compact_rows.h"

namespace {

using namespace simile;

constexpr std::size_t kK = 10;
constexpr std::size_t kTruth = 100;

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

GrowableBuffer read_file(const char* path, std::size_t limit = ~std::size_t{0}) {
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

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  in >> all >> resident;
  return resident * 4096;
}

struct Bench {
  MatrixView base;
  MatrixView queries;
  const std::int32_t* truth;
  Metric metric;
  std::vector<float> inverse;

  index::Rows rows() const { return {base, inverse}; }

  std::unique_ptr<index::VectorIndex> make() const {
    const auto storage = *io::open_posix_storage("/", false);
    if (const char* path = std::getenv("LOAD")) {
      auto file = storage->open(path + 1);
      auto reader = io::SectionReader::open(*std::move(file), "graph", 1);
      auto index = index::load_graph(**reader, rows(), metric);
      if (!index) std::fprintf(stderr, "%s\n", index.error().message.c_str()), std::exit(1);
      return *std::move(index);
    }
    const index::GraphOptions options{
        .degree = static_cast<std::uint32_t>(number_of("DEGREE", 32)),
        .build_effort = static_cast<std::uint32_t>(number_of("EFFORT", 64)),
        .optimize = number_of("MEMORY", 0) != 0 ? Optimize::kMemory : Optimize::kSpeed};
    const auto threads = static_cast<std::uint32_t>(number_of("THREADS", 2));
    const std::size_t before = resident_bytes();
    const double start = seconds();
    const double start_cpu = processor_seconds();
    auto index = index::build_graph(rows(), metric, options, {.threads = threads});
    if (!index) std::fprintf(stderr, "%s\n", index.error().message.c_str()), std::exit(1);
    std::printf("build: %.1f s, %.1f s of processor; %.0f bytes a row held, %.0f resident\n",
                seconds() - start, processor_seconds() - start_cpu,
                static_cast<double>((*index)->memory_bytes()) / static_cast<double>(base.rows),
                static_cast<double>(resident_bytes() - before) / static_cast<double>(base.rows));
    if (const char* path = std::getenv("SAVE")) {
      std::remove(path);
      auto writer = io::SectionWriter::create(*storage, path + 1, "graph", 1);
      if (!(*index)->save(**writer) || !(*writer)->finish()) std::exit(1);
    }
    return *std::move(index);
  }

  // As ann-benchmarks counts: as near as the true k-th, however ties fall.
  double recall(const std::vector<index::Hit>& hits) const {
    std::size_t found = 0;
    for (std::size_t q = 0; q < queries.rows; ++q) {
      const std::int32_t* nearest = truth + q * kTruth;
      for (std::size_t i = 0; i < kK; ++i) {
        const auto row = static_cast<std::int32_t>(value_of(hits[q * kK + i].row));
        found += std::find(nearest, nearest + kK, row) != nearest + kK;
      }
    }
    return static_cast<double>(found) / static_cast<double>(queries.rows * kK);
  }

  // As searches with `recall=` do: with what the rows alone show, then with remembered queries.
  void measure_recall(const index::VectorIndex& index, float recall) const {
    for (const std::size_t asked : {std::size_t{1}, queries.rows}) {
      const double start = processor_seconds();
      const std::uint32_t effort = index.effort_for(queries.slice(0, asked), kK, recall);
      std::printf("recall %.3f asked, %zu queries known: %.2f s; ", static_cast<double>(recall),
                  asked, processor_seconds() - start);
      measure(index, effort);
    }
  }

  void measure(const index::VectorIndex& index, std::uint32_t effort) const {
    const index::SearchOptions options{.k = kK, .effort = effort};
    std::vector<index::Hit> hits(queries.rows * kK);
    double one = 1e30;
    double batch = 1e30;
    for (std::size_t pass = 0; pass < number_of("PASSES", 3); ++pass) {
      double start = processor_seconds();
      for (std::size_t q = 0; q < queries.rows; ++q) {
        index.search(queries.slice(q, 1), options, hits.data() + q * kK);
      }
      one = std::min(one, processor_seconds() - start);
      start = processor_seconds();
      index.search(queries, options, hits.data());
      batch = std::min(batch, processor_seconds() - start);
    }
    const auto count = static_cast<double>(queries.rows);
    std::printf("effort %4u  recall %.4f  one %7.0f/s  batch %7.0f/s\n", effort, recall(hits),
                count / one, count / batch);
    std::fflush(stdout);
  }
};

Metric metric_of(const std::string& name) {
  return name == "ip" ? Metric::kInnerProduct : name == "cosine" ? Metric::kCosine : Metric::kL2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: graph_bench BASE QUERIES TRUTH DIM METRIC [effort...]\n");
    return 2;
  }
  const VectorType type{ElementType::kFloat32,
                        static_cast<std::uint32_t>(std::strtoul(argv[4], nullptr, 10))};
  const std::size_t limit = number_of("ROWS", ~std::size_t{0} / type.bytes()) * type.bytes();
  GrowableBuffer base = read_file(argv[1], limit);
  const GrowableBuffer queries = read_file(argv[2], number_of("QUERIES", 10'000) * type.bytes());
  const GrowableBuffer truth = read_file(argv[3]);
  quantization::CompactRows rows(type, std::getenv("RAW") == nullptr);
  rows.append(MatrixView(base.data(), base.size() / type.bytes(), type), 0);
  base = {};
  Bench bench{rows.view(),
              MatrixView(queries.data(), queries.size() / type.bytes(), type),
              truth.as<std::int32_t>(),
              metric_of(argv[5]),
              {}};
  if (bench.metric == Metric::kCosine) {
    bench.inverse.resize(bench.base.rows);
    index::inverse_lengths(bench.base, bench.inverse);
  }
  const auto index = bench.make();
  for (int i = 6; i < argc; ++i) {
    const double number = std::strtod(argv[i], nullptr);
    if (number > 1) {
      bench.measure(*index, static_cast<std::uint32_t>(number));
    } else {
      bench.measure_recall(*index, static_cast<float>(number));
    }
  }
}
