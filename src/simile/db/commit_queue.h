#pragma once
/// Group commit: writers that come while one is being committed are committed together by one of
/// them (the leader), so that they share one append and one sync.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "simile/db/write_request.h"

namespace simile::db {

class CommitQueue {
 public:
  /// Called by one leader at a time; sets the result of every request.
  using Process = std::function<void(std::span<WriteRequest* const>)>;

  explicit CommitQueue(Process process) : process_(std::move(process)) {}

  /// Returns when the request has its result. Requests are processed in the order of arrival.
  void commit(WriteRequest& request);

  /// Requests that have no result yet.
  std::size_t waiting() const;

 private:
  /// A group takes no more once it has this many bytes, so that the first in it need not wait long.
  static constexpr std::uint64_t kGroupBytes = std::uint64_t{16} << 20;

  std::vector<WriteRequest*> next_group() const;

  const Process process_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<WriteRequest*> waiting_;  // those of the group at work are in front
  bool leader_at_work_ = false;
};

}  // namespace simile::db
