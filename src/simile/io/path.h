#pragma once
/// Rule 1 of storage.h: what a path may look like. Nothing here touches a file.

#include <string>
#include <string_view>

#include "simile/error.h"

namespace simile::io {

/// Parts joined by '/': none is empty, begins with '.' (names of the storage itself: temporary
/// files, locks) or holds a NUL or another control character.
Status check_path(std::string_view path);

/// As check_path, for the beginning of a path: "", "wal", "wal/", "wal/0000".
Status check_prefix(std::string_view prefix);

/// "wal" of "wal/000001.log", "" of "manifest".
std::string_view folder_of(std::string_view path);
/// "000001.log" of "wal/000001.log".
std::string_view name_in_folder(std::string_view path);

}  // namespace simile::io
