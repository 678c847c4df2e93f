#pragma once
/// The files of a database and the number in each name; docs/formats/database.md lists them.
/// Numbers of segments, indexes and deletes come from one counter and are never used twice, so a
/// file that a crash left behind can never be taken for a later one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simile::segment {

inline constexpr std::string_view kManifestPrefix = "MANIFEST-";
inline constexpr std::string_view kLogFolder = "wal/";
inline constexpr std::string_view kSegmentFolder = "segments/";
inline constexpr std::string_view kLockName = "lock";

std::string manifest_name(std::uint64_t number);  ///< MANIFEST-000000000017
std::string log_name(std::uint64_t number);       ///< wal/000000000017.log
std::string rows_name(std::uint64_t number);      ///< segments/000000000017.rows
std::string keys_name(std::uint64_t number);      ///< segments/000000000017.keys
std::string index_name(std::uint64_t number);     ///< segments/000000000017.index
std::string deletes_name(std::uint64_t number);   ///< segments/000000000017.deletes

/// The number in a name that one of the functions above made, or nothing.
std::optional<std::uint64_t> number_in(std::string_view path);

}  // namespace simile::segment
