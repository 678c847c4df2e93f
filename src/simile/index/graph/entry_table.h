#pragma once
/// Where walks begin: a sample of the nodes, parts of their codes side by side, in groups around
/// centres. A query is compared with the centres and with the nodes of the groups nearest to it,
/// and so begins near to where it wants to go; each hop that this saves costs as much as dozens of
/// these comparisons.
///
///   1. Samples are spread evenly over the nodes, kSamplesMax and kBytesMax at most.
///   2. The first sqrt(samples) of them, spread evenly too, are centres; every sample belongs to
///   the
///      nearest.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "simile/index/graph/prune.h"

namespace simile::index {

class EntryTable {
 public:
  static constexpr std::size_t kSamplesMax = 4096;
  static constexpr std::size_t kBytesMax = std::size_t{512} << 10;  // they are to stay in the cache
  static constexpr std::size_t kSamplesShare =
      16;  // one sample in so many nodes, where they are few
  static constexpr std::size_t kGroupsProbed = 2;
  static constexpr std::size_t kStarts = 4;

  struct Scratch {
    std::vector<float> distances;
  };
  using Starts = std::array<Candidate, kStarts>;

  /// How many samples there should be for so many nodes.
  static std::size_t samples_for(std::size_t nodes, std::size_t sample_bytes) {
    const std::size_t most = std::clamp<std::size_t>(kBytesMax / sample_bytes, 64, kSamplesMax);
    return std::clamp<std::size_t>(nodes / kSamplesShare, 1, most);
  }

  std::size_t size() const { return nodes_.size(); }
  /// Ascending.
  std::vector<std::uint32_t> samples() const {
    std::vector<std::uint32_t> all = nodes_;
    std::ranges::sort(all);
    return all;
  }
  std::uint64_t memory_bytes() const {
    return codes_.capacity() + nodes_.capacity() * sizeof(std::uint32_t) +
           squared_.capacity() * sizeof(float);
  }

  /// Takes these nodes, ascending, as the samples; the result depends on nothing but them and their
  /// codes.
  template <class Space>
  void rebuild(const Space& space, std::span<const std::uint32_t> samples);

  /// The nearest of the samples that were looked at, in no order; returns how many. `query` has
  /// distances(codes, squared, count, out), as scorers of spaces have.
  template <class Query>
  std::size_t starts(const Query& query, Scratch& scratch, Starts& out) const;

 private:
  template <class Query>
  const float* distances(const Query& query, std::size_t first, std::size_t count,
                         Scratch& scratch) const {
    if (scratch.distances.size() < count) scratch.distances.resize(count);
    query.distances(codes_.data() + first * sample_bytes_, squared_.data() + first, count,
                    scratch.distances.data());
    return scratch.distances.data();
  }

  // Positions of samples: centres are [0, centres_), then come the groups, one after the other.
  std::vector<std::uint32_t> nodes_;
  std::size_t centres_ = 0;
  std::vector<std::uint32_t> begins_;  // of each group, and the end
  std::size_t sample_bytes_ = 0;
  std::vector<std::byte> codes_;
  std::vector<float> squared_;
};

namespace entry_table_detail {

/// Keeps the `kept` nearest of what is offered, unordered but for the farthest being known.
template <std::size_t kCapacity>
class Nearest {
 public:
  explicit Nearest(std::span<Candidate, kCapacity> out) : out_(out) {}
  std::size_t size() const { return size_; }
  void offer(float distance, std::uint32_t node) {
    if (!(distance < bound_)) return;
    out_[size_ < kCapacity ? size_++ : farthest_] = {distance, node};
    if (size_ < kCapacity) return;
    farthest_ = 0;
    for (std::size_t i = 1; i < kCapacity; ++i) {
      if (out_[farthest_] < out_[i]) farthest_ = i;
    }
    bound_ = out_[farthest_].distance;
  }

 private:
  std::span<Candidate, kCapacity> out_;
  std::size_t size_ = 0;
  std::size_t farthest_ = 0;
  float bound_ = std::numeric_limits<float>::infinity();
};

}  // namespace entry_table_detail

template <class Space>
void EntryTable::rebuild(const Space& space, std::span<const std::uint32_t> samples) {
  const std::vector<std::uint32_t> all(samples.begin(), samples.end());
  centres_ = static_cast<std::size_t>(std::sqrt(static_cast<double>(all.size())));
  std::vector<std::uint32_t> centres;
  for (std::size_t i = 0; i < centres_; ++i) centres.push_back(all[i * all.size() / centres_]);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> members;  // group, node
  std::vector<float> to_centres(centres_);
  for (const std::uint32_t node : all) {
    if (std::ranges::find(centres, node) != centres.end()) continue;
    space.node_scorer(node)(centres.data(), centres_, to_centres.data());
    const auto nearest = std::ranges::min_element(to_centres) - to_centres.begin();
    members.emplace_back(static_cast<std::uint32_t>(nearest), node);
  }
  std::ranges::stable_sort(members, {}, [](const auto& member) { return member.first; });
  nodes_ = centres;
  begins_.clear();
  for (const auto& [group, node] : members) {
    while (begins_.size() <= group) begins_.push_back(static_cast<std::uint32_t>(nodes_.size()));
    nodes_.push_back(node);
  }
  while (begins_.size() <= centres_) begins_.push_back(static_cast<std::uint32_t>(nodes_.size()));
  sample_bytes_ = space.sample_bytes();
  codes_.resize(nodes_.size() * sample_bytes_);
  squared_.resize(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    std::memcpy(codes_.data() + i * sample_bytes_, space.row(nodes_[i]), sample_bytes_);
    squared_[i] = space.sample_squared(nodes_[i]);
  }
}

template <class Query>
std::size_t EntryTable::starts(const Query& query, Scratch& scratch, Starts& out) const {
  entry_table_detail::Nearest<kStarts> nearest{std::span<Candidate, kStarts>(out)};
  std::array<Candidate, kGroupsProbed> groups;
  entry_table_detail::Nearest<kGroupsProbed> probed{std::span<Candidate, kGroupsProbed>(groups)};
  const float* to_centres = distances(query, 0, centres_, scratch);
  for (std::size_t i = 0; i < centres_; ++i) {
    nearest.offer(to_centres[i], nodes_[i]);
    probed.offer(to_centres[i], static_cast<std::uint32_t>(i));
  }
  for (std::size_t g = 0; g < probed.size(); ++g) {
    const std::size_t first = begins_[groups[g].node];
    const std::size_t count = begins_[groups[g].node + 1] - first;
    const float* to_members = distances(query, first, count, scratch);
    for (std::size_t i = 0; i < count; ++i) nearest.offer(to_members[i], nodes_[first + i]);
  }
  return nearest.size();
}

}  // namespace simile::index
