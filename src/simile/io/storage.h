#pragma once
/// Files, or objects that behave like files: the only way to the disk.
///
/// Rules that every implementation keeps:
/// 1. A path is relative to the root of the Storage and its parts are joined by '/'. No part is
/// empty
///    or begins with '.': such names belong to the storage itself (temporary files, locks) and are
///    not listed. Nothing outside the root can be named.
/// 2. A file is written once, from front to back, and never changed after it is closed. So an
/// object
///    store can be behind it.
/// 3. publish() is the one atomic step: a commit is one conditional write.
/// 4. What was synced survives power loss, including the file's name. What was not may be lost,
///    truncated or torn, in any combination.
///
/// Thread rule: any call from any thread, but for WritableFile. Errors besides those named below:
/// kResourceExhausted where the disk is full, kPermissionDenied where it is read-only or forbidden,
/// kDataLoss where it fails; each names the path and says what to do.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simile/error.h"

namespace simile::io {

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  virtual const std::string& path() const = 0;
  virtual std::uint64_t size() const = 0;
  /// Fills all of `out`; kOutOfRange where the file ends before, kDataLoss where the disk fails.
  virtual Status read_at(std::uint64_t offset, std::span<std::byte> out) const = 0;
  /// The whole file as memory, valid as long as this object lives; read-only pages.
  virtual Result<std::span<const std::byte>> map() const = 0;
};

/// One thread at a time. After a call failed, every later one fails with the same error: a sync is
/// never tried twice, since the second may succeed without the bytes that the first one lost.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual const std::string& path() const = 0;
  virtual std::uint64_t size() const = 0;
  /// May stay in memory until sync() or close(), invisible to others, so that many small ones are
  /// cheap; and so may its error.
  virtual Status append(std::span<const std::byte> bytes) = 0;
  /// All that was appended, and the file's name, are durable on return. After a failure nothing of
  /// this file may be believed.
  virtual Status sync() = 0;
  /// Without sync() nothing is promised. The destructor closes and drops the error.
  virtual Status close() = 0;
};

/// Held until destroyed, also by the death of the process.
class Lock {
 public:
  virtual ~Lock() = default;
};

struct FileEntry {
  std::string path;
  std::uint64_t size = 0;
};

class Storage {
 public:
  virtual ~Storage() = default;

  /// A new file; folders on the way are made. kAlreadyExists where the path is taken.
  virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;
  /// kNotFound where there is none.
  virtual Result<std::shared_ptr<ReadableFile>> open(const std::string& path) const = 0;
  /// A file with these bytes appears whole and durable, or not at all; kAlreadyExists where the
  /// path is taken. After another error the file may be there or not, and durable or not: open it
  /// and compare.
  virtual Status publish(const std::string& path, std::span<const std::byte> bytes) = 0;
  /// kNotFound where there is none. Open files stay readable. After power loss the file may be
  /// back.
  virtual Status remove(const std::string& path) = 0;
  /// As remove(); the bytes are overwritten first where the medium lets them be.
  virtual Status wipe(const std::string& path) = 0;
  /// Every file whose path begins with `prefix`, sorted by path, folders below included.
  virtual Result<std::vector<FileEntry>> list(const std::string& prefix) const = 0;
  /// Among all processes; kUnavailable names the process id of the holder. The path is not that of
  /// a file. Also removes what publish() left behind where a process died in it.
  virtual Result<std::unique_ptr<Lock>> lock(const std::string& path) = 0;
  /// For messages: the directory or the bucket.
  virtual const std::string& root() const = 0;
};

/// A folder of the file system; made, with those above it, where `create` says so, kNotFound
/// otherwise.
Result<std::shared_ptr<Storage>> open_posix_storage(const std::string& directory, bool create);

/// In memory, for tests. Nothing in it outlives the object.
std::shared_ptr<Storage> make_memory_storage();

/// The only place where paths are joined; refuses parts that rule 1 forbids.
Result<std::string> join_path(std::string_view folder, std::string_view name);

}  // namespace simile::io
