/// Storage in a folder of the file system.
///
/// How a file is published:
/// 1. Write it under a temporary name in the same folder, and sync it.
/// 2. Rename it, unless the name is taken: this is the moment it appears, whole.
/// 3. Sync the folder: this is the moment it is durable.
/// A crash before 2 leaves the temporary file, which no list shows and the next lock() removes.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/io/path.h"
#include "simile/io/posix_calls.h"
#include "simile/io/posix_error.h"
#include "simile/io/posix_file.h"
#include "simile/io/posix_folder.h"
#include "simile/io/storage.h"

namespace simile::io {

namespace {

/// Holds an open file description lock: it is free as soon as the process is dead, and two opens in
/// one process exclude each other, which POSIX record locks do not.
class PosixLock final : public Lock {
 public:
  explicit PosixLock(FileDescriptor fd) : fd_(std::move(fd)) {}

 private:
  FileDescriptor fd_;
};

class PosixStorage final : public Storage {
 public:
  explicit PosixStorage(std::shared_ptr<PosixFolder> folder) : folder_(std::move(folder)) {}

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    SIMILE_TRY(check_path(path));
    SIMILE_ASSIGN(FileDescriptor fd, folder_->create(path));
    return make_posix_writer(folder_->calls(), std::move(fd), path, folder_->full_path(path),
                             [folder = folder_, path] { return folder->sync_name(path); });
  }

  Result<std::shared_ptr<ReadableFile>> open(const std::string& path) const override {
    SIMILE_TRY(check_path(path));
    // O_NONBLOCK: where the path is a pipe, to say so instead of waiting for its writer.
    FileDescriptor fd =
        open_retrying(*folder_->calls(), folder_->fd(), path.c_str(), O_RDONLY | O_NONBLOCK);
    if (!fd.valid()) {
      return std::unexpected(posix_error(errno, "open", folder_->full_path(path)));
    }
    return open_posix_reader(folder_->calls(), std::move(fd), path, folder_->full_path(path));
  }

  Status publish(const std::string& path, std::span<const std::byte> bytes) override {
    SIMILE_TRY(check_path(path));
    SIMILE_ASSIGN(const std::string temporary, write_temporary(path, bytes));
    if (Status renamed = rename_temporary(temporary, path); !renamed) {
      calls().unlinkat(folder_->fd(), temporary.c_str());
      return renamed;
    }
    return folder_->sync_name(path);
  }

  Status remove(const std::string& path) override {
    SIMILE_TRY(check_path(path));
    if (calls().unlinkat(folder_->fd(), path.c_str()) != 0) {
      return std::unexpected(posix_error(errno, "remove", folder_->full_path(path)));
    }
    return {};
  }

  Status wipe(const std::string& path) override {
    SIMILE_TRY(check_path(path));
    FileDescriptor fd = open_retrying(*folder_->calls(), folder_->fd(), path.c_str(), O_WRONLY);
    struct stat status {};
    if (fd.valid() && ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_nlink == 1) {
      // In place, and best effort: a medium that writes elsewhere keeps what was there. What has
      // another name is not ours alone.
      const std::vector<std::byte> zeros(static_cast<std::size_t>(status.st_size));
      if (write_fully(calls(), fd.get(), zeros) == 0) (void)calls().fdatasync(fd.get());
    }
    return remove(path);
  }

  Result<std::vector<FileEntry>> list(const std::string& prefix) const override {
    SIMILE_TRY(check_prefix(prefix));
    SIMILE_ASSIGN(std::vector<FileEntry> entries, folder_->list(prefix));
    std::ranges::sort(entries, {}, &FileEntry::path);
    return entries;
  }

  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;

  const std::string& root() const override { return folder_->root(); }

 private:
  const PosixCalls& calls() const { return *folder_->calls(); }

  Result<std::string> write_temporary(const std::string& path, std::span<const std::byte> bytes) {
    std::string temporary = temporary_name(path);
    Result<FileDescriptor> fd = folder_->create(temporary);
    // A process with our number died here before; its file waits for the next lock().
    while (!fd && fd.error().code == ErrorCode::kAlreadyExists) {
      temporary = temporary_name(path);
      fd = folder_->create(temporary);
    }
    if (!fd) return std::unexpected(fd.error());
    int failed = write_fully(calls(), fd->get(), bytes);
    if (failed == 0) failed = calls().fdatasync(fd->get());
    if (failed == 0) failed = fd->close();
    if (failed != 0) {
      Error error = posix_error(errno, "write", folder_->full_path(path));
      calls().unlinkat(folder_->fd(), temporary.c_str());
      return std::unexpected(std::move(error));
    }
    return temporary;
  }

  Status rename_temporary(const std::string& from, const std::string& to) {
    int failed = calls().rename_noreplace(folder_->fd(), from.c_str(), to.c_str());
    if (failed != 0 && (errno == EINVAL || errno == ENOSYS)) {
      // A file system without RENAME_NOREPLACE: a second name, which must be new, then less one.
      failed = calls().linkat(folder_->fd(), from.c_str(), to.c_str());
      if (failed == 0) calls().unlinkat(folder_->fd(), from.c_str());
    }
    if (failed != 0) return std::unexpected(posix_error(errno, "create", folder_->full_path(to)));
    return {};
  }

  std::shared_ptr<PosixFolder> folder_;
};

/// The holder writes its process id into the file, for the message of those who come too late.
std::string holder_of(const PosixCalls& calls, int fd) {
  char text[24] = {};
  const ssize_t size = calls.pread(fd, text, sizeof text - 1, 0);
  const std::string_view digits(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return "another process";
  }
  return join_text("process ", digits, digits == join_text(::getpid()) ? " (this one)" : "");
}

Result<std::unique_ptr<Lock>> PosixStorage::lock(const std::string& path) {
  SIMILE_TRY(check_path(path));
  const std::string_view in = folder_of(path);
  const std::string hidden = join_text(in, in.empty() ? "." : "/.", name_in_folder(path));
  FileDescriptor fd =
      open_retrying(calls(), folder_->fd(), hidden.c_str(), O_RDWR | O_CREAT | O_NONBLOCK);
  if (!fd.valid()) {
    return std::unexpected(posix_error(errno, "lock", folder_->full_path(hidden)));
  }
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(fd.get(), F_OFD_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES) {
      return std::unexpected(posix_error(errno, "lock", folder_->full_path(hidden)));
    }
    return fail(ErrorCode::kUnavailable,
                join_text("'", root(), "' is in use by ", holder_of(calls(), fd.get()),
                          "; close it there, or open it read-only"));
  }
  // The number is for messages alone, so a full disk does not keep a writer from what frees space.
  const std::string id = join_text(::getpid());
  if (::ftruncate(fd.get(), 0) == 0) {
    static_cast<void>(write_fully(calls(), fd.get(), std::as_bytes(std::span(id))));
  }
  SIMILE_TRY(folder_->remove_temporary_files());
  return std::make_unique<PosixLock>(std::move(fd));
}

}  // namespace

Result<std::shared_ptr<Storage>> open_posix_storage(const std::string& directory, bool create,
                                                    std::shared_ptr<const PosixCalls> calls) {
  SIMILE_ASSIGN(auto folder, PosixFolder::open(directory, create, std::move(calls)));
  return std::make_shared<PosixStorage>(std::move(folder));
}

Result<std::shared_ptr<Storage>> open_posix_storage(const std::string& directory, bool create) {
  return open_posix_storage(directory, create, system_calls());
}

}  // namespace simile::io
