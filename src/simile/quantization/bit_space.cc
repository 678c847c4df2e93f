#include "simile/quantization/bit_space.h"

#include <cstring>

#include "simile/base/text.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::quantization {

BitSpace::BitSpace(VectorType type, Metric metric, std::uint64_t, std::size_t tail_bytes)
    : type_(type),
      stride_(type.bytes() + tail_bytes),
      gather_(kernels::distance_functions(op_of(metric), type.element).gather),
      scan_(kernels::distance_functions(op_of(metric), type.element).scan) {}

void BitSpace::resize(std::size_t nodes) {
  rows_.resize(nodes * stride_);
  size_ = nodes;
}

void BitSpace::encode(const MatrixView& rows, std::span<const float>,
                      std::span<const std::uint32_t> row_of, std::span<const std::uint32_t> nodes,
                      std::uint32_t, const CancelToken*) {
  for (const std::uint32_t node : nodes) {
    std::memcpy(rows_.data() + node * stride_, rows.row(row_of[node]), type_.bytes());
  }
}

BitSpace::Scorer BitSpace::node_scorer(std::uint32_t node) const {
  Scorer scorer;
  scorer.space_ = this;
  scorer.code_ = row(node);
  return scorer;
}

BitSpace::Scorer BitSpace::query_scorer(const void* query, QueryBuffer&) const {
  Scorer scorer;
  scorer.space_ = this;
  scorer.code_ = query;
  return scorer;
}

void BitSpace::write(ByteWriter&) const {}

Status BitSpace::read(ByteReader&, std::span<const std::byte> rows, std::size_t nodes) {
  if (rows.size() != nodes * stride_) {
    return fail(ErrorCode::kDataLoss, join_text("rows of ", nodes, " vectors should be ",
                                                nodes * stride_, " bytes, but are ", rows.size()));
  }
  rows_.resize(rows.size());
  if (!rows.empty()) std::memcpy(rows_.data(), rows.data(), rows.size());
  size_ = nodes;
  return {};
}

}  // namespace simile::quantization
