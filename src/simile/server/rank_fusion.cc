#include "simile/server/rank_fusion.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_map>

namespace simile::server {

namespace {

/// Adds up what the lists say about each key, in the order in which keys first appear.
class Sums {
 public:
  void add(std::size_t key, float score) {
    const auto [place, is_new] = places_.try_emplace(key, hits_.size());
    if (is_new) hits_.push_back({.key = key, .score = 0});
    hits_[place->second].score += score;
  }
  std::vector<FusedHit> sorted() && {
    std::ranges::stable_sort(hits_, std::ranges::greater{}, &FusedHit::score);
    return std::move(hits_);
  }

 private:
  std::unordered_map<std::size_t, std::size_t> places_;
  std::vector<FusedHit> hits_;
};

}  // namespace

float comparable_score(Metric metric, float score, bool normalize) {
  constexpr float kHalfTurns = 1.0F / std::numbers::pi_v<float>;
  switch (metric) {
    case Metric::kCosine: return normalize ? (1.0F + score) * 0.5F : score;
    case Metric::kBm25: return normalize ? 2.0F * std::atan(score) * kHalfTurns : score;
    case Metric::kInnerProduct: return normalize ? 0.5F + std::atan(score) * kHalfTurns : score;
    default: return 1.0F - 2.0F * std::atan(score) * kHalfTurns;
  }
}

std::vector<FusedHit> fuse_by_rank(std::span<const RankedList> lists, float k) {
  Sums sums;
  for (const RankedList& list : lists) {
    float rank = 1;
    for (const std::size_t key : list.keys) sums.add(key, 1.0F / (k + rank++));
  }
  return std::move(sums).sorted();
}

std::vector<FusedHit> fuse_by_score(std::span<const RankedList> lists, ScoreMerge merge,
                                    bool normalize) {
  Sums sums;
  Sums counts;
  std::unordered_map<std::size_t, float> best;
  for (const RankedList& list : lists) {
    for (std::size_t at = 0; at < list.keys.size(); ++at) {
      const float score = comparable_score(list.metric, list.scores[at], normalize);
      sums.add(list.keys[at], score);
      counts.add(list.keys[at], 1);
      const auto [place, is_new] = best.try_emplace(list.keys[at], score);
      if (!is_new) place->second = std::max(place->second, score);
    }
  }
  std::unordered_map<std::size_t, float> number;
  for (const FusedHit& hit : std::move(counts).sorted()) number[hit.key] = hit.score;
  std::vector<FusedHit> hits = std::move(sums).sorted();
  for (FusedHit& hit : hits) {
    if (merge == ScoreMerge::kMax) hit.score = best[hit.key];
    if (merge == ScoreMerge::kAverage) hit.score /= number[hit.key];
  }
  std::ranges::stable_sort(hits, std::ranges::greater{}, &FusedHit::score);
  return hits;
}

std::vector<std::vector<FusedHit>> group_hits(std::span<const FusedHit> hits,
                                              std::span<const std::string> groups, std::size_t size,
                                              ScoreMerge merge) {
  struct Group {
    float score = 0;
    std::vector<FusedHit> hits;
  };
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<Group> all;
  for (const FusedHit& hit : hits) {
    const auto [place, is_new] = places.try_emplace(groups[hit.key], all.size());
    if (is_new) all.emplace_back();
    std::vector<FusedHit>& members = all[place->second].hits;
    if (members.size() < size) members.push_back(hit);
  }
  for (Group& group : all) {
    for (const FusedHit& hit : group.hits) group.score += hit.score;
    if (merge == ScoreMerge::kAverage) group.score /= static_cast<float>(group.hits.size());
    if (merge == ScoreMerge::kMax) group.score = group.hits.front().score;  // the best is first
  }
  std::ranges::stable_sort(all, std::ranges::greater{}, &Group::score);
  std::vector<std::vector<FusedHit>> sorted;
  for (Group& group : all) sorted.push_back(std::move(group.hits));
  return sorted;
}

std::vector<FusedHit> fuse_by_weight(std::span<const RankedList> lists,
                                     std::span<const float> weights, bool normalize) {
  Sums sums;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    for (std::size_t at = 0; at < lists[i].keys.size(); ++at) {
      const float score = comparable_score(lists[i].metric, lists[i].scores[at], normalize);
      sums.add(lists[i].keys[at], weights[i] * score);
    }
  }
  return std::move(sums).sorted();
}

}  // namespace simile::server
