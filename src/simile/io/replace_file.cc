#include "simile/io/replace_file.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "simile/base/check.h"
#include "simile/io/posix_calls.h"
#include "simile/io/posix_error.h"
#include "simile/io/posix_file.h"
#include "simile/io/posix_folder.h"

namespace simile::io {

Status replace_file(const std::string& path,
                    const std::function<Status(std::unique_ptr<WritableFile> file)>& write) {
  const PosixCalls& calls = *system_calls();
  const std::string temporary = temporary_name(path);
  FileDescriptor fd =
      open_retrying(calls, AT_FDCWD, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
  if (!fd.valid()) return std::unexpected(posix_error(errno, "write", path));
  // Its own name need not be durable: the folder is synced after the rename.
  Status replaced = write(make_posix_writer(system_calls(), std::move(fd), path, path, nullptr));
  if (replaced && std::rename(temporary.c_str(), path.c_str()) != 0) {
    replaced = std::unexpected(posix_error(errno, "replace", path));
  }
  if (!replaced) {
    calls.unlinkat(AT_FDCWD, temporary.c_str());
    return replaced;
  }
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  SIMILE_ASSIGN(const auto opened, PosixFolder::open(folder, false, system_calls()));
  return opened->sync_name("name");
}

Result<std::shared_ptr<ReadableFile>> open_file(const std::string& path) {
  // O_NONBLOCK: where the path is a pipe, to say so instead of waiting for its writer.
  FileDescriptor fd = open_retrying(*system_calls(), AT_FDCWD, path.c_str(), O_RDONLY | O_NONBLOCK);
  if (!fd.valid()) return std::unexpected(posix_error(errno, "open", path));
  return open_posix_reader(system_calls(), std::move(fd), path, path);
}

}  // namespace simile::io
