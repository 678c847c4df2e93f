#pragma once
/// Which of many candidates become the edges of a node.
///
/// Candidates are taken nearest first; one is passed over where an edge already taken leads closer
/// to it than the node itself does: alpha * d(taken, candidate) < d(node, candidate), distances
/// squared. So edges point in different directions, and alpha > 1 keeps some long ones, which
/// shortens walks. Edges that must stay (a node's tree edges, see graph_core.h) are taken whatever
/// their direction. Source: Fu et al., "NSG" (VLDB 2019); Subramanya et al., "DiskANN" (NeurIPS
/// 2019), algorithm 2.

#include <algorithm>
#include <cstdint>
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

struct PruneScratch {
  std::vector<std::uint32_t> taken;
  std::vector<float> between;
};

/// Leaves the edges in scratch.taken, nearest first where none is required, at most `degree`.
/// `candidates` are sorted, without repeats; at most `degree` are required. `saturate` fills what
/// is left of `degree` with the nearest of those passed over.
template <class Space>
void prune(const Space& space, std::span<const Candidate> candidates, std::uint32_t degree,
           float alpha, PruneScratch& scratch) {
  scratch.taken.clear();
  scratch.between.resize(degree);
  std::size_t required = 0;
  for (const Candidate& candidate : candidates) required += candidate.required;

  const auto occluded = [&](const Candidate& candidate) {
    space.node_scorer(candidate.node)(scratch.taken.data(), scratch.taken.size(),
                                      scratch.between.data());
    for (std::size_t i = 0; i < scratch.taken.size(); ++i) {
      if (alpha * scratch.between[i] < candidate.distance) return true;
    }
    return false;
  };
  for (const Candidate& candidate : candidates) {
    if (candidate.required) {
      scratch.taken.push_back(candidate.node);
      --required;
    } else if (scratch.taken.size() + required < degree && !occluded(candidate)) {
      scratch.taken.push_back(candidate.node);
    }
  }
}

}  // namespace simile::index
