#pragma once
/// Who makes a call, and what they may do. A value that does not change.

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simile/server/access/access_data.h"
#include "simile/server/access/right.h"

namespace simile::server {

/// How many calls a user makes a second. Thread rule: any call from any thread.
class CallRate {
 public:
  /// 0: any number.
  explicit CallRate(std::uint32_t calls_per_second);
  /// False where this call is one too many; a second's calls may come at once.
  bool take();

 private:
  const std::int64_t interval_;  ///< nanoseconds between calls
  std::atomic<std::int64_t> next_ = 0;
};

/// What a call is about; an empty collection is none, or all of them.
struct Target {
  std::string_view database;
  std::string_view collection;
};

class Caller {
 public:
  /// Of a server without users: everybody may do everything.
  static std::shared_ptr<const Caller> unrestricted();
  /// A user of `data`, with the roles they have in it.
  static std::shared_ptr<const Caller> of(const AccessData& data, std::string_view user,
                                          std::shared_ptr<CallRate> rate);

  const std::string& user() const { return user_; }  ///< empty: nobody in particular
  bool may_everything() const { return everything_; }
  CallRate* rate() const { return rate_.get(); }

  /// True where there is a collection or database on which this caller has the right: all that can
  /// be known before a message is read.
  bool may_somewhere(const Right& right) const;
  bool may(const Right& right, const Target& target) const;
  /// True where any right is held on it.
  bool sees(const Target& target) const;
  bool sees_database(std::string_view database) const;
  /// A filter that limits the rows that a call sees which needs `action`, "Search", "Query",
  /// "Delete", "Insert" or "Upsert"; empty: none.
  std::string rows_shown(std::string_view action, const Target& target) const;
  /// One that every row must match that the call writes.
  std::string rows_written(std::string_view action, const Target& target) const;

 private:
  std::string limit(std::string_view action, const Target& target, bool written) const;

  struct Held {
    std::string role;
    std::string object;
    std::string database;
    std::string collection;
    std::set<std::string, std::less<>> privileges;

    bool has(std::string_view privilege) const;
    bool covers(const Target& target) const;
    bool is_of_cluster(std::string_view privilege) const;
  };

  std::string user_;
  bool everything_ = false;
  std::shared_ptr<CallRate> rate_;
  std::vector<Held> held_;
  std::vector<RowPolicy> policies_;  ///< of its roles
};

/// Who makes the request that this thread of the HTTP port serves; null: nobody yet.
std::shared_ptr<const Caller>& http_caller();

}  // namespace simile::server
