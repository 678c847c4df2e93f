#pragma once
/// Arrays for other programs: .npy, .fvecs, .ivecs.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "simile/error.h"

namespace simile::vectorfile {

/// Writes rows of one width to a file that gets its name when it is whole: a crash leaves the old
/// file or the new one. Thread rule: one thread at a time.
class ArrayWriter {
 public:
  enum class Type : std::uint8_t { kFloat32, kInt64 };

  /// The extension chooses the format; kFloat32 goes to .npy and .fvecs, kInt64 to .npy and .ivecs
  /// (as int32).
  static Result<std::unique_ptr<ArrayWriter>> create(const std::string& path, Type type,
                                                     std::uint32_t columns);
  /// Removes what was written where finish() has not succeeded.
  ~ArrayWriter();
  ArrayWriter(const ArrayWriter&) = delete;
  ArrayWriter& operator=(const ArrayWriter&) = delete;

  /// One row of `columns` values of the type. kOutOfRange where int32 does not hold one.
  Status append(std::span<const float> row);
  Status append(std::span<const std::int64_t> row);

  /// Completes the file and gives it its name.
  Status finish();

 private:
  enum class Format : std::uint8_t { kNpy, kVecs };
  struct State;
  explicit ArrayWriter(std::unique_ptr<State> state);
  Status write(std::span<const std::byte> bytes);

  std::unique_ptr<State> state_;
};

}  // namespace simile::vectorfile
