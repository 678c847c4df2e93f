#include "simile/index/graph/node_map.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "simile/base/checksum.h"

namespace simile::index {

namespace {
constexpr std::uint32_t kFree = NodeMap::kNone;

// A sixth more than is needed now: slots that are not in use any longer take room until then.
std::size_t slots_for(std::size_t nodes) {
  return std::bit_ceil(std::max<std::size_t>(64, nodes * 7 / 4));
}

std::uint64_t hash_of(const MatrixView& vectors, std::uint32_t row) {
  return checksum64({vectors.row(row), vectors.type.bytes()});
}
}  // namespace

void NodeMap::rehash(const MatrixView& vectors, std::size_t slots) {
  slots_.assign(slots, kFree);
  used_ = 0;
  for (std::uint32_t node = 0; node < first_rows_.size(); ++node) {
    if (first_rows_[node] == kNone) continue;
    std::size_t slot = hash_of(vectors, first_rows_[node]) & (slots - 1);
    while (slots_[slot] != kFree) slot = (slot + 1) & (slots - 1);
    slots_[slot] = node;
    ++used_;
  }
}

void NodeMap::attach(std::uint32_t first, std::uint32_t row) {
  Link& head = rings_.try_emplace(first, Link{first, first}).first->second;
  const std::uint32_t last = head.before;
  head.before = row;
  rings_[last].next = row;
  rings_[row] = Link{first, last};
}

std::size_t NodeMap::slot_of(const MatrixView& vectors, std::uint32_t row) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_of(vectors, row) & mask;
  const auto same = [&](std::uint32_t node) {
    const std::uint32_t first = first_rows_[node];
    return first != kNone &&
           std::memcmp(vectors.row(first), vectors.row(row), vectors.type.bytes()) == 0;
  };
  while (slots_[slot] != kFree && !same(slots_[slot])) slot = (slot + 1) & mask;
  return slot;
}

std::uint64_t NodeMap::bytes_for(std::uint64_t rows) {
  return (2 * rows + slots_for(rows)) * sizeof(std::uint32_t);
}

void NodeMap::reserve(const MatrixView& vectors, std::size_t count) {
  if (!slots_.empty() && (used_ + count) * 3 <= slots_.size() * 2) return;
  rehash(vectors, slots_for(first_rows_.size() + count));
}

std::uint32_t NodeMap::add(const MatrixView& vectors, std::uint32_t row, std::uint32_t unused) {
  reserve(vectors, 1);
  rows_ = std::max<std::size_t>(rows_, row + 1);
  const std::size_t slot = slot_of(vectors, row);
  if (slots_[slot] != kFree) {
    attach(first_rows_[slots_[slot]], row);
    return slots_[slot];
  }
  slots_[slot] = unused;
  ++used_;
  if (unused == first_rows_.size()) first_rows_.push_back(kNone);
  first_rows_[unused] = row;
  return unused;
}

std::uint32_t NodeMap::remove(const MatrixView& vectors, std::uint32_t row) {
  reserve(vectors, 0);
  // Only the node whose first row it is. Looked for by that, not by the bytes: where rows have come
  // to be kept in another type, two nodes may have the same.
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_of(vectors, row) & mask;
  while (slots_[slot] != kFree && first_rows_[slots_[slot]] != row) slot = (slot + 1) & mask;
  const auto at = rings_.find(row);
  if (at == rings_.end()) {
    if (slots_[slot] != kFree) first_rows_[slots_[slot]] = kNone;
    return slots_[slot];
  }
  const Link link = at->second;
  rings_.erase(at);
  if (slots_[slot] != kFree) first_rows_[slots_[slot]] = link.next;
  if (link.next == link.before) {
    rings_.erase(link.next);  // alone now
  } else {
    rings_[link.next].before = link.before;
    rings_[link.before].next = link.next;
  }
  return kNone;
}

void NodeMap::append(const MatrixView& vectors) {
  reserve(vectors, vectors.rows - rows_);
  while (rows_ < vectors.rows) {
    add(vectors, static_cast<std::uint32_t>(rows_), static_cast<std::uint32_t>(nodes()));
  }
}

std::uint64_t NodeMap::memory_bytes() const {
  constexpr std::uint64_t kBytesPerLink = 40;  // of an unordered_map: value, pointer, bucket
  return (first_rows_.capacity() + slots_.capacity()) * sizeof(std::uint32_t) +
         rings_.size() * kBytesPerLink;
}

void NodeMap::write(ByteWriter& writer) const {
  writer.put(static_cast<std::uint64_t>(first_rows_.size()));
  writer.put_bytes(std::as_bytes(std::span(first_rows_)));
  std::vector<std::uint64_t> pairs;  // first << 32 | row
  for (std::uint32_t node = 0; node < first_rows_.size() && !rings_.empty(); ++node) {
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
  if (nodes >= kNone) return damaged();
  const std::span<const std::byte> firsts = reader.get_bytes(nodes * sizeof(std::uint32_t));
  const auto links = reader.get<std::uint64_t>();
  if (!reader.ok() || links > rows) return damaged();
  const std::span<const std::byte> pairs = reader.get_bytes(links * sizeof(std::uint64_t));
  if (!reader.ok()) return damaged();
  map.first_rows_.resize(nodes);
  if (nodes != 0) std::memcpy(map.first_rows_.data(), firsts.data(), firsts.size());
  std::vector<bool> seen(rows);
  std::vector<bool> first(rows);
  const auto claim = [&](std::uint32_t row) {
    if (row >= rows || seen[row]) return false;
    seen[row] = true;
    return true;
  };
  for (const std::uint32_t row : map.first_rows_) {
    if (row == kNone) continue;
    if (!claim(row)) return damaged();
    first[row] = true;
  }
  for (std::size_t i = 0; i < links; ++i) {
    std::uint64_t pair = 0;
    std::memcpy(&pair, pairs.data() + i * sizeof pair, sizeof pair);
    const auto head = static_cast<std::uint32_t>(pair >> 32);
    if (!claim(static_cast<std::uint32_t>(pair)) || head >= rows || !first[head]) return damaged();
    map.attach(head, static_cast<std::uint32_t>(pair));
  }
  return map;
}

}  // namespace simile::index
