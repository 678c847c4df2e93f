#pragma once
/// Operating errors are values. Every fallible call returns `Result<T>`; nothing here throws.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace simile {

/// The canonical codes of gRPC, with their numbers.
enum class ErrorCode : std::uint8_t {
  kCancelled = 1,  ///< stopped on request; what was done before is kept
  kUnknown = 2,
  kInvalidArgument = 3,  ///< the caller's input is wrong; nothing was changed
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,   ///< disk full, memory or a stated limit
  kFailedPrecondition = 9,  ///< the state forbids it: closed, read-only, other model
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,  ///< a newer format, or a feature this build lacks
  kInternal = 13,       ///< a defect of Simile
  kUnavailable = 14,    ///< in use by another process; may work later
  kDataLoss = 15,       ///< damaged bytes
};

/// Lower-case name of a code, "invalid_argument" for example.
std::string_view name_of(ErrorCode code);

/// What went wrong and what to do about it: one line, lower case, naming the file, field or id.
struct Error {
  ErrorCode code = ErrorCode::kUnknown;
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

/// Success, or an error.
using Status = Result<void>;

/// `return fail(ErrorCode::kNotFound, "...")` from any function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace simile
