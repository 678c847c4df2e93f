#include "simile/db/engine.h"

#include <algorithm>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/maintenance.h"
#include "simile/segment/file_names.h"

namespace simile::db {

Engine::Engine(std::shared_ptr<io::Storage> storage, const OpenOptions& options)
    : storage_(std::move(storage)),
      options_(options),
      queue_([this](std::span<WriteRequest* const> group) { commit_group(group); }) {}

Engine::~Engine() { static_cast<void>(close(false)); }

Status Engine::writable() const {
  if (closed_.load()) {
    return fail(ErrorCode::kFailedPrecondition, storage_->root() + " is closed");
  }
  if (options_.read_only) {
    return fail(ErrorCode::kFailedPrecondition, storage_->root() + " was opened read-only");
  }
  const std::scoped_lock lock(poison_mutex_);
  return poisoned_;
}

Status Engine::accepts_writes() const {
  if (closing_.load()) {
    return fail(ErrorCode::kFailedPrecondition, storage_->root() + " is closed");
  }
  return writable();
}

void Engine::poison(const Error& error) {
  const std::scoped_lock lock(poison_mutex_);
  if (!poisoned_) return;
  poisoned_ =
      fail(ErrorCode::kFailedPrecondition,
           join_text(storage_->root(), " takes no writes until it is opened again, because ",
                     "one failed: ", error.message));
}

void Engine::remove_files(const std::vector<std::string>& paths) {
  // What cannot be removed is garbage for the next writer.
  for (const std::string& path : paths) static_cast<void>(storage_->remove(path));
}

Status Engine::publish(Publication& publication) {
  SIMILE_TRY(writable());
  segment::Manifest& next = publication.next;
  {
    const std::scoped_lock lock(commit_mutex_);
    next.sequence = sequence_.load();
    next.next_file = next_file_.load();
    std::uint64_t needed = next.sequence + 1;
    for (segment::CollectionEntry& entry : next.collections) {
      const std::shared_ptr<CollectionState> collection = find(entry.id);
      if (!collection) continue;  // being made
      entry.next_auto_id = collection->next_auto_id();
      const bool sealed = entry.id == publication.sealed_collection;
      const std::uint64_t first = collection->first_unflushed(sealed);
      // Nothing was written that is not in segments: then the log is not needed for it.
      if (first == 0) entry.flushed_sequence = next.sequence;
      if (first != 0) needed = std::min(needed, first);
    }
    next.first_log = logs_->log_of(needed);
  }
  next.number = ++last_manifest_;
  const segment::PublishResult result = segment::publish_manifest(*storage_, next);
  if (result.outcome != segment::PublishOutcome::kDone) {
    if (result.outcome == segment::PublishOutcome::kUnknown) {
      poison(result.error);
    } else {
      remove_files(publication.new_files);
    }
    return std::unexpected(result.error);
  }
  std::vector<std::string> garbage = {segment::manifest_name(manifest_.number)};
  manifest_ = next;
  {
    const std::scoped_lock lock(commit_mutex_);
    for (std::string& log : logs_->forget_before(next.first_log)) garbage.push_back(std::move(log));
  }
  remove_files(garbage);
  return {};
}

}  // namespace simile::db
