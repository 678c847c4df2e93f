#pragma once
/// One container for every file that is written once: named sections with checksums.
/// docs/formats/section-file.md describes it byte for byte.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simile/error.h"
#include "simile/io/storage.h"

namespace simile::io {

inline constexpr std::size_t kSectionAlignment = 64;
/// Sections of at least kLargeSectionBytes begin on a page, so that mapped vectors do too.
inline constexpr std::size_t kPageAlignment = 4096;
inline constexpr std::size_t kLargeSectionBytes = std::size_t{64} << 10;

/// Sections are written one after the other, each from front to back.
class SectionWriter {
 public:
  /// `kind` says what the file is ("segment", "index"; at most 32 characters), `format` its
  /// version; both are checked when it is opened. Creates `path`.
  static Result<std::unique_ptr<SectionWriter>> create(Storage& storage, const std::string& path,
                                                       std::string_view kind, std::uint32_t format);
  /// The same into a new, empty file.
  static Result<std::unique_ptr<SectionWriter>> create(std::unique_ptr<WritableFile> file,
                                                       std::string_view kind, std::uint32_t format);
  virtual ~SectionWriter() = default;

  /// Names are unique in a file: 1 to 255 printable ASCII characters, no space.
  virtual Status begin_section(std::string_view name) = 0;
  virtual Status append(std::span<const std::byte> bytes) = 0;
  /// begin_section and one append.
  Status add_section(std::string_view name, std::span<const std::byte> bytes);
  /// Writes the table of sections, syncs, closes. Nothing may be added after.
  virtual Status finish() = 0;
};

/// Opening reads and verifies the header and the table, not the sections.
/// Thread rule: any call from any thread.
class SectionReader {
 public:
  struct Section {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t checksum = 0;
  };

  /// kDataLoss where the header or table is damaged; kUnimplemented where `format` is newer than
  /// `format_max`; kInvalidArgument where it is of another kind.
  static Result<std::unique_ptr<SectionReader>> open(std::shared_ptr<ReadableFile> file,
                                                     std::string_view kind,
                                                     std::uint32_t format_max);
  virtual ~SectionReader() = default;

  virtual std::uint32_t format() const = 0;
  virtual const std::vector<Section>& sections() const = 0;
  /// The bytes, mapped, aligned to kSectionAlignment, not verified; kNotFound names file and
  /// section.
  virtual Result<std::span<const std::byte>> section(std::string_view name) const = 0;
  /// Reads the section and compares its checksum, and that the padding before it is zero; kDataLoss
  /// names file and section.
  virtual Status verify(std::string_view name) const = 0;
  /// Every section: with what open() checks, every byte of the file.
  Status verify_all() const;
  bool contains(std::string_view name) const;
  /// section() after verify().
  Result<std::span<const std::byte>> verified_section(std::string_view name) const;
};

}  // namespace simile::io
