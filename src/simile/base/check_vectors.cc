#include <cstring>

#include "simile/base/half.h"
#include "simile/base/text.h"
#include "simile/types.h"

namespace simile {

namespace {

std::unexpected<Error> zero_vector(std::uint64_t row) {
  return fail(ErrorCode::kInvalidArgument,
              join_text("vector ", row,
                        " is zero, which has no direction and so no cosine; "
                        "leave it out or use metric l2 or ip"));
}

// A component is finite where not all bits of its exponent are set, and zero where nothing but its
// sign is: the tests below run on the raw bits, so that one loop serves three formats.
template <class Word, Word kExponent, Word kMagnitude>
Status check_rows(const MatrixView& vectors, bool refuse_zero, std::uint64_t first_row) {
  for (std::size_t i = 0; i < vectors.rows; ++i) {
    const std::byte* row = vectors.row(i);
    Word any = 0;
    bool bad = false;
    for (std::size_t d = 0; d < vectors.type.dim; ++d) {
      Word bits;
      std::memcpy(&bits, row + d * sizeof(Word), sizeof(Word));
      any = static_cast<Word>(any | (bits & kMagnitude));
      bad |= (bits & kExponent) == kExponent;
    }
    if (bad) {
      return fail(
          ErrorCode::kInvalidArgument,
          join_text("vector ", first_row + i, " holds NaN or Inf; every component must be finite"));
    }
    if (refuse_zero && any == 0) return zero_vector(first_row + i);
  }
  return {};
}

}  // namespace

Status check_vectors(const MatrixView& vectors, Metric metric, std::uint64_t first_row) {
  const bool refuse_zero = metric == Metric::kCosine;
  switch (vectors.type.element) {
    case ElementType::kFloat32:
      return check_rows<std::uint32_t, 0x7F80'0000u, 0x7FFF'FFFFu>(vectors, refuse_zero, first_row);
    case ElementType::kFloat16:
      return check_rows<std::uint16_t, 0x7C00u, 0x7FFFu>(vectors, refuse_zero, first_row);
    case ElementType::kBFloat16:
      return check_rows<std::uint16_t, 0x7F80u, 0x7FFFu>(vectors, refuse_zero, first_row);
    case ElementType::kInt8:
      if (!refuse_zero) return {};
      for (std::size_t i = 0; i < vectors.rows; ++i) {
        const std::byte* row = vectors.row(i);
        bool zero = true;
        for (std::size_t d = 0; d < vectors.type.dim; ++d) zero &= row[d] == std::byte{0};
        if (zero) return zero_vector(first_row + i);
      }
      return {};
    case ElementType::kBit:
    case ElementType::kUint8:
    case ElementType::kScaled16: return {};
  }
  return {};
}

}  // namespace simile
