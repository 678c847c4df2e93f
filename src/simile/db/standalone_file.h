#pragma once
/// The file of a simile::Index; docs/formats/index.md describes it byte for byte.

#include <memory>
#include <string>

#include "simile/db/standalone_state.h"
#include "simile/io/section_file.h"

namespace simile::db {

Status save_standalone(const std::string& path, const StandaloneState& state);

Result<std::unique_ptr<io::SectionReader>> open_standalone_file(const std::string& path);
/// kDataLoss where they make no sense at all; the caller checks ranges.
Result<IndexOptions> read_standalone_options(const io::SectionReader& reader);
/// Into a state made of those options, empty so far. Every checksum is verified. Where rows are to
/// be in a file, they stay in this one.
Status read_standalone(const std::shared_ptr<io::SectionReader>& file, StandaloneState& state);

}  // namespace simile::db
