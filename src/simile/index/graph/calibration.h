#pragma once
/// Which beam width reaches an asked recall: measured on queries made of the graph's own rows, and
/// on such as it has been asked.
///
/// 1. Rows are searched for as if they were not there: the walk passes their nodes over. So they
///    stand for queries that come from where rows come from. (A row that may find itself is found
///    at once, through edges that were chosen for it.) This gives rather too much effort: the edges
///    to such a node are lost to the walk.
/// 2. Of the queries asked for a recall a sample is remembered. From kRememberedMin on they are
///    measured as well, and the larger effort counts; from kRememberedMax on they count alone,
///    since they may come from elsewhere than rows, or be easier. They are measured again whenever
///    there were eight times as many.
/// 3. True neighbours are what a walk of a very wide beam finds.
/// 4. Widths are tried from k on, each a fifth larger, until the mean recall less its standard
///    error is what was asked; between two of them the effort is interpolated. What was measured is
///    kept, for each k, until the number of nodes has changed by a fourth.
///
/// The same rows, graph and sequence of searches give the same efforts. Thread rule: any call from
/// any thread; what has to be measured first is waited for.

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "simile/base/bytes.h"
#include "simile/index/index.h"

namespace simile::index {

class Calibration {
 public:
  static constexpr std::size_t kHeldOut = 256;
  static constexpr std::size_t kRememberedMin = 32;
  static constexpr std::size_t kRememberedMax = 256;
  static constexpr std::uint32_t kEffortMax = 8192;

  /// Searches with this beam width, without a filter, for k hits a query, as if `held_out`, a node
  /// for each query, were not there; empty: all are.
  using Search =
      std::function<void(const MatrixView& queries, std::uint32_t k, std::uint32_t effort,
                         std::span<const std::uint32_t> held_out, Hit* hits)>;

  Calibration() = default;
  Calibration(Calibration&& other) noexcept : state_(std::move(other.state_)) {}

  /// The effort for `recall` of the `k` nearest. `vectors`: those of the graph; `row_of`: the row
  /// of each node. `asked`: the queries that it is for.
  std::uint32_t effort_for(const MatrixView& vectors, std::span<const std::uint32_t> row_of,
                           std::uint32_t k, float recall, const MatrixView& asked,
                           const Search& search);

  /// What has been measured, by k, then effort: recall is the lowest of the kinds of queries.
  std::vector<CalibrationPoint> points() const;

  bool empty() const;
  void write(ByteWriter& writer) const;
  /// Queries have `query_bytes`. False, and nothing is taken over, where the bytes make no sense.
  bool read(std::span<const std::byte> bytes, std::size_t query_bytes);

 private:
  // The recall of one set of queries for one k; efforts ascend.
  struct Curve {
    bool shows(float recall) const {
      return !points.empty() &&
             (points.back().recall >= recall || points.back().effort >= kEffortMax);
    }
    std::uint32_t k = 0;
    std::uint64_t seen = 0;  // queries when it was measured, a power of 8; 0: of rows held out
    std::vector<CalibrationPoint> points;
  };
  struct State {
    std::uint64_t nodes = 0;  // when it was measured
    std::vector<Curve> curves;
    std::vector<std::byte> queries;  // remembered
    std::size_t remembered = 0;
    std::uint64_t seen = 0;
  };

  void remember(const MatrixView& asked);
  static void measure(Curve& curve, const MatrixView& queries,
                      std::span<const std::uint32_t> held_out, float recall, const Search& search);
  static std::uint32_t effort_on(const Curve& curve, float recall);
  Curve& curve_of(std::uint32_t k, std::uint64_t seen);

  State state_;
  mutable std::mutex mutex_;
};

}  // namespace simile::index
