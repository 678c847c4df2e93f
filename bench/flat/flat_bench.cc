/// Exact search beside the machine's limits, on one thread:
///
///   one      one query at a time: bytes of rows per second, and the share of the bandwidth of
///            reading the same bytes in order
///   batch    many queries in one call: two operations a component, and the share of the speed of a
///            matrix product (sgemm, in its best shape) of the same rows and queries as float32;
///            selection of the k nearest is included on our side only
///
///   flat_bench [--blas library] [--mib size of the rows] [--queries n] [--k n] [dim ...]
///
/// All figures are processor time, the best of several turns, and the two sides take turns.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "../kernels/machine_limits.h"
#include "blas.h"
#include "simile/base/aligned_buffer.h"
#include "simile/base/random.h"
#include "simile/index/index.h"
#include "simile/kernels/distance.h"

namespace simile::bench {
namespace {

struct Arguments {
  std::string blas;
  std::size_t bytes = std::size_t{512} << 20;
  std::size_t queries = 448;
  std::uint32_t k = 10;
  std::vector<std::size_t> dims;
};

struct Best {
  double seconds = std::numeric_limits<double>::infinity();
  template <class Work>
  void turn(const Work& work) {
    seconds = std::min(seconds, fastest_seconds(1, work));
  }
};

class FlatBench {
 public:
  explicit FlatBench(const Arguments& arguments)
      : arguments_(arguments), blas_(arguments.blas), memory_(arguments.bytes) {
    const double bandwidth = streaming_bandwidth(memory_.data(), memory_.size());
    std::printf("one core: %.1f GB/s read in order, %.0f GFLOP/s %s; sgemm %s\n", bandwidth * 1e-9,
                kernels_peak() * 1e-9,
                std::string(kernels::name_of(kernels::active_target())).c_str(),
                blas_.available() ? arguments.blas.c_str() : "not found");
    std::printf("%-8s %-6s %5s %9s | %8s %6s | %8s %6s\n", "rows", "metric", "dim", "count",
                "one GB/s", "share", "GFLOP/s", "share");
  }

  void run(std::size_t dim) {
    product_ = {};
    for (const ElementType element : {ElementType::kFloat32, ElementType::kFloat16,
                                      ElementType::kBFloat16, ElementType::kInt8}) {
      fill(element, dim);
      for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
        measure(element, metric, dim);
        if (element != ElementType::kFloat32) break;
      }
    }
  }

 private:
  static double kernels_peak() { return multiply_add_peak(kernels::active_target()); }

  // The same number of rows for every type: that which fills the memory as float32.
  void fill(ElementType element, std::size_t dim) {
    type_ = {element, static_cast<std::uint32_t>(dim)};
    rows_ = arguments_.bytes / (dim * sizeof(float));
    Random random(1);
    std::vector<float> row(dim);
    std::vector<std::int8_t> bytes(dim);
    queries_.resize(arguments_.queries * dim);
    for (float& x : queries_) x = static_cast<float>(random.normal());
    for (std::size_t i = 0; i < rows_; ++i) {
      for (float& x : row)
        x = static_cast<float>(static_cast<double>(random.next() >> 40)) * 0x1p-23f - 1;
      std::byte* to = memory_.data() + i * type_.bytes();
      if (element == ElementType::kFloat32) {
        std::memcpy(to, row.data(), type_.bytes());
      } else if (element == ElementType::kInt8) {
        for (std::size_t d = 0; d < dim; ++d) bytes[d] = static_cast<std::int8_t>(row[d] * 100);
        std::memcpy(to, bytes.data(), dim);
      } else {
        kernels::from_float32(element, row.data(), dim, to);
      }
    }
    byte_queries_.clear();
    for (const float x : queries_) {
      byte_queries_.push_back(static_cast<std::int8_t>(std::clamp(x * 40, -127.0f, 127.0f)));
    }
  }

