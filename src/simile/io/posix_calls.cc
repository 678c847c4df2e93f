#include "simile/io/posix_calls.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

namespace simile::io {

const std::shared_ptr<const PosixCalls>& system_calls() {
  static const std::shared_ptr<const PosixCalls> calls = std::make_shared<PosixCalls>(PosixCalls{
      .openat = [](int folder, const char* path, int flags,
                   mode_t mode) { return ::openat(folder, path, flags, mode); },
      .mkdirat = ::mkdirat,
      .write = ::write,
      .pread = ::pread,
      .fdatasync = ::fdatasync,
      .fsync = ::fsync,
      .rename_noreplace =
          [](int folder, const char* from, const char* to) {
            return ::renameat2(folder, from, folder, to, RENAME_NOREPLACE);
          },
      .linkat = [](int folder, const char* from,
                   const char* to) { return ::linkat(folder, from, folder, to, 0); },
      .unlinkat = [](int folder, const char* path) { return ::unlinkat(folder, path, 0); },
  });
  return calls;
}

}  // namespace simile::io
