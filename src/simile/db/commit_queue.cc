#include "simile/db/commit_queue.h"

namespace simile::db {

void CommitQueue::commit(WriteRequest& request) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(&request);
  changed_.wait(lock,
                [&] { return request.done || (!leader_at_work_ && waiting_.front() == &request); });
  if (request.done) return;

  leader_at_work_ = true;
  const std::vector<WriteRequest*> group = next_group();
  lock.unlock();
  process_(group);
  lock.lock();
  for (WriteRequest* member : group) {
    member->done = true;
    waiting_.pop_front();
  }
  leader_at_work_ = false;
  changed_.notify_all();
}

std::size_t CommitQueue::waiting() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.size();
}

std::vector<WriteRequest*> CommitQueue::next_group() const {
  std::vector<WriteRequest*> group;
  std::uint64_t bytes = 0;
  for (WriteRequest* request : waiting_) {
    if (!group.empty() && bytes + request->bytes > kGroupBytes) break;
    bytes += request->bytes;
    group.push_back(request);
  }
  return group;
}

}  // namespace simile::db
