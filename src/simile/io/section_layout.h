#pragma once
/// Where the parts of a section file lie; docs/formats/section-file.md has the same as tables.
///
/// Invariants, which writer and reader both keep:
/// 1. header, sections, table, footer follow each other in this order, with zeros between them.
/// 2. A section begins at the first multiple of its alignment after what comes before; the table
///    at the first multiple of 8. So sizes alone decide all offsets, and no byte is unclaimed.
/// 3. header, each section, table and footer have a checksum each.

#include <array>
#include <cstdint>
#include <string_view>

#include "simile/io/section_file.h"

namespace simile::io {

inline constexpr std::array<char, 8> kHeaderMagic = {'S', 'I', 'M', 'I', 'L', 'E', '\r', '\n'};
inline constexpr std::array<char, 8> kFooterMagic = {'S', 'I', 'M', 'I', 'L', 'E', 'N', 'D'};
inline constexpr std::uint32_t kContainerVersion = 1;
inline constexpr std::size_t kKindBytes = 32;
inline constexpr std::size_t kNameBytesMax = 255;
/// More would be an attack: it is 200,000 sections with the longest names.
inline constexpr std::uint64_t kTableBytesMax = std::uint64_t{64} << 20;

struct SectionHeader {
  std::array<char, 8> magic = kHeaderMagic;
  std::uint32_t container_version = kContainerVersion;
  std::uint32_t format = 0;
  std::array<char, kKindBytes> kind{};  ///< filled up with zeros
  std::uint64_t reserved = 0;
  std::uint64_t checksum = 0;  ///< of the bytes before it
};
static_assert(sizeof(SectionHeader) == 64);

struct SectionFooter {
  std::uint64_t table_offset = 0;
  std::uint64_t table_size = 0;
  std::uint64_t table_checksum = 0;
  std::array<char, 8> magic = kFooterMagic;
  std::uint64_t checksum = 0;  ///< of the bytes before it
};
static_assert(sizeof(SectionFooter) == 40);

/// The first multiple of `alignment`, a power of two, from `offset` on; `offset` is below 2^63.
constexpr std::uint64_t align_up(std::uint64_t offset, std::uint64_t alignment) {
  return (offset + alignment - 1) & ~(alignment - 1);
}

/// Where a section of this size begins, if `end` is where the one before it, or the header, ends.
constexpr std::uint64_t section_offset(std::uint64_t end, std::uint64_t size) {
  return align_up(end, size >= kLargeSectionBytes ? kPageAlignment : kSectionAlignment);
}

constexpr std::uint64_t table_offset(std::uint64_t end) { return align_up(end, 8); }

/// Of kinds and section names: printable ASCII without space, so that no message can be forged.
constexpr bool is_section_name(std::string_view name, std::size_t bytes_max) {
  if (name.empty() || name.size() > bytes_max) return false;
  for (const char c : name) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace simile::io
