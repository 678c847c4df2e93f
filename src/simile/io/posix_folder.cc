#include "simile/io/posix_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/io/path.h"
#include "simile/io/posix_error.h"

namespace simile::io {

namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY;

int sync_folder_fd(const PosixCalls& calls, int fd) {
  if (calls.fsync(fd) == 0) return 0;
  // Some network and user-space file systems cannot sync folders and say so by EINVAL; their names
  // are durable by other means or not at all.
  return errno == EINVAL ? 0 : -1;
}

/// Makes `directory` and its ancestors; each new name is synced into the folder above it.
Status make_directories(const PosixCalls& calls, const std::string& directory) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = directory.find('/', end + 1);
    const std::string part = directory.substr(0, end);
    if (calls.mkdirat(AT_FDCWD, part.c_str(), 0755) != 0) {
      if (errno == EEXIST) continue;
      return std::unexpected(posix_error(errno, "make folder", part));
    }
    const std::size_t slash = part.rfind('/');
    const std::string above = slash == std::string::npos ? "."
                              : slash == 0               ? "/"
                                                         : part.substr(0, slash);
    const FileDescriptor fd = open_retrying(calls, AT_FDCWD, above.c_str(), kFolderFlags);
    if (!fd.valid() || sync_folder_fd(calls, fd.get()) != 0) {
      return std::unexpected(posix_error(errno, "sync folder", above));
    }
  }
  return {};
}

}  // namespace

std::string temporary_name(std::string_view path) {
  static std::atomic<std::uint64_t> counter{0};
  const std::string_view folder = path.substr(0, path.rfind('/') + 1);
  return join_text(folder, kTemporaryPrefix, ::getpid(), '-', counter.fetch_add(1));
}

struct PosixFolder::Found {
  const std::string& path;
  std::string_view name;
  std::uint64_t size;
};

Result<std::unique_ptr<PosixFolder>> PosixFolder::open(const std::string& directory, bool create,
                                                       std::shared_ptr<const PosixCalls> calls) {
  std::string path = directory;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.empty()) return fail(ErrorCode::kInvalidArgument, "the directory has no name");
  FileDescriptor root = open_retrying(*calls, AT_FDCWD, path.c_str(), kFolderFlags);
  if (!root.valid() && errno == ENOENT && create) {
    SIMILE_TRY(make_directories(*calls, path));
    root = open_retrying(*calls, AT_FDCWD, path.c_str(), kFolderFlags);
  }
  if (!root.valid()) return std::unexpected(posix_error(errno, "open folder", path));
  return std::unique_ptr<PosixFolder>(
      new PosixFolder(std::move(path), std::move(root), std::move(calls)));
}

std::string PosixFolder::full_path(std::string_view path) const {
  return directory_ == "/" ? join_text('/', path) : join_text(directory_, '/', path);
}

Result<FileDescriptor> PosixFolder::create(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL;
  FileDescriptor fd = open_retrying(*calls_, root_.get(), path.c_str(), kFlags);
  if (!fd.valid() && errno == ENOENT) {
    SIMILE_TRY(make_folders(folder_of(path)));
    fd = open_retrying(*calls_, root_.get(), path.c_str(), kFlags);
  }
  if (!fd.valid()) return std::unexpected(posix_error(errno, "create", full_path(path)));
  return fd;
}

Status PosixFolder::make_folders(std::string_view folder) {
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = folder.find('/', end + 1);
    const std::string part(folder.substr(0, end));
    if (calls_->mkdirat(root_.get(), part.c_str(), 0755) != 0 && errno != EEXIST) {
      return std::unexpected(posix_error(errno, "make folder", full_path(part)));
    }
  }
  return {};
}

Status PosixFolder::sync_folder(std::string_view folder) const {
  const std::string path = folder.empty() ? "." : std::string(folder);
  const FileDescriptor fd = open_retrying(*calls_, root_.get(), path.c_str(), kFolderFlags);
  if (!fd.valid() || sync_folder_fd(*calls_, fd.get()) != 0) {
    return std::unexpected(posix_error(errno, "sync folder", full_path(folder)));
  }
  return {};
}

Status PosixFolder::sync_name(const std::string& path) {
  std::string_view folder = folder_of(path);
  SIMILE_TRY(sync_folder(folder));
  // Folders are marked only after all above them are durable too: a marked one ends the climb.
  std::vector<std::string> named;
  for (; !folder.empty(); folder = folder_of(folder)) {
    {
      const std::lock_guard guard(mutex_);
      if (durable_folders_.contains(folder)) break;
    }
    SIMILE_TRY(sync_folder(folder_of(folder)));
    named.emplace_back(folder);
  }
  const std::lock_guard guard(mutex_);
  durable_folders_.insert(named.begin(), named.end());
  return {};
}

Status PosixFolder::walk(const std::string& folder,
                         const std::function<Status(const Found& found)>& visit) const {
  const int fd = ::openat(root_.get(), folder.empty() ? "." : folder.c_str(),
                          kFolderFlags | O_NOFOLLOW | O_CLOEXEC);
  // Gone since its name was read, or a prefix that leads nowhere.
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (fd < 0) return std::unexpected(posix_error(errno, "list", full_path(folder)));
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd), ::closedir);
  if (entries == nullptr) {
    ::close(fd);
    return std::unexpected(posix_error(errno, "list", full_path(folder)));
  }
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string path = folder.empty() ? std::string(name) : join_text(folder, '/', name);
    struct stat info {};
    if (::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return std::unexpected(posix_error(errno, "list", full_path(path)));
    }
    if (S_ISDIR(info.st_mode) && name.front() != '.') SIMILE_TRY(walk(path, visit));
    if (S_ISREG(info.st_mode)) {
      SIMILE_TRY(visit(Found{path, name, static_cast<std::uint64_t>(info.st_size)}));
    }
  }
  if (errno != 0) return std::unexpected(posix_error(errno, "list", full_path(folder)));
  return {};
}

Result<std::vector<FileEntry>> PosixFolder::list(const std::string& prefix) const {
  std::vector<FileEntry> entries;
  SIMILE_TRY(walk(std::string(folder_of(prefix)), [&](const Found& found) -> Status {
    if (found.name.front() != '.' && found.path.starts_with(prefix)) {
      entries.push_back({found.path, found.size});
    }
    return {};
  }));
  return entries;
}

Status PosixFolder::remove_temporary_files() {
  return walk("", [&](const Found& found) -> Status {
    if (!found.name.starts_with(kTemporaryPrefix)) return {};
    if (calls_->unlinkat(root_.get(), found.path.c_str()) != 0 && errno != ENOENT) {
      return std::unexpected(posix_error(errno, "remove", full_path(found.path)));
    }
    return {};
  });
}

}  // namespace simile::io
