#include "simile/pictures/file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "simile/base/text.h"

namespace simile::pictures {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

std::unexpected<Error> read_failed(int error) {
  ErrorCode code = ErrorCode::kUnknown;
  if (error == ENOENT) code = ErrorCode::kNotFound;
  if (error == EACCES || error == EPERM) code = ErrorCode::kPermissionDenied;
  return fail(code, join_text("cannot be read: ", std::strerror(error)));
}

}  // namespace

Result<FileBytes> read_file(const std::string& path, std::uint64_t bytes_max) {
  // Non-blocking, in case that a pipe has taken the place of the file.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.number() < 0 || fstat(file.number(), &status) != 0) return read_failed(errno);
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::kInvalidArgument, "is not a file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > bytes_max) {
    return fail(ErrorCode::kResourceExhausted,
                join_text(size, " bytes are more than the limit of ", bytes_max));
  }
  FileBytes result;
  result.modified = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  result.bytes.resize(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t count = read(file.number(), result.bytes.data() + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return read_failed(errno);
    if (count == 0) return fail(ErrorCode::kAborted, "became shorter while it was read");
    done += static_cast<std::size_t>(count);
  }
  return result;
}

}  // namespace simile::pictures
