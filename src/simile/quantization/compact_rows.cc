#include "simile/quantization/compact_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "simile/base/file_pages.h"
#include "simile/base/parallel.h"
#include "simile/kernels/distance.h"

namespace simile::quantization {

namespace {

constexpr std::size_t kGrain = 1024;
constexpr float kMultiplesMax = 32'767;

bool fits_bytes(const float* row, std::size_t dim) {
  bool fits = true;
  for (std::size_t d = 0; d < dim; ++d) {
    const float x = row[d];
    fits &= x >= 0 && x <= 255 &&
            static_cast<float>(static_cast<std::int32_t>(std::clamp(x, 0.0f, 255.0f))) == x;
  }
  return fits;
}

bool fits_halves(const float* row, std::size_t dim, std::vector<std::uint16_t>& halves,
                 std::vector<float>& back) {
  halves.resize(dim);
  back.resize(dim);
  kernels::from_float32(ElementType::kFloat16, row, dim, halves.data());
  kernels::to_float32(ElementType::kFloat16, halves.data(), dim, back.data());
  return std::equal(back.begin(), back.end(), row);
}

// The smallest type that holds all rows exactly: kUint8, kFloat16 or kFloat32, in this order and
// not before `least`.
ElementType smallest(const MatrixView& rows, ElementType least) {
  const std::size_t dim = rows.type.dim;
  std::vector<float> row(dim);
  std::vector<std::uint16_t> halves;
  std::vector<float> back;
  for (std::size_t i = 0; i < rows.rows && least != ElementType::kFloat32; ++i) {
    std::memcpy(row.data(), rows.row(i), dim * sizeof(float));
    if (least == ElementType::kUint8 && !fits_bytes(row.data(), dim)) least = ElementType::kFloat16;
    if (least == ElementType::kFloat16 && !fits_halves(row.data(), dim, halves, back)) {
      least = ElementType::kFloat32;
    }
  }
  return least;
}

void write_multiples(const float* row, std::size_t dim, std::byte* to) {
  float largest = 0;
  for (std::size_t d = 0; d < dim; ++d) largest = std::max(largest, std::fabs(row[d]));
  // A step below the normal numbers would have no inverse.
  const float step = std::max(largest / kMultiplesMax, std::numeric_limits<float>::min());
  const float inverse = 1.0f / step;
  std::memcpy(to, &step, sizeof step);
  auto* multiples = reinterpret_cast<std::int16_t*>(to + sizeof step);
  for (std::size_t d = 0; d < dim; ++d) {
    const float multiple = std::clamp(row[d] * inverse, -kMultiplesMax, kMultiplesMax);
    multiples[d] = static_cast<std::int16_t>(multiple + std::copysign(0.5f, multiple));
  }
}

void write_row(const float* row, VectorType stored, std::byte* to) {
  switch (stored.element) {
    case ElementType::kUint8:
      for (std::size_t d = 0; d < stored.dim; ++d) to[d] = static_cast<std::byte>(row[d]);
      return;
    case ElementType::kFloat16:
      return kernels::from_float32(ElementType::kFloat16, row, stored.dim, to);
    case ElementType::kFloat32: std::memcpy(to, row, stored.bytes()); return;
    default: return write_multiples(row, stored.dim, to);
  }
}

}  // namespace

ElementType CompactRows::type_with(const MatrixView& rows) const {
  if (!shrink_ || rows.type.element != ElementType::kFloat32) return stored_.element;
  if (stored_.element == ElementType::kScaled16 && count_ != 0) return stored_.element;
  const ElementType least = smallest(rows, count_ == 0 ? ElementType::kUint8 : stored_.element);
  const bool small = (count_ + rows.rows) * rows.type.bytes() <= kSmallBytes;
  return least == ElementType::kFloat32 && !small ? ElementType::kScaled16 : least;
}

void CompactRows::resize(ElementType element, std::size_t count, std::uint32_t threads) {
  own();
  if (count_ == 0) {
    stored_.element = element;
  } else if (stored_.element != element) {
    change_type(element, threads);
  }
  bytes_.resize(count * stored_.bytes());
  count_ = count;
}

void CompactRows::write(const MatrixView& rows, std::span<const std::uint32_t> places,
                        std::uint32_t threads) {
  const std::size_t bytes = stored_.bytes();
  const bool same = rows.type.element == stored_.element;
  parallel_for(threads, rows.rows, kGrain, [&](std::size_t first, std::size_t last, std::uint32_t) {
    std::vector<float> row(same ? 0 : stored_.dim);
    for (std::size_t i = first; i < last; ++i) {
      std::byte* to = bytes_.data() + places[i] * bytes;
      if (same) {
        std::memcpy(to, rows.row(i), bytes);
      } else {
        std::memcpy(row.data(), rows.row(i), stored_.dim * sizeof(float));
        write_row(row.data(), stored_, to);
      }
    }
  });
}

bool CompactRows::append(const MatrixView& rows, std::uint32_t threads) {
  const ElementType wanted = type_with(rows);
  const bool changed = count_ != 0 && wanted != stored_.element;
  std::vector<std::uint32_t> places(rows.rows);
  std::iota(places.begin(), places.end(), static_cast<std::uint32_t>(count_));
  resize(wanted, count_ + rows.rows, threads);
  write(rows, places, threads);
  return changed;
}

std::uint64_t CompactRows::bytes_for(VectorType type, bool shrink, std::uint64_t rows) {
  const std::uint64_t whole = rows * type.bytes();
  if (!shrink || type.element != ElementType::kFloat32 || whole <= kSmallBytes) return whole;
  type.element = ElementType::kScaled16;
  return rows * type.bytes();
}

void CompactRows::append_row_of(const CompactRows& other, std::size_t i) {
  if (count_ == 0) stored_ = other.stored_;
  const std::size_t bytes = stored_.bytes();
  if (bytes_.size() < (count_ + 1) * bytes) bytes_.resize((count_ + 1) * bytes);
  std::memcpy(bytes_.data() + count_ * bytes, other.bytes().data() + i * bytes, bytes);
  ++count_;
}

void CompactRows::restore(ElementType element, std::size_t rows) {
  stored_.element = element;
  count_ = rows;
  bytes_.resize(rows * stored_.bytes());
}

void CompactRows::borrow(ElementType element, std::span<const std::byte> rows,
                         std::shared_ptr<const void> owner) {
  stored_.element = element;
  count_ = rows.size() / stored_.bytes();
  borrowed_ = rows;
  owner_ = std::move(owner);
}

void CompactRows::own() {
  if (!owner_) return;
  bytes_.resize(borrowed_.size());
  if (!borrowed_.empty()) std::memcpy(bytes_.data(), borrowed_.data(), borrowed_.size());
  owner_.reset();
}

void CompactRows::release_pages() const {
  if (owner_) {
    release_file_pages(borrowed_);
  } else {
    bytes_.release_pages();
  }
}

void CompactRows::change_type(ElementType element, std::uint32_t threads) {
  const MatrixView old = view();
  VectorType type = stored_;
  type.element = element;
  GrowableBuffer bytes(bytes_.folder());
  bytes.resize(count_ * type.bytes());
  parallel_for(threads, count_, kGrain, [&](std::size_t first, std::size_t last, std::uint32_t) {
    std::vector<float> row(type.dim);
    for (std::size_t i = first; i < last; ++i) {
      if (old.type.element == ElementType::kFloat32) {
        std::memcpy(row.data(), old.row(i), type.dim * sizeof(float));
      } else {
        kernels::to_float32(old.type.element, old.row(i), type.dim, row.data());
      }
      write_row(row.data(), type, bytes.data() + i * type.bytes());
    }
  });
  bytes_ = std::move(bytes);
  stored_ = type;
}

}  // namespace simile::quantization
