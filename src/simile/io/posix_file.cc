#include "simile/io/posix_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/io/posix_error.h"

namespace simile::io {

namespace {

// Small appends are gathered up to this: a write of 1 MiB costs as much per byte as larger ones.
constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(std::shared_ptr<const PosixCalls> calls, FileDescriptor fd, std::uint64_t size,
                    std::string path, std::string full_path)
      : calls_(std::move(calls)),
        fd_(std::move(fd)),
        size_(size),
        path_(std::move(path)),
        full_path_(std::move(full_path)) {}
  ~PosixReadableFile() override {
    if (mapped_ != nullptr) ::munmap(mapped_, size_);
  }

  const std::string& path() const override { return path_; }
  std::uint64_t size() const override { return size_; }

  Status read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > size_ || out.size() > size_ - offset) return ends_before(offset, out.size());
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t got = calls_->pread(fd_.get(), out.data() + done, out.size() - done,
                                        static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return std::unexpected(posix_error(errno, "read", full_path_));
      if (got == 0) return ends_before(offset, out.size());  // cut since it was opened
      done += static_cast<std::size_t>(got);
    }
    return {};
  }

  Result<std::span<const std::byte>> map() const override {
    if (size_ == 0) return std::span<const std::byte>{};
    const std::lock_guard guard(mutex_);
    if (mapped_ == nullptr) {
      void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd_.get(), 0);
      if (mapped == MAP_FAILED) return std::unexpected(posix_error(errno, "map", full_path_));
      mapped_ = mapped;
    }
    return std::span(static_cast<const std::byte*>(mapped_), size_);
  }

 private:
  Status ends_before(std::uint64_t offset, std::size_t count) const {
    return fail(ErrorCode::kOutOfRange,
                join_text("'", full_path_, "' ends at byte ", size_, ", before ", count,
                          " bytes at ", offset, " are read; it may be truncated"));
  }

  std::shared_ptr<const PosixCalls> calls_;
  FileDescriptor fd_;
  std::uint64_t size_;
  std::string path_;
  std::string full_path_;
  mutable std::mutex mutex_;
  mutable void* mapped_ = nullptr;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(std::shared_ptr<const PosixCalls> calls, FileDescriptor fd, std::string path,
                    std::string full_path, std::function<Status()> sync_name)
      : calls_(std::move(calls)),
        fd_(std::move(fd)),
        path_(std::move(path)),
        full_path_(std::move(full_path)),
        sync_name_(std::move(sync_name)) {}
  ~PosixWritableFile() override { [[maybe_unused]] const Status dropped = close(); }

  const std::string& path() const override { return path_; }
  std::uint64_t size() const override { return size_; }

  Status append(std::span<const std::byte> bytes) override {
    SIMILE_CHECK(fd_.valid());
    if (error_) return std::unexpected(*error_);
    size_ += bytes.size();
    if (buffer_.size() + bytes.size() > kBufferBytes) SIMILE_TRY(flush());
    if (bytes.size() >= kBufferBytes) return write(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }

  Status sync() override {
    SIMILE_CHECK(fd_.valid());
    if (error_) return std::unexpected(*error_);
    SIMILE_TRY(flush());
    // Not tried again after EINTR either: whether the pages are still dirty is not known then.
    if (calls_->fdatasync(fd_.get()) != 0) return failed("sync");
    if (sync_name_) {
      if (Status named = sync_name_(); !named) {
        error_ = named.error();
        return named;
      }
      sync_name_ = nullptr;
    }
    return {};
  }

  Status close() override {
    if (!fd_.valid()) return {};
    const Status flushed = error_ ? Status(std::unexpected(*error_)) : flush();
    if (fd_.close() != 0 && flushed) return failed("close");
    return flushed;
  }

 private:
  Status failed(std::string_view doing) {
    error_ = posix_error(errno, doing, full_path_);
    return std::unexpected(*error_);
  }
  Status write(std::span<const std::byte> bytes) {
    if (write_fully(*calls_, fd_.get(), bytes) != 0) return failed("write");
    return {};
  }
  Status flush() {
    if (buffer_.empty()) return {};
    SIMILE_TRY(write(buffer_));
    buffer_.clear();
    return {};
  }

  std::shared_ptr<const PosixCalls> calls_;
  FileDescriptor fd_;
  std::string path_;
  std::string full_path_;
  std::function<Status()> sync_name_;
  std::vector<std::byte> buffer_;
  std::uint64_t size_ = 0;
  std::optional<Error> error_;
};

}  // namespace

FileDescriptor::~FileDescriptor() { close(); }

int FileDescriptor::close() {
  if (fd_ < 0) return 0;
  // Never tried again: Linux frees the number even where close() fails.
  return ::close(std::exchange(fd_, -1));
}

int write_fully(const PosixCalls& calls, int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = calls.write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -1;
    if (written == 0) {
      errno = EIO;
      return -1;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

FileDescriptor open_retrying(const PosixCalls& calls, int folder, const char* path, int flags) {
  int fd = -1;
  do {
    fd = calls.openat(folder, path, flags | O_CLOEXEC, 0644);
  } while (fd < 0 && errno == EINTR);
  return FileDescriptor(fd);
}

Result<std::shared_ptr<ReadableFile>> open_posix_reader(std::shared_ptr<const PosixCalls> calls,
                                                        FileDescriptor fd, std::string path,
                                                        std::string full_path) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return std::unexpected(posix_error(errno, "open", full_path));
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::kFailedPrecondition,
                join_text("cannot open '", full_path, "': it is not a file; choose another path"));
  }
  return std::make_shared<PosixReadableFile>(std::move(calls), std::move(fd),
                                             static_cast<std::uint64_t>(info.st_size),
                                             std::move(path), std::move(full_path));
}

std::unique_ptr<WritableFile> make_posix_writer(std::shared_ptr<const PosixCalls> calls,
                                                FileDescriptor fd, std::string path,
                                                std::string full_path,
                                                std::function<Status()> sync_name) {
  return std::make_unique<PosixWritableFile>(std::move(calls), std::move(fd), std::move(path),
                                             std::move(full_path), std::move(sync_name));
}

}  // namespace simile::io
