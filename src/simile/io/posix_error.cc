#include "simile/io/posix_error.h"

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "simile/base/text.h"

namespace simile::io {

namespace {

struct Meaning {
  int number;
  ErrorCode code;
  std::string_view why;
};

constexpr std::array kMeanings = {
    Meaning{ENOENT, ErrorCode::kNotFound, "no such file or folder"},
    Meaning{EEXIST, ErrorCode::kAlreadyExists, "it is there already"},
    Meaning{ENOSPC, ErrorCode::kResourceExhausted, "disk full; free some space and try again"},
    Meaning{EDQUOT, ErrorCode::kResourceExhausted,
            "disk full for this user (quota); free some space and try again"},
    Meaning{EFBIG, ErrorCode::kResourceExhausted,
            "larger than the file system or 'ulimit -f' allows; raise the limit"},
    Meaning{EMFILE, ErrorCode::kResourceExhausted,
            "too many open files in this process; raise 'ulimit -n'"},
    Meaning{ENFILE, ErrorCode::kResourceExhausted,
            "too many open files on this machine; close some or raise fs.file-max"},
    Meaning{ENOMEM, ErrorCode::kResourceExhausted,
            "out of memory or of mappings; free memory or raise vm.max_map_count"},
    Meaning{EROFS, ErrorCode::kPermissionDenied,
            "the file system is read-only; open read-only or use another folder"},
    Meaning{EACCES, ErrorCode::kPermissionDenied, "permission denied; check owner and mode"},
    Meaning{EPERM, ErrorCode::kPermissionDenied, "not permitted; check owner, mode and attributes"},
    Meaning{EIO, ErrorCode::kDataLoss,
            "the disk failed; check the kernel log and copy the data to another disk"},
    Meaning{EUCLEAN, ErrorCode::kDataLoss, "the file system is damaged; check it with fsck"},
    Meaning{ENOTDIR, ErrorCode::kFailedPrecondition,
            "a part of the path is a file, not a folder; choose another path"},
    Meaning{EISDIR, ErrorCode::kFailedPrecondition, "it is a folder; choose another path"},
    Meaning{ENAMETOOLONG, ErrorCode::kInvalidArgument,
            "the name is too long; choose a shorter one"},
    Meaning{ELOOP, ErrorCode::kFailedPrecondition, "symbolic links lead in a circle; mend them"},
};

}  // namespace

Error posix_error(int number, std::string_view doing, std::string_view path) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.number == number) {
      return Error{meaning.code, join_text("cannot ", doing, " '", path, "': ", meaning.why)};
    }
  }
  std::string why = std::generic_category().message(number);
  if (!why.empty() && why.front() >= 'A' && why.front() <= 'Z') why.front() += 'a' - 'A';
  return Error{ErrorCode::kUnknown,
               join_text("cannot ", doing, " '", path, "': ", why, " (errno ", number, ")")};
}

}  // namespace simile::io
