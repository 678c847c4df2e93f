#pragma once
/// Texts that programs keep beside a database or a collection: names to values.

#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace simile {

/// Keys and values are UTF-8, and at most kPropertiesBytesMax together. They mean nothing to
/// Simile.
using Properties = std::map<std::string, std::string>;

/// What becomes of properties: the value to set, or nothing to remove the key.
using PropertyChanges = std::map<std::string, std::optional<std::string>>;

inline constexpr std::size_t kPropertiesBytesMax = std::size_t{16} << 20;

}  // namespace simile
