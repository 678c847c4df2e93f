#include <cstring>

#include "simile/base/half.h"
#include "simile/base/text.h"
#include "simile/types.h"

namespace simile {

namespace {

// A component is finite where not all bits of its exponent are set: the test below runs on the raw
// bits, so that one loop serves three formats.
template <class Word, Word kExponent>
Status check_rows(const MatrixView& vectors, std::uint64_t first_row) {
  for (std::size_t i = 0; i < vectors.rows; ++i) {
    const std::byte* row = vectors.row(i);
    bool bad = false;
    for (std::size_t d = 0; d < vectors.type.dim; ++d) {
      Word bits;
      std::memcpy(&bits, row + d * sizeof(Word), sizeof(Word));
      bad |= (bits & kExponent) == kExponent;
    }
    if (bad) {
      return fail(
          ErrorCode::kInvalidArgument,
          join_text("vector ", first_row + i, " holds NaN or Inf; every component must be finite"));
    }
  }
  return {};
}

}  // namespace

Status check_vectors(const MatrixView& vectors, std::uint64_t first_row) {
  switch (vectors.type.element) {
    case ElementType::kFloat32: return check_rows<std::uint32_t, 0x7F80'0000u>(vectors, first_row);
    case ElementType::kFloat16: return check_rows<std::uint16_t, 0x7C00u>(vectors, first_row);
    case ElementType::kBFloat16: return check_rows<std::uint16_t, 0x7F80u>(vectors, first_row);
    case ElementType::kInt8:
    case ElementType::kBit:
    case ElementType::kUint8:
    case ElementType::kScaled16: return {};
  }
  return {};
}

}  // namespace simile
