/// copy_database(): the files of a database through two storages, the manifest last.

#include <algorithm>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/database.h"
#include "simile/db/database_key.h"
#include "simile/db/open_database.h"
#include "simile/segment/file_names.h"
#include "simile/segment/manifest.h"

namespace simile {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{8} << 20;

class Copier {
 public:
  Copier(io::Storage& from, io::Storage& to, const Progress& progress, const CancelToken* cancel)
      : from_(from), to_(to), progress_(progress), cancel_(cancel) {}

  Status run() {
    SIMILE_ASSIGN(const std::uint64_t newest, segment::newest_manifest_number(from_));
    if (newest == 0) return fail(ErrorCode::kNotFound, "no database in " + from_.root());
    SIMILE_ASSIGN(auto files, from_.list(""));
    std::erase_if(files, [](const io::FileEntry& file) {
      return !file.path.starts_with(segment::kLogFolder) &&
             !file.path.starts_with(segment::kSegmentFolder);
    });
    for (const io::FileEntry& file : files) total_ += file.size;
    for (const io::FileEntry& file : files) {
      const Status copied = copy(file.path);
      if (!copied) {
        remove_all(files);
        return copied;
      }
    }
    const std::string manifest = segment::manifest_name(newest);
    SIMILE_ASSIGN(const auto file, from_.open(manifest));
    SIMILE_ASSIGN(const std::span<const std::byte> bytes, file->map());
    return to_.publish(manifest, bytes);
  }

 private:
  Status copy(const std::string& path) {
    SIMILE_ASSIGN(const auto source, from_.open(path));
    SIMILE_ASSIGN(std::span<const std::byte> bytes, source->map());
    SIMILE_ASSIGN(const auto target, to_.create(path));
    while (!bytes.empty()) {
      if (cancel_ != nullptr && cancel_->cancelled()) {
        return fail(ErrorCode::kCancelled, "the copy was cancelled");
      }
      const auto piece = bytes.first(std::min(bytes.size(), kPieceBytes));
      SIMILE_TRY(target->append(piece));
      bytes = bytes.subspan(piece.size());
      done_ += piece.size();
      if (progress_) progress_(std::min(done_, total_), total_);
    }
    SIMILE_TRY(target->sync());
    return target->close();
  }

  void remove_all(const std::vector<io::FileEntry>& files) {
    for (const io::FileEntry& file : files) (void)to_.remove(file.path);
  }

  io::Storage& from_;
  io::Storage& to_;
  const Progress& progress_;
  const CancelToken* cancel_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace

Status copy_database(const std::string& from, const KeySource& from_key, const std::string& to,
                     const KeySource& to_key, const Progress& progress, const CancelToken* cancel) {
  SIMILE_ASSIGN(const auto source, db::open_storage(from, false, from_key));
  SIMILE_ASSIGN(const auto source_lock, source->lock(std::string(segment::kLockName)));
  SIMILE_ASSIGN(const auto target, db::open_storage(to, true, to_key));
  SIMILE_ASSIGN(const auto target_lock, target->lock(std::string(segment::kLockName)));
  SIMILE_ASSIGN(const auto there, target->list(""));
  if (!there.empty()) {
    return fail(ErrorCode::kAlreadyExists,
                join_text("there is something in ", to, " already; name a new directory"));
  }
  return Copier(*source, *target, progress, cancel).run();
}

}  // namespace simile
