#pragma once
/// The system calls behind the posix storage, in a table that tests replace to make them fail.

#include <dirent.h>
#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "simile/error.h"
#include "simile/io/storage.h"

namespace simile::io {

/// Each entry behaves as the call of its name: -1 and errno on failure. Only calls whose failure
/// matters to durability are here; the others are made directly.
struct PosixCalls {
  std::function<int(int folder, const char* path, int flags, mode_t mode)> openat;
  std::function<int(int folder, const char* path, mode_t mode)> mkdirat;
  std::function<ssize_t(int fd, const void* data, size_t size)> write;
  std::function<ssize_t(int fd, void* data, size_t size, off_t offset)> pread;
  std::function<int(int fd)> fdatasync;
  std::function<int(int fd)> fsync;
  std::function<int(int folder, const char* from, const char* to)> rename_noreplace;
  std::function<int(int folder, const char* from, const char* to)> linkat;
  std::function<int(int folder, const char* path)> unlinkat;
};

/// The real ones.
const std::shared_ptr<const PosixCalls>& system_calls();

/// open_posix_storage() on other calls.
Result<std::shared_ptr<Storage>> open_posix_storage(const std::string& directory, bool create,
                                                    std::shared_ptr<const PosixCalls> calls);

}  // namespace simile::io
