#pragma once
/// The root folder of a posix storage and those below it: made, listed and made durable.

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simile/error.h"
#include "simile/io/posix_calls.h"
#include "simile/io/posix_file.h"

namespace simile::io {

/// Temporary names are this, the process id, '-' and a number. They never meet names of files,
/// which do not begin with '.'.
inline constexpr std::string_view kTemporaryPrefix = ".tmp-";

/// The name a file has before it appears at `path`: in the same folder, never given out before by
/// this process.
std::string temporary_name(std::string_view path);

/// Thread rule: any call from any thread.
class PosixFolder {
 public:
  /// With `create`, makes `directory` and those above it, durably.
  static Result<std::unique_ptr<PosixFolder>> open(const std::string& directory, bool create,
                                                   std::shared_ptr<const PosixCalls> calls);

  int fd() const { return root_.get(); }
  const std::string& root() const { return directory_; }
  const std::shared_ptr<const PosixCalls>& calls() const { return calls_; }
  /// For messages.
  std::string full_path(std::string_view path) const;

  /// Opens a new file, making folders on the way.
  Result<FileDescriptor> create(const std::string& path);
  /// Makes the name of `path` durable, and those of the folders it lies in.
  Status sync_name(const std::string& path);
  /// Files whose path begins with `prefix`, in no order; hidden ones are left out.
  Result<std::vector<FileEntry>> list(const std::string& prefix) const;
  /// Removes temporary files of processes that died; only where nobody else writes.
  Status remove_temporary_files();

 private:
  struct Found;
  PosixFolder(std::string directory, FileDescriptor root, std::shared_ptr<const PosixCalls> calls)
      : directory_(std::move(directory)), root_(std::move(root)), calls_(std::move(calls)) {}
  Status make_folders(std::string_view folder);
  Status sync_folder(std::string_view folder) const;
  Status walk(const std::string& folder,
              const std::function<Status(const Found& found)>& visit) const;

  std::string directory_;
  FileDescriptor root_;
  std::shared_ptr<const PosixCalls> calls_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> durable_folders_;  ///< whose names are known to be on the disk
};

}  // namespace simile::io
