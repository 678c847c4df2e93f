#include "simile/vectorfile/component.h"

#include <cmath>
#include <cstring>

#include "simile/base/half.h"
#include "simile/base/text.h"

namespace simile::vectorfile {

namespace {

template <class T>
T load(const std::byte* from, std::size_t i) {
  T value;
  std::memcpy(&value, from + i * sizeof(T), sizeof(T));
  return value;
}

double load_number(StoredType type, const std::byte* from, std::size_t i) {
  switch (type) {
    case StoredType::kFloat32: return load<float>(from, i);
    case StoredType::kFloat64: return load<double>(from, i);
    case StoredType::kFloat16: return float16_to_float(load<std::uint16_t>(from, i));
    case StoredType::kInt8: return load<std::int8_t>(from, i);
    case StoredType::kUint8: return load<std::uint8_t>(from, i);
    case StoredType::kInt32: return load<std::int32_t>(from, i);
    case StoredType::kBool: return load<std::uint8_t>(from, i) != 0 ? 1 : 0;
  }
  return 0;
}

/// Stores one number; false where the type cannot hold it. NaN and Inf pass, since whoever takes
/// the rows refuses them with a message of its own.
bool store_number(ElementType type, double value, std::byte* to, std::size_t i) {
  const auto single = static_cast<float>(value);
  if (std::isfinite(value) && !std::isfinite(single)) return false;
  if (type == ElementType::kFloat32) {
    std::memcpy(to + i * sizeof single, &single, sizeof single);
    return true;
  }
  if (type == ElementType::kInt8) {
    if (!(value >= -128 && value <= 127) || value != std::trunc(value)) return false;
    const auto small = static_cast<std::int8_t>(value);
    std::memcpy(to + i, &small, 1);
    return true;
  }
  const bool half = type == ElementType::kFloat16;
  const std::uint16_t bits = half ? float_to_float16(single) : float_to_bfloat16(single);
  std::memcpy(to + i * sizeof bits, &bits, sizeof bits);
  const float stored = half ? float16_to_float(bits) : bfloat16_to_float(bits);
  return std::isfinite(stored) || !std::isfinite(single);
}

void pack_bits(const std::byte* from, std::size_t columns, std::byte* to) {
  std::memset(to, 0, columns / 8);
  for (std::size_t i = 0; i < columns; ++i) {
    if (from[i] != std::byte{0}) to[i / 8] |= std::byte{0x80} >> (i % 8);
  }
}

bool same_bytes(StoredType stored, ElementType element) {
  switch (element) {
    case ElementType::kFloat32: return stored == StoredType::kFloat32;
    case ElementType::kFloat16: return stored == StoredType::kFloat16;
    case ElementType::kInt8: return stored == StoredType::kInt8;
    case ElementType::kBit: return stored == StoredType::kUint8;
    default: return false;
  }
  return false;
}

ElementType natural_element(StoredType stored) {
  switch (stored) {
    case StoredType::kFloat16: return ElementType::kFloat16;
    case StoredType::kInt8: return ElementType::kInt8;
    case StoredType::kBool: return ElementType::kBit;
    default: return ElementType::kFloat32;
  }
}

}  // namespace

std::size_t width_of(StoredType type) {
  switch (type) {
    case StoredType::kFloat32:
    case StoredType::kInt32: return 4;
    case StoredType::kFloat64: return 8;
    case StoredType::kFloat16: return 2;
    case StoredType::kInt8:
    case StoredType::kUint8:
    case StoredType::kBool: return 1;
  }
  return 1;
}

std::string_view name_of(StoredType type) {
  switch (type) {
    case StoredType::kFloat32: return "float32";
    case StoredType::kFloat64: return "float64";
    case StoredType::kFloat16: return "float16";
    case StoredType::kInt8: return "int8";
    case StoredType::kUint8: return "uint8";
    case StoredType::kInt32: return "int32";
    case StoredType::kBool: return "bool";
  }
  return "unknown";
}

Result<VectorType> delivered_type(StoredType stored, std::uint64_t columns,
                                  std::optional<ElementType> element) {
  const ElementType wanted = element.value_or(natural_element(stored));
  std::uint64_t dim = columns;
  if (wanted == ElementType::kBit) {
    if (stored != StoredType::kBool && stored != StoredType::kUint8) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text(name_of(stored),
                            " components do not become bits; store bool, or uint8 with eight bits "
                            "a byte as numpy.packbits gives"));
    }
    if (stored == StoredType::kUint8) dim *= 8;
    if (dim % 8 != 0) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("bit vectors of ", dim, " components; pad them to a multiple of 8"));
    }
  }
  if (dim == 0 || columns > kMaxDimension || dim > kMaxDimension) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("vectors of ", dim, " components; 1 to ", kMaxDimension, " can be read"));
  }
  return VectorType{wanted, static_cast<std::uint32_t>(dim)};
}

bool Conversion::identity() const { return same_bytes(stored_, type_.element); }

Status Conversion::convert(const std::byte* from, std::size_t rows, std::uint64_t first_row,
                           std::byte* to) const {
  const std::size_t from_bytes = stored_row_bytes();
  const std::size_t to_bytes = type_.bytes();
  if (identity()) {
    std::memcpy(to, from, rows * to_bytes);
    return {};
  }
  for (std::size_t row = 0; row < rows; ++row, from += from_bytes, to += to_bytes) {
    if (type_.element == ElementType::kBit) {
      pack_bits(from, columns_, to);
      continue;
    }
    for (std::size_t i = 0; i < columns_; ++i) {
      const double value = load_number(stored_, from, i);
      if (store_number(type_.element, value, to, i)) continue;
      const bool whole = type_.element == ElementType::kInt8;
      return fail(ErrorCode::kInvalidArgument,
                  join_text("row ", first_row + row, ": component ", i, " is ", value, ", which ",
                            simile::name_of(type_.element), " does not hold; ",
                            whole ? "int8 takes whole numbers from -128 to 127, else use float32"
                                  : "scale the vectors, or use float32"));
    }
  }
  return {};
}

}  // namespace simile::vectorfile
