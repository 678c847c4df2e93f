#include "simile/index/graph/node_map.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "simile/base/checksum.h"

namespace simile::index {

namespace {
constexpr std::uint32_t kFree = 0xFFFF'FFFF;

std::uint64_t hash_of(const MatrixView& vectors, std::uint32_t row) {
  return checksum64({vectors.row(row), vectors.type.bytes()});
}
}  // namespace

void NodeMap::rehash(const MatrixView& vectors, std::size_t slots) {
  slots_.assign(slots, kFree);
  for (std::uint32_t node = 0; node < first_rows_.size(); ++node) {
    std::size_t slot = hash_of(vectors, first_rows_[node]) & (slots - 1);
    while (slots_[slot] != kFree) slot = (slot + 1) & (slots - 1);
    slots_[slot] = node;
  }
}

void NodeMap::attach(std::uint32_t head, std::uint32_t row) {
  const auto [at, fresh] = chains_.try_emplace(head, Link{row, row});
  if (fresh) return;
  const std::uint32_t last = at->second.last;
  at->second.last = row;
  chains_[last] = Link{row, row};
}

void NodeMap::append(const MatrixView& vectors) {
  const std::size_t wanted = std::bit_ceil(std::max<std::size_t>(64, vectors.rows * 3 / 2));
  if (slots_.size() < wanted) rehash(vectors, wanted);
  const std::size_t mask = slots_.size() - 1;
  for (; rows_ < vectors.rows; ++rows_) {
    const auto row = static_cast<std::uint32_t>(rows_);
    std::size_t slot = hash_of(vectors, row) & mask;
    const auto same = [&](std::uint32_t node) {
      return std::memcmp(vectors.row(first_rows_[node]), vectors.row(row), vectors.type.bytes()) ==
             0;
    };
    while (slots_[slot] != kFree && !same(slots_[slot])) slot = (slot + 1) & mask;
    if (slots_[slot] != kFree) {
      attach(first_rows_[slots_[slot]], row);
    } else {
      slots_[slot] = static_cast<std::uint32_t>(first_rows_.size());
      first_rows_.push_back(row);
    }
  }
}

std::uint64_t NodeMap::memory_bytes() const {
  constexpr std::uint64_t kBytesPerLink = 40;  // of an unordered_map: value, pointer, bucket
  return (first_rows_.capacity() + slots_.capacity()) * sizeof(std::uint32_t) +
         chains_.size() * kBytesPerLink;
}

void NodeMap::write(ByteWriter& writer) const {
  writer.put(static_cast<std::uint64_t>(first_rows_.size()));
  writer.put_bytes(std::as_bytes(std::span(first_rows_)));
  std::vector<std::uint64_t> pairs;  // head << 32 | row, sorted: the same bytes every time
  for (std::uint32_t node = 0; node < first_rows_.size() && !chains_.empty(); ++node) {
    for_each_row(node, [&](std::uint32_t row) {
      if (row != first_rows_[node]) {
        pairs.push_back(static_cast<std::uint64_t>(first_rows_[node]) << 32 | row);
      }
    });
  }
  writer.put(static_cast<std::uint64_t>(pairs.size()));
  writer.put_bytes(std::as_bytes(std::span(pairs)));
}

Result<NodeMap> NodeMap::read(ByteReader& reader, std::size_t rows) {
  const auto damaged = [] {
    return fail(ErrorCode::kDataLoss, "the rows of the graph's nodes are damaged");
  };
  NodeMap map;
  map.rows_ = rows;
  const auto nodes = reader.get<std::uint64_t>();
  if (nodes > rows) return damaged();
  const std::span<const std::byte> firsts = reader.get_bytes(nodes * sizeof(std::uint32_t));
  const auto links = reader.get<std::uint64_t>();
  if (!reader.ok() || links > rows || nodes + links != rows) return damaged();
  const std::span<const std::byte> pairs = reader.get_bytes(links * sizeof(std::uint64_t));
  if (!reader.ok()) return damaged();
  map.first_rows_.resize(nodes);
  if (nodes != 0) std::memcpy(map.first_rows_.data(), firsts.data(), firsts.size());
  std::vector<bool> seen(rows);
  const auto claim = [&](std::uint32_t row) {
    if (row >= rows || seen[row]) return false;
    seen[row] = true;
    return true;
  };
  for (const std::uint32_t row : map.first_rows_) {
    if (!claim(row)) return damaged();
  }
  for (std::size_t i = 0; i < links; ++i) {
    std::uint64_t pair = 0;
    std::memcpy(&pair, pairs.data() + i * sizeof pair, sizeof pair);
    const auto head = static_cast<std::uint32_t>(pair >> 32);
    if (!claim(static_cast<std::uint32_t>(pair)) ||
        !std::ranges::binary_search(map.first_rows_, head)) {
      return damaged();
    }
    map.attach(head, static_cast<std::uint32_t>(pair));
  }
  return map;
}

}  // namespace simile::index
