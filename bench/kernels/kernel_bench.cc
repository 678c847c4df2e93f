/// Every distance x target x dimension, beside what the machine can do:
///
///   pair    one row after another, in L1
///   scan    rows in order, far more of them than fit in any cache
///   gather  the same rows in random order, 32 ids a call, as a graph's edges are followed
///   screen  112 queries against 4,032 rows, packing of the rows included, none of them near enough
///
///   kernel_bench [dim ...]      SIMILE_TARGET=avx2 kernel_bench 128   for one target
///
/// ns is per distance, GB/s what is read of rows, GFLOP/s three operations a component for L2 and
/// two otherwise; the screen's are the two of a matrix product. It has no metric, and no bits.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "machine_limits.h"
#include "simile/base/aligned_buffer.h"
#include "simile/base/random.h"
#include "simile/kernels/distance.h"
#include "simile/kernels/screen.h"

namespace simile::bench {
namespace {

using kernels::DistanceFunctions;
using kernels::Op;
using kernels::Target;

constexpr std::size_t kMemoryBytes = std::size_t{1} << 29;
constexpr std::size_t kGatherRows = 1 << 16;
constexpr std::size_t kIdsAtOnce = 32;
constexpr std::size_t kQueries = 112;
constexpr std::size_t kBlockRows = 4032;
constexpr std::size_t kRowsAtOnce = 96;  // whole panels of every target

struct Kernel {
  const char* name;
  Op op;
  ElementType element;
};

constexpr Kernel kKernels[] = {
    {"l2 float32", Op::kL2, ElementType::kFloat32},
    {"ip float32", Op::kInnerProduct, ElementType::kFloat32},
    {"l2 float16", Op::kL2, ElementType::kFloat16},
    {"l2 bfloat16", Op::kL2, ElementType::kBFloat16},
    {"l2 int8", Op::kL2, ElementType::kInt8},
    {"ip int8", Op::kInnerProduct, ElementType::kInt8},
    {"hamming bit", Op::kHamming, ElementType::kBit},
    {"jaccard bit", Op::kJaccard, ElementType::kBit},
};

/// Rows that fill the memory, and queries of small numbers.
class Workload {
 public:
  Workload() : memory_(kMemoryBytes), queries_(kQueries * kMaxDimension * sizeof(float) / 8) {
    for (std::size_t i = 0; i < kGatherRows; ++i) order_.push_back(random_.next());
  }

  /// Numbers in [0, 1) as floats, any bytes otherwise.
  void fill(ElementType element) {
    const std::size_t count = queries_.size() / sizeof(float);
    for (std::size_t i = 0; i < count; ++i) {
      queries_.as<float>()[i] = static_cast<float>(random_.uniform());
    }
    const bool half = element == ElementType::kFloat16 || element == ElementType::kBFloat16;
    std::size_t filled = count * (half ? 2 : 4);
    if (half) {
      kernels::from_float32(element, queries_.as<float>(), count, memory_.data());
    } else if (element == ElementType::kFloat32) {
      std::memcpy(memory_.data(), queries_.data(), filled);
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        memory_.as<std::uint32_t>()[i] = static_cast<std::uint32_t>(random_.next());
      }
      std::memcpy(queries_.data(), memory_.data() + filled / 2, filled / 2);
    }
    for (; filled < kMemoryBytes; filled *= 2) {
      std::memcpy(memory_.data() + filled, memory_.data(), std::min(filled, kMemoryBytes - filled));
    }
  }

  const AlignedBuffer& memory() const { return memory_; }

  void measure(const Kernel& kernel, Target target, std::size_t dim) {
    functions_ = &kernels::distance_functions(kernel.op, kernel.element, target);
    dim_ = dim;
    row_bytes_ = VectorType{kernel.element, static_cast<std::uint32_t>(dim)}.bytes();
    const double operations = static_cast<double>(dim) * (kernel.op == Op::kInnerProduct ? 2 : 3);
    std::printf("%-12s %-7s %5zu", kernel.name, std::string(kernels::name_of(target)).c_str(), dim);
    report(pair_seconds(), operations);
    report(scan_seconds(), operations);
    report(gather_seconds(), operations);
    if (kernel.element != ElementType::kBit) {
      report(screen_seconds(kernel.element, target), static_cast<double>(dim) * 2);
    }
    std::printf("\n");
    std::fflush(stdout);
  }

 private:
  void report(double seconds, double operations) const {
    std::printf(" | %8.2f %6.1f %7.1f", seconds * 1e9,
                static_cast<double>(row_bytes_) / seconds * 1e-9, operations / seconds * 1e-9);
  }

  /// Each distance waits for nothing of the one before.
  double pair_seconds() const {
    constexpr std::size_t kCalls = 20'000;
    const std::size_t rows = std::max<std::size_t>(1, 16 * 1024 / row_bytes_);
    return fastest_seconds(9,
                           [&] {
                             float sum = 0;
                             std::size_t row = 0;
                             for (std::size_t i = 0; i < kCalls; ++i) {
                               sum += functions_->pair(queries_.data(),
                                                       memory_.data() + row * row_bytes_, dim_);
                               row = row + 1 == rows ? 0 : row + 1;
                             }
                             result_ = sum;
                           }) /
           kCalls;
  }

