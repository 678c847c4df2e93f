#pragma once
/// How records of the manifest grow: behind the fixed part of a record stand parts with a number
/// each, and those that say nothing are left out. docs/formats/manifest.md.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "simile/base/bytes.h"
#include "simile/base/text.h"
#include "simile/error.h"

namespace simile::segment {

class TaggedParts {
 public:
  /// `write(ByteWriter&)` gives the bytes of the part.
  template <class Write>
  void add(std::uint32_t tag, Write&& write) {
    ByteWriter bytes;
    write(bytes);
    parts_.emplace_back(tag, bytes.take());
  }
  void write(ByteWriter& writer) const {
    writer.put(static_cast<std::uint32_t>(parts_.size()));
    for (const auto& [tag, bytes] : parts_) {
      writer.put(tag);
      writer.put(static_cast<std::uint32_t>(bytes.size()));
      writer.put_bytes(bytes);
    }
  }

 private:
  std::vector<std::pair<std::uint32_t, std::vector<std::byte>>> parts_;
};

/// Calls visit(tag, ByteReader&), which returns false for a tag that it does not know:
/// kUnimplemented, since what a newer version has added may change what the rest means. kDataLoss
/// where the parts are damaged.
template <class Visit>
Status read_tagged(ByteReader& reader, Visit&& visit) {
  const auto count = reader.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    const auto tag = reader.get<std::uint32_t>();
    ByteReader part(reader.get_bytes(reader.get<std::uint32_t>()));
    if (!reader.ok()) break;
    if (!visit(tag, part)) {
      return fail(ErrorCode::kUnimplemented,
                  join_text("part ", tag, " is of a newer Simile: use that one"));
    }
    if (!part.ok() || part.remaining() != 0) {
      return fail(ErrorCode::kDataLoss, join_text("part ", tag, " is of a wrong length"));
    }
  }
  if (!reader.ok()) return fail(ErrorCode::kDataLoss, "its parts are cut short");
  return {};
}

}  // namespace simile::segment
