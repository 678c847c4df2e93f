#pragma once
/// Which of many candidates become the edges of a node.
///
/// 1. Candidates are taken nearest first; one is passed over where an edge already taken leads
///    closer to it than the node itself does: d(taken, candidate) < d(node, candidate). So edges
///    point in different directions.
/// 2. Edges that must stay (a node's tree edges, see graph_builder.h) are taken whatever their
///    direction.
/// 3. What is left of the degree is filled with those passed over that were least in the way: the
///    ratio d(node, candidate) / d(taken, candidate), at its largest, is smallest for them. A row
///    has room for a fixed number of edges anyway, and more of them shorten walks.
/// Source: Fu et al., "NSG" (VLDB 2019), for 1; Gou et al., "SymphonyQG" (SIGMOD 2025), fill by
/// angle; the ratio needs no search for the right angle.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace simile::index {

struct Candidate {
  float distance;  ///< squared, from the node whose edges are chosen
  std::uint32_t node;
  bool required = false;

  friend bool operator<(const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.node < b.node);
  }
};

/// Codes side by side, so that distances among them are computed in the first-level cache.
class CodeTable {
 public:
  /// Of these nodes, from now on in this order.
  template <class Space>
  void assign(const Space& space, std::span<const std::uint32_t> nodes) {
    clear();
    // All asked for at once: translating their addresses is half of the wait.
    for (const std::uint32_t node : nodes) __builtin_prefetch(space.row(node));
    for (const std::uint32_t node : nodes) {
      append(space.row(node), space.code_bytes(), space.squared(node));
    }
  }
  void clear() {
    codes_.clear();
    squares_.clear();
  }
  void append(const std::byte* code, std::size_t bytes, float squared) {
    codes_.insert(codes_.end(), code, code + bytes);
    squares_.push_back(squared);
  }

  std::size_t size() const { return squares_.size(); }
  const std::byte* code(std::size_t i) const {
    return codes_.data() + i * (codes_.size() / squares_.size());
  }
  float squared(std::size_t i) const { return squares_[i]; }
  const float* squares() const { return squares_.data(); }

 private:
  std::vector<std::byte> codes_;
  std::vector<float> squares_;
};

struct PruneScratch {
  std::vector<std::uint32_t> taken;
  CodeTable codes;        // of the candidates
  CodeTable taken_codes;  // of those taken
  std::vector<std::uint32_t> nodes;
  std::vector<float> between;
  std::vector<Candidate> passed;  // their distances are ratios
};

/// Leaves the edges in scratch.taken, at most `degree`. `candidates` are sorted, without repeats;
/// at most `degree` are required.
template <class Space>
void prune(const Space& space, std::span<const Candidate> candidates, std::uint32_t degree,
           PruneScratch& scratch) {
  // A candidate that is so much in the way is not looked at further.
  constexpr float kHopeless = 2;
  constexpr std::size_t kAtOnce = 8;
  scratch.taken.clear();
  scratch.taken_codes.clear();
  scratch.passed.clear();
  scratch.nodes.clear();
  std::size_t required = 0;
  for (const Candidate& candidate : candidates) {
    required += candidate.required;
    scratch.nodes.push_back(candidate.node);
  }
  scratch.codes.assign(space, scratch.nodes);

  const auto in_the_way = [&](std::size_t i) {
    const float hopeless = candidates[i].distance / kHopeless;
    float nearest = std::numeric_limits<float>::infinity();
    const CodeTable& taken = scratch.taken_codes;
    float between[kAtOnce];
    for (std::size_t t = 0; t < taken.size() && nearest > hopeless; t += kAtOnce) {
      const std::size_t count = std::min(kAtOnce, taken.size() - t);
      space.distances(scratch.codes.code(i), scratch.codes.squared(i), taken.code(t),
                      taken.squares() + t, count, between);
      for (std::size_t b = 0; b < count; ++b) nearest = std::min(nearest, between[b]);
    }
    return candidates[i].distance / nearest;
  };
  const auto take = [&](std::size_t i) {
    scratch.taken.push_back(candidates[i].node);
    scratch.taken_codes.append(scratch.codes.code(i), space.code_bytes(), scratch.codes.squared(i));
  };
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].required) {
      take(i);
      --required;
      continue;
    }
    if (scratch.taken.size() + required >= degree) continue;
    const float ratio = in_the_way(i);
    if (ratio > 1) {
      scratch.passed.push_back({ratio, candidates[i].node});
    } else {
      take(i);
    }
  }
  const std::size_t room = std::min(degree - scratch.taken.size(), scratch.passed.size());
  std::partial_sort(scratch.passed.begin(),
                    scratch.passed.begin() + static_cast<std::ptrdiff_t>(room),
                    scratch.passed.end());
  for (std::size_t i = 0; i < room; ++i) scratch.taken.push_back(scratch.passed[i].node);
}

}  // namespace simile::index
