#include "simile/io/path.h"

#include "simile/base/text.h"
#include "simile/io/storage.h"

namespace simile::io {

namespace {

Status check_part(std::string_view part, std::string_view path) {
  if (part.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("path '", path, "' has an empty part; join names by one '/'"));
  }
  if (part.front() == '.') {
    return fail(
        ErrorCode::kInvalidArgument,
        join_text("path '", path, "' has a part that begins with '.'; choose another name"));
  }
  for (const char c : part) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return fail(ErrorCode::kInvalidArgument, "a path holds a control character");
    }
  }
  return {};
}

}  // namespace

Status check_path(std::string_view path) {
  std::string_view rest = path;
  for (;;) {
    const std::size_t slash = rest.find('/');
    if (Status part = check_part(rest.substr(0, slash), path); !part) return part;
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

Status check_prefix(std::string_view prefix) {
  if (prefix.empty()) return {};
  if (prefix.back() == '/') prefix.remove_suffix(1);
  return check_path(prefix);
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::string_view name_in_folder(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Result<std::string> join_path(std::string_view folder, std::string_view name) {
  std::string path = folder.empty() ? std::string(name) : join_text(folder, '/', name);
  if (Status checked = check_path(path); !checked) return std::unexpected(checked.error());
  return path;
}

}  // namespace simile::io