  double scan_seconds() {
    const std::size_t rows = std::min<std::size_t>(kMemoryBytes / row_bytes_, 1 << 21);
    out_.resize(rows);
    return fastest_seconds(5,
                           [&] {
                             functions_->scan(queries_.data(), memory_.data(), row_bytes_, rows,
                                              dim_, out_.data());
                           }) /
           static_cast<double>(rows);
  }

  double gather_seconds() {
    const std::size_t rows = kMemoryBytes / row_bytes_;
    std::vector<std::uint32_t> ids;
    for (const std::uint64_t place : order_)
      ids.push_back(static_cast<std::uint32_t>(place % rows));
    out_.resize(kGatherRows);
    return fastest_seconds(5,
                           [&] {
                             for (std::size_t i = 0; i < kGatherRows; i += kIdsAtOnce) {
                               functions_->gather(queries_.data(), memory_.data(), row_bytes_,
                                                  ids.data() + i, kIdsAtOnce, dim_,
                                                  out_.data() + i);
                             }
                           }) /
           kGatherRows;
  }

  double screen_seconds(ElementType element, Target target) {
    const kernels::ScreenFunctions& functions = kernels::screen_functions(element, target);
    const std::size_t bytes = functions.packed_bytes(dim_);
    const std::size_t room = kBlockRows + functions.panel_rows;
    AlignedBuffer queries((kQueries + functions.tile_queries) * 2 * bytes);
    AlignedBuffer rows(kRowsAtOnce * bytes + functions.panel_rows * bytes);
    std::vector<float> ones(room, 1);
    std::vector<float> lengths(room);
    std::vector<std::int32_t> offsets(kQueries);
    std::vector<kernels::ScreenQuery> states(
        kQueries, {-std::numeric_limits<float>::infinity(), 1, 1, 0, nullptr, 0});
    functions.pack_queries(
        {queries_.data(), dim_ * sizeof(float), nullptr, kQueries, dim_, nullptr}, queries.data(),
        offsets.data());
    kernels::Screen screen{};
    screen.queries = queries.data();
    screen.states = states.data();
    screen.query_count = kQueries;
    screen.rows = rows.data();
    screen.row_count = kRowsAtOnce;
    screen.dim = dim_;
    screen.row_terms = ones.data();
    screen.row_factors = ones.data();
    screen.limit = 1;
    return fastest_seconds(7,
                           [&] {
                             for (std::size_t r = 0; r < kBlockRows; r += kRowsAtOnce) {
                               functions.pack_rows({memory_.data() + r * row_bytes_, row_bytes_,
                                                    nullptr, kRowsAtOnce, dim_, nullptr},
                                                   rows.data(), lengths.data());
                               functions.screen(screen);
                             }
                           }) /
           (kQueries * kBlockRows);
  }

  Random random_{1};
  AlignedBuffer memory_;
  AlignedBuffer queries_;
  std::vector<std::uint64_t> order_;
  std::vector<float> out_;
  const DistanceFunctions* functions_ = nullptr;
  std::size_t dim_ = 0;
  std::size_t row_bytes_ = 0;
  mutable volatile float result_ = 0;
};

int run(const std::vector<std::size_t>& dims) {
  const std::vector<Target> targets = std::getenv("SIMILE_TARGET") != nullptr
                                          ? std::vector<Target>{kernels::active_target()}
                                          : kernels::supported_targets();
  Workload workload;
  std::printf("one core: %.1f GB/s read in order",
              streaming_bandwidth(workload.memory().data(), kMemoryBytes) * 1e-9);
  for (const Target target : targets) {
    const double peak = multiply_add_peak(target);
    if (peak > 0) {
      std::printf(", %.0f GFLOP/s %s", peak * 1e-9, std::string(kernels::name_of(target)).c_str());
    }
  }
  std::printf("\n%26s", "");
  for (const char* function : {"pair in L1", "scan", "gather", "screen"}) {
    std::printf(" | %-23s", function);
  }
  std::printf("\n%26s", "");
  for (int i = 0; i < 4; ++i) std::printf(" | %8s %6s %7s", "ns", "GB/s", "GFLOP/s");
  std::printf("\n");
  for (const Kernel& kernel : kKernels) {
    workload.fill(kernel.element);
    for (const std::size_t dim : dims) {
      if (kernel.element == ElementType::kBit && dim % 8 != 0) continue;
      for (const Target target : targets) workload.measure(kernel, target, dim);
    }
  }
  return 0;
}

}  // namespace
}  // namespace simile::bench

int main(int argc, char** argv) {
  std::vector<std::size_t> dims;
  for (int i = 1; i < argc; ++i) {
    const std::size_t dim = std::strtoul(argv[i], nullptr, 10);
    if (dim == 0 || dim > 8192) {
      std::fprintf(stderr, "kernel_bench: dim must be 1 to 8192: %s\n", argv[i]);
      return 2;
    }
    dims.push_back(dim);
  }
  return simile::bench::run(dims.empty() ? std::vector<std::size_t>{96, 128, 384, 768, 1536}
                                         : dims);
}
