/// Any bytes as a section file: opening and verifying must end, with an error or without one.
/// Each input is tried as it is, and again with its checksums put right, since hardly any random
/// change gets past those.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/checksum.h"
#include "simile/io/fault_storage.h"
#include "simile/io/section_file.h"
#include "simile/io/section_layout.h"

namespace {

using namespace simile;
using namespace simile::io;

void open_and_read(const std::vector<std::byte>& bytes) {
  const auto disk = FaultStorage::make();
  SIMILE_CHECK(disk->overwrite("f", bytes));
  const auto reader = SectionReader::open(*disk->open("f"), "segment", 3);
  if (!reader) return;
  for (const SectionReader::Section& section : (*reader)->sections()) {
    const auto mapped = (*reader)->section(section.name);
    SIMILE_CHECK(mapped && mapped->size() == section.size);
    // What verify() accepts must be what is mapped.
    const bool valid = (*reader)->verify(section.name).has_value();
    SIMILE_CHECK(!valid || checksum64(*mapped) == section.checksum);
  }
}

template <class T>
void put_right(std::span<std::byte> at) {
  const std::uint64_t checksum = checksum64(at.first(offsetof(T, checksum)));
  std::memcpy(at.data() + offsetof(T, checksum), &checksum, sizeof checksum);
}

void put_checksums_right(std::vector<std::byte>& bytes) {
  if (bytes.size() < sizeof(SectionHeader) + sizeof(SectionFooter)) return;
  put_right<SectionHeader>(std::span(bytes).first(sizeof(SectionHeader)));
  const std::span<std::byte> footer = std::span(bytes).last(sizeof(SectionFooter));
  SectionFooter fields;
  std::memcpy(&fields, footer.data(), sizeof fields);
  if (fields.table_size <= bytes.size() &&
      fields.table_offset <= bytes.size() - fields.table_size) {
    fields.table_checksum =
        checksum64(std::span(bytes).subspan(fields.table_offset, fields.table_size));
    std::memcpy(footer.data(), &fields, sizeof fields);
  }
  put_right<SectionFooter>(footer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  std::vector<std::byte> bytes(input.begin(), input.end());
  open_and_read(bytes);
  put_checksums_right(bytes);
  open_and_read(bytes);
  return 0;
}
