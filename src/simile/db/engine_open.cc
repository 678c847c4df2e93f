#include <chrono>
#include <random>
#include <set>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/engine.h"
#include "simile/db/maintenance.h"
#include "simile/segment/file_names.h"

namespace simile::db {

namespace {

/// What is growing is sealed by close() above this, so that opening again need not replay much:
/// 4 MiB are replayed in about 10 ms.
constexpr std::uint64_t kCloseSealBytes = std::uint64_t{4} << 20;
/// And where so many logs would have to be read.
constexpr std::size_t kCloseSealLogs = 8;

std::uint64_t random_id() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

/// A reader looks on while a writer replaces files under it.
Result<Recovered> recover_beside_writer(const std::shared_ptr<io::Storage>& storage,
                                        const std::shared_ptr<std::mutex>& publish_mutex,
                                        const OpenSegments& known) {
  constexpr int kAttempts = 100;
  for (int attempt = 1;; ++attempt) {
    SIMILE_ASSIGN(const std::uint64_t before, segment::newest_manifest_number(*storage));
    Result<Recovered> recovered = recover(storage, publish_mutex, known);
    if (recovered) return recovered;
    SIMILE_ASSIGN(const std::uint64_t after, segment::newest_manifest_number(*storage));
    if (before == after || attempt == kAttempts) return recovered;
  }
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::open(std::shared_ptr<io::Storage> storage,
                                             const OpenOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  std::shared_ptr<Engine> engine(new Engine(std::move(storage), options));
  SIMILE_TRY(options.read_only ? engine->open_reader() : engine->open_writer());
  engine->open_seconds_ =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return engine;
}

/// Nothing is written, not even a lock, to a folder that holds something else.
Status Engine::check_is_database(bool may_be_empty) const {
  SIMILE_ASSIGN(const std::uint64_t newest, segment::newest_manifest_number(*storage_));
  if (newest != 0) return {};
  SIMILE_ASSIGN(const auto files, storage_->list(""));
  if (!files.empty()) {
    return fail(ErrorCode::kFailedPrecondition,
                join_text(storage_->root(), " is not a database: it holds '", files[0].path,
                          "' and no manifest"));
  }
  if (may_be_empty) return {};
  return fail(ErrorCode::kNotFound, join_text("no database in ", storage_->root()));
}

Status Engine::create_if_empty() {
  SIMILE_ASSIGN(const std::uint64_t newest, segment::newest_manifest_number(*storage_));
  if (newest != 0) return {};
  segment::Manifest first;
  first.number = 1;
  first.database_id = random_id();
  const segment::PublishResult published = segment::publish_manifest(*storage_, first);
  if (published.outcome != segment::PublishOutcome::kDone) {
    return std::unexpected(published.error);
  }
  return {};
}

void Engine::adopt(const Recovered& recovered) {
  manifest_ = recovered.manifest;
  last_manifest_ = recovered.manifest.number;
  next_file_.store(recovered.manifest.next_file);
  sequence_.store(recovered.sequence);
  const std::unique_lock lock(collections_mutex_);
  collections_ = recovered.collections;
  properties_ = recovered.manifest.properties;
}

Status Engine::open_reader() {
  SIMILE_TRY(check_is_database(false));
  SIMILE_ASSIGN(recovered_, recover_beside_writer(storage_, publish_mutex_, {}));
  adopt(recovered_);
  return {};
}

Status Engine::refresh() {
  if (!options_.read_only) return {};
  const std::scoped_lock lock(refresh_mutex_);
  SIMILE_ASSIGN(const std::uint64_t newest, segment::newest_manifest_number(*storage_));
  if (newest != recovered_.manifest.number || !replay_more(recovered_)) {
    SIMILE_ASSIGN(recovered_, recover_beside_writer(storage_, publish_mutex_, recovered_.segments));
  }
  adopt(recovered_);
  return {};
}

Status Engine::open_writer() {
  SIMILE_TRY(check_is_database(options_.create));
  SIMILE_ASSIGN(lock_, storage_->lock(std::string(segment::kLockName)));
  SIMILE_TRY(create_if_empty());
  SIMILE_ASSIGN(const Recovered recovered, recover(storage_, publish_mutex_));
  adopt(recovered);
  SIMILE_TRY(begin_log(recovered));
  {
    // Fresh from this process, so that what is read from now on is durable under a durable name:
    // the one that was found may have been renamed and not synced.
    const std::scoped_lock lock(manifest_mutex_);
    Publication publication{manifest_, 0, {}};
    SIMILE_TRY(publish(publication));
    remove_garbage();
  }
  for (const auto& collection : all()) SIMILE_TRY(purge_dropped(collection->id()));
  if (options_.background) maintenance_ = std::make_unique<Maintenance>(*this);
  return {};
}

/// The last frame that was found may never have been synced: it is written again, so that nothing
/// that was seen once can be lost later.
Status Engine::begin_log(const Recovered& recovered) {
  const std::scoped_lock lock(commit_mutex_);
  logs_ = std::make_unique<LogSet>(storage_, manifest_.database_id, recovered.logs,
                                   recovered.largest_log);
  if (!recovered.last_frame) return logs_->rotate(recovered.sequence + 1);
  const LastFrame& last = *recovered.last_frame;
  SIMILE_TRY(logs_->rotate(last.position.next_sequence));
  const auto copied = segment::read_log(
      *storage_, {last.log, manifest_.database_id, 0}, last.position,
      [&](const segment::LogFrame& frame) { return logs_->append(frame.payload, frame.batches); });
  if (!copied) return std::unexpected(copied.error());
  return {};
}

/// What crashes have left behind. Files that are none of ours are left alone.
void Engine::remove_garbage() {
  const auto files = storage_->list("");
  if (!files) return;
  std::set<std::string> used = {segment::manifest_name(manifest_.number)};
  for (const segment::CollectionEntry& collection : manifest_.collections) {
    const auto key_field = static_cast<std::uint32_t>(&collection.schema.primary_key() -
                                                      collection.schema.fields().data());
    for (const segment::SegmentEntry& segment : collection.segments) {
      for (std::string& file : files_of(segment, key_field)) used.insert(std::move(file));
    }
  }
  std::vector<std::string> garbage;
  const std::scoped_lock lock(commit_mutex_);
  for (const std::string& log : logs_->names()) used.insert(log);
  for (const io::FileEntry& file : *files) {
    if (segment::number_in(file.path) && !used.contains(file.path)) garbage.push_back(file.path);
  }
  remove_files(garbage);
}

Status Engine::close(bool finish, const CancelToken* cancel) {
  if (closing_.exchange(true)) return {};
  if (options_.read_only || !logs_) {
    closed_.store(true);
    return {};
  }
  {
    const std::scoped_lock lock(room_mutex_);
    room_.notify_all();
  }
  const bool background = maintenance_ != nullptr;
  if (background) maintenance_->stop(finish, cancel);
  Status result = writable();
  for (const auto& collection : all()) {
    if (!result) break;
    if (growing_bytes(*collection) > kCloseSealBytes || is_half_sealed(*collection) ||
        log_count() > kCloseSealLogs) {
      result = seal(*collection, nullptr);
    }
    if (result && finish && background) {
      const std::scoped_lock lock(build_mutex_);
      result = repair(*collection, {}, cancel);
      if (!result && result.error().code == ErrorCode::kCancelled) {
        finish = false;
        result = {};
      }
    }
  }
  // A flush or a compaction in another thread ends first: the next writer, whom the lock lets in,
  // would use the same names for its files.
  const std::scoped_lock building(build_mutex_);
  const std::scoped_lock flushing(flush_mutex_);
  const std::scoped_lock publishing(manifest_mutex_);
  const std::scoped_lock lock(commit_mutex_);
  if (result) result = logs_->close();
  closed_.store(true);
  lock_.reset();
  return result;
}

std::size_t Engine::log_count() const {
  const std::scoped_lock lock(commit_mutex_);
  return logs_->count();
}

}  // namespace simile::db