  void measure(ElementType element, Metric metric, std::size_t dim) {
    const MatrixView rows(memory_.data(), rows_, type_);
    std::vector<float> lengths;
    if (metric == Metric::kCosine) {
      lengths.resize(rows_);
      index::inverse_lengths(rows, lengths);
    }
    const auto index = index::make_flat({rows, lengths}, metric);
    const bool is_int8 = element == ElementType::kInt8;
    const VectorType query_type{is_int8 ? ElementType::kInt8 : ElementType::kFloat32, type_.dim};
    const MatrixView queries(is_int8 ? static_cast<const void*>(byte_queries_.data())
                                     : static_cast<const void*>(queries_.data()),
                             arguments_.queries, query_type);
    std::vector<index::Hit> hits(arguments_.queries * arguments_.k);
    const index::SearchOptions options{.k = arguments_.k};
    const std::size_t bytes = rows_ * type_.bytes();
    Best one, batch;
    double bandwidth = 0;
    for (int turn = 0; turn < 5; ++turn) {
      bandwidth = std::max(bandwidth, streaming_bandwidth(memory_.data(), bytes / 64 * 64));
      one.turn([&] { index->search(queries.slice(0, 1), options, hits.data()); });
    }
    for (int turn = 0; turn < 3; ++turn) {
      if (blas_.available() && element == ElementType::kFloat32) turn_products(dim);
      batch.turn([&] { index->search(queries, options, hits.data()); });
    }
    const double speed = static_cast<double>(bytes) / one.seconds;
    const double work = 2.0 * static_cast<double>(rows_ * dim * arguments_.queries);
    std::printf("%-8s %-6s %5zu %9zu | %8.1f %6.2f | %8.1f %6.2f\n",
                std::string(name_of(element)).c_str(), std::string(name_of(metric)).c_str(), dim,
                rows_, speed * 1e-9, speed / bandwidth, work / batch.seconds * 1e-9,
                blas_.available() ? product_.seconds / batch.seconds : std::nan(""));
    std::fflush(stdout);
  }

  // The fastest of several ways to cut the rows and of both orders of the operands: one fixed cut
  // showed 153 GFLOP/s where another reached 178, and made our share look larger than it is.
  void turn_products(std::size_t dim) {
    for (const std::size_t part : {512, 2048, 8192}) {
      for (const bool rows_first : {true, false}) {
        product_.turn([&] { multiply(dim, part, rows_first); });
      }
    }
  }

  // Part by part, so that the products stay in cache: a search need not keep them either.
  void multiply(std::size_t dim, std::size_t part, bool rows_first) {
    products_.resize(part * arguments_.queries);
    for (std::size_t first = 0; first < rows_; first += part) {
      const float* rows = memory_.as<float>() + first * dim;
      const std::size_t count = std::min(part, rows_ - first);
      if (rows_first) {
        blas_.product(rows, count, queries_.data(), arguments_.queries, dim, products_.data());
      } else {
        blas_.product(queries_.data(), arguments_.queries, rows, count, dim, products_.data());
      }
    }
  }

  Arguments arguments_;
  Blas blas_;
  AlignedBuffer memory_;
  VectorType type_{ElementType::kFloat32, 1};
  std::size_t rows_ = 0;
  std::vector<float> queries_;
  std::vector<std::int8_t> byte_queries_;
  std::vector<float> products_;
  Best product_;  // of float32 rows: what other types leave in memory are no sensible floats
};

// What follows the option at `i`, which moves on to it; 0 where that is no number.
std::size_t number_after(int argc, char** argv, int& i) {
  return ++i < argc ? std::strtoul(argv[i], nullptr, 10) : 0;
}

bool read(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--blas" && i + 1 < argc) {
      arguments.blas = argv[++i];
    } else if (word == "--mib") {
      arguments.bytes = number_after(argc, argv, i) << 20;
    } else if (word == "--queries") {
      arguments.queries = number_after(argc, argv, i);
    } else if (word == "--k") {
      arguments.k = static_cast<std::uint32_t>(number_after(argc, argv, i));
    } else {
      arguments.dims.push_back(std::strtoul(argv[i], nullptr, 10));
      if (arguments.dims.back() == 0 || arguments.dims.back() > kMaxDimension) return false;
    }
  }
  if (arguments.dims.empty()) arguments.dims = {25, 96, 100, 128, 384, 768, 784, 960, 1536};
  return arguments.bytes > 0 && arguments.queries > 0 && arguments.k > 0;
}

}  // namespace
}  // namespace simile::bench

int main(int argc, char** argv) {
  simile::bench::Arguments arguments;
  if (!simile::bench::read(argc, argv, arguments)) {
    std::fprintf(stderr,
                 "usage: flat_bench [--blas library] [--mib n] [--queries n] [--k n] [dim ...]\n");
    return 2;
  }
  simile::bench::FlatBench bench(arguments);
  for (const std::size_t dim : arguments.dims) bench.run(dim);
  return 0;
}
