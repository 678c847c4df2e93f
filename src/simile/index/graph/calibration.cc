#include "simile/index/graph/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "simile/base/random.h"
#include "simile/kernels/distance.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::index {

namespace {

constexpr std::uint32_t kTruthEffort = 1024;
constexpr std::uint32_t kTruthShare = 4;  // of k; the wider counts
constexpr double kStep = 1.2;
constexpr std::size_t kCurvesMax = 4096;

std::uint32_t next_effort(std::uint32_t effort) {
  const auto next = static_cast<std::uint32_t>(static_cast<double>(effort) * kStep);
  return std::min(std::max(next, effort + 2), Calibration::kEffortMax);
}

/// Rows as queries, spread over all of them.
class HeldOut {
 public:
  HeldOut(const MatrixView& vectors, std::span<const std::uint32_t> row_of)
      : type_(quantization::query_type(vectors.type)) {
    const std::size_t count = std::min(Calibration::kHeldOut, row_of.size());
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t node = i * row_of.size() / count;
      while (node < row_of.size() && row_of[node] == value_of(kNoRow)) ++node;
      if (node == row_of.size()) break;
      const auto found = static_cast<std::uint32_t>(node);
      if (nodes_.empty() || nodes_.back() < found) nodes_.push_back(found);
    }
    bytes_.resize(nodes_.size() * type_.bytes());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const std::byte* row = vectors.row(row_of[nodes_[i]]);
      std::byte* query = bytes_.data() + i * type_.bytes();
      if (type_ == vectors.type) {
        std::memcpy(query, row, type_.bytes());
      } else {
        kernels::to_float32(vectors.type.element, row, type_.dim, reinterpret_cast<float*>(query));
      }
    }
  }

  MatrixView queries() const { return {bytes_.data(), nodes_.size(), type_}; }
  std::span<const std::uint32_t> nodes() const { return nodes_; }

 private:
  VectorType type_;
  std::vector<std::byte> bytes_;
  std::vector<std::uint32_t> nodes_;
};

// The mean share of the true neighbours that was found, less its standard error.
float surely_reached(const std::vector<Hit>& truth, const std::vector<Hit>& found,
                     std::size_t queries, std::uint32_t k) {
  double sum = 0;
  double squares = 0;
  for (std::size_t q = 0; q < queries; ++q) {
    const Hit* true_hits = truth.data() + q * k;
    const Hit* found_hits = found.data() + q * k;
    std::size_t wanted = 0;
    while (wanted < k && true_hits[wanted].row != kNoRow) ++wanted;
    if (wanted == 0) continue;
    const float farthest = true_hits[wanted - 1].distance;
    const auto near = std::count_if(found_hits, found_hits + wanted,
                                    [&](const Hit& hit) { return hit.distance <= farthest; });
    const double share = static_cast<double>(near) / static_cast<double>(wanted);
    sum += share;
    squares += share * share;
  }
  const auto count = static_cast<double>(queries);
  const double mean = sum / count;
  const double variance = std::max(0.0, squares / count - mean * mean);
  return static_cast<float>(std::max(0.0, mean - std::sqrt(variance / count)));
}

}  // namespace

std::uint32_t Calibration::effort_for(const MatrixView& vectors,
                                      std::span<const std::uint32_t> row_of, std::uint32_t k,
                                      float recall, const MatrixView& asked, const Search& search) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t nodes = row_of.size();
  if (nodes * 4 > state_.nodes * 5 || nodes * 5 < state_.nodes * 4) {
    state_.curves.clear();
    state_.nodes = nodes;
  }
  remember(asked);
  std::uint64_t seen = kRememberedMin;
  while (seen * 8 <= state_.seen) seen *= 8;
  std::uint32_t effort = 0;
  if (state_.seen >= kRememberedMin) {
    Curve& real = curve_of(k, seen);
    if (!real.shows(recall)) {
      const VectorType type = quantization::query_type(vectors.type);
      const MatrixView queries(state_.queries.data(), state_.remembered, type);
      measure(real, queries, {}, recall, search);
    }
    effort = effort_on(real, recall);
    if (seen >= kRememberedMax) return effort;
  }
  Curve& own = curve_of(k, 0);
  if (!own.shows(recall)) {
    const HeldOut rows(vectors, row_of);
    measure(own, rows.queries(), rows.nodes(), recall, search);
  }
  return std::max(effort, effort_on(own, recall));
}

// Reservoir sampling: each query that was seen is remembered with the same probability.
void Calibration::remember(const MatrixView& asked) {
  const std::size_t bytes = asked.type.bytes();
  for (std::size_t i = 0; i < asked.rows; ++i) {
    ++state_.seen;
    std::size_t place = state_.remembered;
    if (place == kRememberedMax) {
      place = Random(state_.seen).below(state_.seen);
      if (place >= kRememberedMax) continue;
    } else {
      state_.queries.resize(++state_.remembered * bytes);
    }
    std::memcpy(state_.queries.data() + place * bytes, asked.row(i), bytes);
  }
}

