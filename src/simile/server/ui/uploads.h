#pragma once
/// Files that the page sends in pieces, before they are imported. They lie in a folder of this
/// process alone, under names that the server gives, and go with it.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "simile/error.h"

namespace simile::server {

/// Thread rule: any call from any thread.
class Uploads {
 public:
  /// A file being sent, or ready; removed when the last holder lets go of it.
  struct File {
    std::string path;
    std::string name;  ///< as the client calls it, for messages
    std::uint64_t size = 0;
    std::uint64_t received = 0;
    std::chrono::steady_clock::time_point touched;
    ~File();
  };

  explicit Uploads(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  ~Uploads();

  /// A new file of `size` bytes; gives what it is asked for by. The extension of `name` is kept
  /// where imports know it, else kInvalidArgument. kResourceExhausted above the limit for all.
  Result<std::string> begin(const std::string& name, std::uint64_t size);
  /// Adds bytes at `offset`, which must be where the last piece ended. Gives what has been
  /// received.
  Result<std::uint64_t> append(std::string_view token, std::uint64_t offset,
                               std::string_view bytes);
  /// A file that is there as a whole; kFailedPrecondition before that.
  Result<std::shared_ptr<const File>> find(std::string_view token) const;
  void remove(std::string_view token);
  std::uint64_t bytes_max() const { return bytes_max_; }

 private:
  void drop_old();

  const std::uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::string folder_;  ///< made with the first file
  std::map<std::string, std::shared_ptr<File>, std::less<>> files_;
};

/// Extensions of files that can be imported, with their dots.
bool is_import_name(std::string_view name);

}  // namespace simile::server
