#include "simile/quantization/bit_space.h"

#include <cstring>

#include "simile/base/text.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::quantization {

BitSpace::BitSpace(VectorType type, Metric metric, std::uint64_t)
    : type_(type), gather_(kernels::distance_functions(op_of(metric), type.element).gather) {}

bool BitSpace::append(const MatrixView& rows, std::span<const float>,
                      std::span<const std::uint32_t> nodes, std::uint32_t) {
  const std::size_t bytes = type_.bytes();
  codes_.resize(nodes.size() * bytes);
  for (; size_ < nodes.size(); ++size_) {
    std::memcpy(codes_.data() + size_ * bytes, rows.row(nodes[size_]), bytes);
  }
  return false;
}

BitSpace::Scorer BitSpace::node_scorer(std::uint32_t node) const {
  Scorer scorer;
  scorer.space_ = this;
  scorer.code_ = codes_.data() + node * type_.bytes();
  return scorer;
}

BitSpace::Scorer BitSpace::query_scorer(const void* query, QueryBuffer&) const {
  Scorer scorer;
  scorer.space_ = this;
  scorer.code_ = query;
  return scorer;
}

void BitSpace::write(ByteWriter&) const {}

Status BitSpace::read(ByteReader&, std::span<const std::byte> codes, std::size_t nodes) {
  if (codes.size() != nodes * type_.bytes()) {
    return fail(ErrorCode::kDataLoss,
                join_text("codes of ", nodes, " vectors should be ", nodes * type_.bytes(),
                          " bytes, but are ", codes.size()));
  }
  codes_.resize(codes.size());
  if (!codes.empty()) std::memcpy(codes_.data(), codes.data(), codes.size());
  size_ = nodes;
  return {};
}

}  // namespace simile::quantization
