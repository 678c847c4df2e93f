#pragma once
/// Open files of the posix storage.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "simile/error.h"
#include "simile/io/posix_calls.h"
#include "simile/io/storage.h"

namespace simile::io {

/// Closes what it holds.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  /// Closes now and tells what close() said; errno is set where it is not 0.
  int close();

 private:
  int fd_ = -1;
};

/// Writes all of `bytes`: goes on after short writes and signals. -1 and errno on failure.
int write_fully(const PosixCalls& calls, int fd, std::span<const std::byte> bytes);

/// openat() that is tried again after signals; O_CLOEXEC is added.
FileDescriptor open_retrying(const PosixCalls& calls, int folder, const char* path, int flags);

/// `full_path` is for messages. kFailedPrecondition where it is not a regular file.
Result<std::shared_ptr<ReadableFile>> open_posix_reader(std::shared_ptr<const PosixCalls> calls,
                                                        FileDescriptor fd, std::string path,
                                                        std::string full_path);

/// `sync_name` makes the name durable; called by the first sync() that succeeds so far.
std::unique_ptr<WritableFile> make_posix_writer(std::shared_ptr<const PosixCalls> calls,
                                                FileDescriptor fd, std::string path,
                                                std::string full_path,
                                                std::function<Status()> sync_name);

}  // namespace simile::io
