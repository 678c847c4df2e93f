#pragma once
/// Rows in memory in as few bytes as they need: float32 rows are kept
///   as bytes    where every component of all of them is a whole number of 0..255 (pictures, SIFT),
///   as float16  where float16 holds every component exactly (what models of half precision make),
///   else        as float32 while all together are small (kSmallBytes), and beyond that as 16-bit
///               multiples of a step for each row, its largest component / 32,767: the error of a
///               component is at most half a step, 2^-16 of the largest.
/// Rows of other types are kept as they come. The first rows decide; later ones that do not fit
/// change the type of all, in this order and never back.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "simile/base/growable_buffer.h"
#include "simile/types.h"

namespace simile::quantization {

class CompactRows {
 public:
  static constexpr std::size_t kSmallBytes = std::size_t{32} << 20;

  /// Of rows of `type`; with `shrink` false they stay as they are. In a file in `folder`, or in
  /// memory where that is "" (growable_buffer.h).
  CompactRows(VectorType type, bool shrink, std::string folder = "")
      : stored_(type), shrink_(shrink), bytes_(std::move(folder)) {}

  std::size_t size() const { return count_; }
  /// The rows as they are kept: of kUint8, kFloat16 or kScaled16 where float32 rows came.
  MatrixView view() const { return {bytes().data(), count_, stored_}; }
  VectorType stored_type() const { return stored_; }

  /// Rows of the type it was made for. True where rows of before have changed their type.
  bool append(const MatrixView& rows, std::uint32_t threads);

  /// append() in steps, for rows that others read. The type that all need once these have come:
  ElementType type_with(const MatrixView& rows) const;
  /// Room for `count` rows, all kept as `element`; the new ones are 0. Moves them.
  void resize(ElementType element, std::size_t count, std::uint32_t threads);
  /// Row i becomes row places[i].
  void write(const MatrixView& rows, std::span<const std::uint32_t> places, std::uint32_t threads);

  /// Row `i` of other rows, which have the same stored type or are the first to come here.
  void append_row_of(const CompactRows& other, std::size_t i);
  /// Takes over rows that were kept elsewhere as `element`; they begin at zero and are filled by
  /// the caller through data().
  void restore(ElementType element, std::size_t rows);
  std::byte* data() { return bytes_.data(); }
  /// As restore(), but of rows that lie in a mapped file, which lives as long as `owner`: they stay
  /// there until rows are added.
  void borrow(ElementType element, std::span<const std::byte> rows,
              std::shared_ptr<const void> owner);
  std::span<const std::byte> bytes() const {
    return {owner_ ? borrowed_.data() : bytes_.data(), count_ * stored_.bytes()};
  }
  /// Whether rows are in a file.
  bool on_disk() const { return !bytes_.folder().empty(); }
  /// Rows in a file leave the memory of the process until they are touched again.
  void release_pages() const;
  std::uint64_t memory_bytes() const { return on_disk() ? 0 : bytes_.size(); }
  /// The most that memory_bytes() is with so many rows of `type`, made with this `shrink`.
  static std::uint64_t bytes_for(VectorType type, bool shrink, std::uint64_t rows);

 private:
  void own();
  void change_type(ElementType element, std::uint32_t threads);

  VectorType stored_;
  bool shrink_;
  std::size_t count_ = 0;
  GrowableBuffer bytes_;
  std::shared_ptr<const void> owner_;  // of borrowed_, where rows are there
  std::span<const std::byte> borrowed_;
};

}  // namespace simile::quantization