Calibration::Curve& Calibration::curve_of(std::uint32_t k, std::uint64_t seen) {
  const auto same = [&](const Curve& curve) { return curve.k == k && curve.seen == seen; };
  const auto found = std::ranges::find_if(state_.curves, same);
  if (found != state_.curves.end()) return *found;
  // What fewer queries have shown is known better now.
  std::erase_if(state_.curves,
                [&](const Curve& curve) { return curve.k == k && curve.seen != 0 && seen != 0; });
  if (state_.curves.size() == kCurvesMax) state_.curves.erase(state_.curves.begin());
  state_.curves.push_back({k, seen, {}});
  return state_.curves.back();
}

void Calibration::measure(Curve& curve, const MatrixView& queries,
                          std::span<const std::uint32_t> held_out, float recall,
                          const Search& search) {
  std::vector<Hit> truth(queries.rows * curve.k);
  std::vector<Hit> found(truth.size());
  const std::uint32_t wide = std::max(kTruthEffort, kTruthShare * curve.k);
  search(queries, curve.k, std::min(wide, kEffortMax), held_out, truth.data());
  std::vector<CalibrationPoint>& points = curve.points;
  while (!curve.shows(recall)) {
    const std::uint32_t effort =
        points.empty() ? std::min(curve.k, kEffortMax) : next_effort(points.back().effort);
    search(queries, curve.k, effort, held_out, found.data());
    float reached = surely_reached(truth, found, queries.rows, curve.k);
    if (!points.empty()) reached = std::max(reached, points.back().recall);
    points.push_back({curve.k, effort, reached});
  }
}

std::uint32_t Calibration::effort_on(const Curve& curve, float recall) {
  const std::vector<CalibrationPoint>& points = curve.points;
  const auto last = std::ranges::find_if(points, [&](const auto& p) { return p.recall >= recall; });
  if (last == points.end()) return points.back().effort;
  if (last == points.begin()) return last->effort;
  const CalibrationPoint& before = *std::prev(last);
  const float share = (recall - before.recall) / (last->recall - before.recall);
  const auto more = static_cast<float>(last->effort - before.effort);
  return before.effort + static_cast<std::uint32_t>(std::ceil(share * more));
}

std::vector<CalibrationPoint> Calibration::points() const {
  const std::lock_guard lock(mutex_);
  std::vector<CalibrationPoint> all;
  for (const Curve& curve : state_.curves) {
    for (const CalibrationPoint& point : curve.points) {
      const auto same = std::ranges::find_if(
          all, [&](const auto& p) { return p.k == point.k && p.effort == point.effort; });
      if (same == all.end()) {
        all.push_back(point);
      } else {
        same->recall = std::min(same->recall, point.recall);
      }
    }
  }
  std::ranges::sort(all, {}, [](const auto& p) { return std::pair(p.k, p.effort); });
  return all;
}

bool Calibration::empty() const {
  const std::lock_guard lock(mutex_);
  return state_.curves.empty();
}

void Calibration::write(ByteWriter& writer) const {
  const std::lock_guard lock(mutex_);
  writer.put(state_.nodes);
  writer.put(static_cast<std::uint32_t>(state_.curves.size()));
  for (const Curve& curve : state_.curves) {
    writer.put(curve.k);
    writer.put(curve.seen);
    writer.put(static_cast<std::uint32_t>(curve.points.size()));
    for (const CalibrationPoint& point : curve.points) {
      writer.put(point.effort);
      writer.put(point.recall);
    }
  }
  writer.put(state_.seen);
  writer.put_bytes(state_.queries);
}

bool Calibration::read(std::span<const std::byte> bytes, std::size_t query_bytes) {
  ByteReader reader(bytes);
  State state;
  state.nodes = reader.get<std::uint64_t>();
  const auto curves = reader.get<std::uint32_t>();
  if (!reader.ok() || curves > kCurvesMax) return false;
  for (std::uint32_t c = 0; c < curves; ++c) {
    Curve curve{reader.get<std::uint32_t>(), reader.get<std::uint64_t>(), {}};
    const auto points = reader.get<std::uint32_t>();
    if (!reader.ok() || points > kEffortMax) return false;
    std::uint32_t before = 0;
    for (std::uint32_t p = 0; p < points; ++p) {
      const auto effort = reader.get<std::uint32_t>();
      const auto recall = reader.get<float>();
      const bool ascends = p == 0 || (effort > before && !(recall < curve.points.back().recall));
      if (!reader.ok() || !ascends || effort > kEffortMax || !(recall >= 0) || recall > 1) {
        return false;
      }
      curve.points.push_back({curve.k, effort, recall});
      before = effort;
    }
    state.curves.push_back(std::move(curve));
  }
  state.seen = reader.get<std::uint64_t>();
  state.remembered = std::min<std::uint64_t>(state.seen, kRememberedMax);
  if (!reader.ok() || reader.remaining() != state.remembered * query_bytes) {
    return false;
  }
  const std::span<const std::byte> queries = reader.get_bytes(reader.remaining());
  state.queries.assign(queries.begin(), queries.end());
  const std::lock_guard lock(mutex_);
  state_ = std::move(state);
  return true;
}

}  // namespace simile::index
