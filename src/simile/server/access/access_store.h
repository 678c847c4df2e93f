#pragma once
/// The users of a database, durably in its folder: .access/users, readable by its owner only.
///
/// 1. A change takes a lock among all processes, reads the file again, is made on a copy, and takes
///    the file's place in one step. So `simile user` works beside a server.
/// 2. Readers hold a value that does not change; a file that somebody else has written is seen
///    within a second.
/// 3. A file that is damaged or gone while a server runs leaves it with what it knew: nothing is
///    opened by removing it.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "simile/error.h"
#include "simile/server/access/access_data.h"

namespace simile::server {

/// Thread rule: any call from any thread.
class AccessStore {
 public:
  /// `database` is the folder of the database. Nothing is written before the first change.
  static Result<std::unique_ptr<AccessStore>> open(const std::string& database);

  std::shared_ptr<const AccessData> current();
  /// The next current() looks at the file, however short a time ago it did.
  void look_at_once();
  /// Durable on return. What `change` refuses changes nothing.
  Status change(const std::function<Status(AccessData&)>& change);

 private:
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t size = -1;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };

  explicit AccessStore(std::string folder);
  Stamp stamp() const;
  Result<std::string> read() const;
  Status load();
  Status save(const AccessData& data) const;

  const std::string folder_;
  const std::string path_;
  std::mutex mutex_;  ///< everything below
  std::shared_ptr<const AccessData> data_;
  Stamp stamp_;
  std::atomic<std::int64_t> next_look_ = 0;
};

}  // namespace simile::server
