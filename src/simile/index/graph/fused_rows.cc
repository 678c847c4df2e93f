#include "simile/index/graph/fused_rows.h"

#include <algorithm>

#include "simile/base/parallel.h"
#include "simile/index/graph/prune.h"
#include "simile/index/graph/visited_set.h"

namespace simile::index {

namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kUpdateGrain = 64;

std::size_t whole_lines(std::size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

}  // namespace

struct FusedRows::Scratch {
  std::vector<std::uint32_t> neighbors;
  std::vector<std::uint32_t> others;
  std::vector<float> distances;
  std::vector<Candidate> candidates;
  VisitedSet seen;
};

FusedRows::FusedRows(std::size_t code_dim, std::uint32_t degree)
    : codec_(code_dim),
      places_((degree + kernels::kBlockCodes - 1) / kernels::kBlockCodes * kernels::kBlockCodes),
      ids_at_(code_dim + sizeof(float)),
      halves_at_(ids_at_ + places_ * sizeof(std::uint32_t)),
      codes_at_(halves_at_ + 2 * places_ * sizeof(std::uint16_t)),
      stride_(whole_lines(codes_at_ + places_ / kernels::kBlockCodes * codec_.block_bytes())) {}

// The neighbours of a node, then the nearest of theirs until all places are taken.
void FusedRows::collect(const quantization::Int8Space& space, const GraphCore& core,
                        std::uint32_t node, Scratch& scratch) const {
  const std::span<const std::uint32_t> own = core.edges.neighbors(node);
  scratch.neighbors.assign(own.begin(), own.end());
  if (own.size() >= places_) return;
  scratch.seen.clear();
  scratch.seen.insert(node);
  for (const std::uint32_t neighbor : own) scratch.seen.insert(neighbor);
  scratch.others.clear();
  for (const std::uint32_t neighbor : own) {
    for (const std::uint32_t other : core.edges.neighbors(neighbor)) {
      if (scratch.seen.insert(other)) scratch.others.push_back(other);
    }
  }
  scratch.distances.resize(scratch.others.size());
  space.node_scorer(node)(scratch.others.data(), scratch.others.size(), scratch.distances.data());
  scratch.candidates.clear();
  for (std::size_t i = 0; i < scratch.others.size(); ++i) {
    scratch.candidates.push_back({scratch.distances[i], scratch.others[i]});
  }
  const std::size_t wanted = std::min(places_ - own.size(), scratch.candidates.size());
  std::partial_sort(scratch.candidates.begin(),
                    scratch.candidates.begin() + static_cast<std::ptrdiff_t>(wanted),
                    scratch.candidates.end());
  for (std::size_t i = 0; i < wanted; ++i) {
    scratch.neighbors.push_back(scratch.candidates[i].node);
  }
}

void FusedRows::write_row(const quantization::Int8Space& space, const GraphCore& core,
                          std::uint32_t node, Scratch& scratch) {
  collect(space, core, node, scratch);
  std::byte* row = rows_.data() + node * stride_;
  std::memset(row, 0, stride_);
  std::memcpy(row, space.code(node), codec_.dim());
  const float squared = space.squared(node);
  std::memcpy(row + codec_.dim(), &squared, sizeof squared);
  auto* ids = reinterpret_cast<std::uint32_t*>(row + ids_at_);
  auto* halves = reinterpret_cast<std::uint16_t*>(row + halves_at_);
  std::fill_n(ids, places_, kNoNode);
  for (std::size_t i = 0; i < scratch.neighbors.size(); ++i) {
    const std::size_t block = i / kernels::kBlockCodes;
    auto* codes = reinterpret_cast<std::uint8_t*>(row + codes_at_) + block * codec_.block_bytes();
    ids[i] = scratch.neighbors[i];
    codec_.encode(space.code(node), space.code(ids[i]), i % kernels::kBlockCodes,
                  {codes, codec_.block_bytes()}, halves + block * kernels::kBlockCodes,
                  halves + places_ + block * kernels::kBlockCodes);
  }
}

void FusedRows::update(const quantization::Int8Space& space, const GraphCore& core,
                       std::span<const std::uint32_t> nodes, std::uint32_t threads) {
  size_ = space.size();
  rows_.resize(size_ * stride_);
  std::vector<Scratch> scratch(resolve_threads(threads));
  parallel_for(threads, nodes.size(), kUpdateGrain,
               [&](std::size_t first, std::size_t last, std::uint32_t worker) {
                 for (std::size_t i = first; i < last; ++i) {
                   write_row(space, core, nodes[i], scratch[worker]);
                 }
               });
}

Status FusedRows::assign(std::span<const std::byte> bytes, std::size_t nodes) {
  if (bytes.size() != nodes * stride_) {
    return fail(ErrorCode::kDataLoss, "the rows of the graph do not fit its nodes");
  }
  for (std::size_t node = 0; node < nodes; ++node) {
    const std::byte* ids_begin = bytes.data() + node * stride_ + ids_at_;
    for (std::size_t i = 0; i < places_; ++i) {
      std::uint32_t id;
      std::memcpy(&id, ids_begin + i * sizeof id, sizeof id);
      if (id != kNoNode && id >= nodes) {
        return fail(ErrorCode::kDataLoss, "an id in the rows of the graph is out of range");
      }
    }
  }
  rows_.resize(bytes.size());
  if (!bytes.empty()) std::memcpy(rows_.data(), bytes.data(), bytes.size());
  size_ = nodes;
  return {};
}

}  // namespace simile::index
