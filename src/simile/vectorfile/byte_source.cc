#include "simile/vectorfile/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::vectorfile {

namespace {

ErrorCode code_of(int error) {
  if (error == ENOENT || error == ENOTDIR) return ErrorCode::kNotFound;
  if (error == EACCES || error == EPERM) return ErrorCode::kPermissionDenied;
  return ErrorCode::kUnknown;
}

}  // namespace

Status ByteSource::read_exactly(std::span<std::byte> into, const std::string& what) {
  SIMILE_ASSIGN(const std::size_t got, read(into));
  if (got == into.size()) return {};
  return fail(ErrorCode::kDataLoss, join_text(name_, ": cut off in ", what, ", ", got, " of ",
                                              into.size(), " bytes are there; copy the file anew"));
}

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return fail(code_of(errno), join_text(path, ": cannot be read: ", std::strerror(errno)));
  }
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return fail(ErrorCode::kInvalidArgument,
                join_text(path, ": not a regular file; give a file of vectors"));
  }
  return std::unique_ptr<FileSource>(
      new FileSource(path, descriptor, static_cast<std::uint64_t>(status.st_size)));
}

FileSource::~FileSource() { ::close(descriptor_); }

Result<std::size_t> FileSource::read(std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got =
        ::pread(descriptor_, into.data() + done, into.size() - done, static_cast<off_t>(position_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail(ErrorCode::kUnknown, join_text(name(), ": read failed at byte ", position_, ": ",
                                                 std::strerror(errno)));
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
    position_ += static_cast<std::uint64_t>(got);
  }
  return done;
}

}  // namespace simile::vectorfile
