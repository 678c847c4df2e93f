#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "simile/error.h"

namespace simile::pictures {

struct FoundPicture {
  std::string path;  ///< absolute
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
};

struct FolderContents {
  std::string folder;                  ///< absolute and without links, as the paths begin
  std::vector<FoundPicture> pictures;  ///< by path, bytewise
  /// Folders that could not be read, and why: what lies in them is unknown, not gone.
  std::vector<std::pair<std::string, std::string>> unreadable;
};

/// Files below `folder` that are pictures by the ending of their names (jpg, jpeg, jpe, jfif, png,
/// webp, gif, bmp, dib in any case). Hidden files and folders are left out, and so are links unless
/// `follow_symlinks`; a folder that is reached twice is read once, so that loops end. kNotFound
/// where `folder` is not there, kInvalidArgument where it is no folder.
Result<FolderContents> walk_folder(const std::string& folder, bool follow_symlinks);

/// True where `path` lies below `folder`, which has no slash at its end.
bool lies_below(const std::string& path, const std::string& folder);

}  // namespace simile::pictures
