#pragma once
/// The files of the page, which lie in the program: server/page/ as it was when it was built.

#include <span>
#include <string_view>

namespace simile::server {

struct PageAsset {
  std::string_view path;  ///< "/ui/app.js"
  std::string_view type;  ///< "text/javascript; charset=utf-8"
  std::string_view bytes;
};

std::span<const PageAsset> page_files();

}  // namespace simile::server
