#include "simile/segment/growing_vectors.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace simile::segment {

GrowingVectors::GrowingVectors(const Field& field)
    : type_(field.vector), has_lengths_(field.metric == Metric::kCosine) {}

void GrowingVectors::append(std::span<const std::byte> packed, std::size_t rows) {
  const std::size_t row_bytes = type_.bytes();
  std::size_t done = 0;
  while (done < rows) {
    const std::size_t c = static_cast<std::size_t>(std::bit_width(rows_ / kFirstRows));
    Chunk& chunk = chunks_[c];
    if (chunk.vectors.size() == 0) {
      chunk.vectors = AlignedBuffer(chunk_rows(c) * row_bytes);
      if (has_lengths_) chunk.inverse_lengths = AlignedBuffer(chunk_rows(c) * sizeof(float));
    }
    const std::size_t at = rows_ - chunk_begin(c);
    const std::size_t count = std::min(rows - done, chunk_rows(c) - at);
    std::byte* to = chunk.vectors.data() + at * row_bytes;
    std::memcpy(to, packed.data() + done * row_bytes, count * row_bytes);
    if (has_lengths_) {
      index::inverse_lengths(MatrixView(to, count, type_),
                             {chunk.inverse_lengths.as<float>() + at, count});
    }
    rows_ += count;
    done += count;
    memory_bytes_.fetch_add(count * (row_bytes + (has_lengths_ ? sizeof(float) : 0)),
                            std::memory_order_relaxed);
  }
}

std::vector<index::Rows> GrowingVectors::parts(std::size_t rows) const {
  std::vector<index::Rows> parts;
  for (std::size_t c = 0; c < kChunks && chunk_begin(c) < rows; ++c) {
    const std::size_t count = std::min(chunk_rows(c), rows - chunk_begin(c));
    index::Rows& part = parts.emplace_back();
    part.vectors = MatrixView(chunks_[c].vectors.data(), count, type_);
    if (has_lengths_) part.inverse_lengths = {chunks_[c].inverse_lengths.as<float>(), count};
  }
  return parts;
}

}  // namespace simile::segment
