#include "simile/pictures/folder_walk.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "simile/base/text.h"

namespace simile::pictures {
namespace {

constexpr std::array<std::string_view, 9> kEndings = {"jpg",  "jpeg", "jpe", "jfif", "png",
                                                      "webp", "gif",  "bmp", "dib"};

bool is_picture_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string ending(name.substr(dot + 1));
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

class Walk {
 public:
  Walk(FolderContents& contents, bool follow_symlinks)
      : contents_(contents), follow_symlinks_(follow_symlinks) {
    folders_.push_back(contents.folder);
  }

  void run() {
    // A list, not recursion: folders may be nested deeper than the stack.
    while (!folders_.empty()) {
      const std::string folder = std::move(folders_.back());
      folders_.pop_back();
      read_folder(folder);
    }
    std::ranges::sort(contents_.pictures, {}, &FoundPicture::path);
  }

 private:
  void read_folder(const std::string& folder) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(folder.c_str()), &closedir);
    if (!entries) {
      contents_.unreadable.emplace_back(folder, std::strerror(errno));
      return;
    }
    errno = 0;
    while (const dirent* entry = readdir(entries.get())) {
      if (entry->d_name[0] != '.') visit(folder + (folder == "/" ? "" : "/") + entry->d_name);
      errno = 0;
    }
    if (errno != 0) contents_.unreadable.emplace_back(folder, std::strerror(errno));
  }

  void visit(const std::string& path) {
    struct stat status {};
    const int failed =
        follow_symlinks_ ? stat(path.c_str(), &status) : lstat(path.c_str(), &status);
    if (failed != 0) return;  // gone since it was listed, or a link to nowhere
    if (S_ISDIR(status.st_mode)) {
      if (visited_.emplace(status.st_dev, status.st_ino).second) folders_.push_back(path);
    } else if (S_ISREG(status.st_mode) && is_picture_name(path)) {
      contents_.pictures.push_back({.path = path,
                                    .bytes = static_cast<std::uint64_t>(status.st_size),
                                    .modified = nanoseconds(status.st_mtim)});
    }
  }

  FolderContents& contents_;
  bool follow_symlinks_;
  std::vector<std::string> folders_;
  std::set<std::pair<dev_t, ino_t>> visited_;
};

}  // namespace

Result<FolderContents> walk_folder(const std::string& folder, bool follow_symlinks) {
  const std::unique_ptr<char, void (*)(void*)> absolute(realpath(folder.c_str(), nullptr),
                                                        &std::free);
  if (!absolute) {
    return fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument,
                join_text(folder, ": cannot be read: ", std::strerror(errno)));
  }
  struct stat status {};
  if (stat(absolute.get(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::kInvalidArgument, join_text(folder, ": is not a folder"));
  }
  FolderContents contents;
  contents.folder = absolute.get();
  Walk(contents, follow_symlinks).run();
  const bool all_unknown =
      !contents.unreadable.empty() && contents.unreadable.front().first == contents.folder;
  if (all_unknown) {
    return fail(ErrorCode::kPermissionDenied,
                join_text(folder, ": cannot be read: ", contents.unreadable.front().second));
  }
  return contents;
}

bool lies_below(const std::string& path, const std::string& folder) {
  if (folder == "/") return path.starts_with('/');
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace simile::pictures
