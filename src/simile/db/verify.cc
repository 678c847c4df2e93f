/// verify_database(): every file that the manifest names, read to its last byte.
///
///   1. the manifest   2. per segment: rows, deletes, key map, indexes, each by its checksums and
///   against the others   3. the logs, by replaying them   4. the keys of all live rows, each once
/// Files that nothing names are garbage of a crash and no damage.

#include <algorithm>
#include <utility>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/database_key.h"
#include "simile/db/open_database.h"
#include "simile/db/recovery.h"
#include "simile/segment/file_names.h"
#include "simile/segment/key_map.h"

namespace simile::db {

namespace {

using segment::SealedSegment;
using segment::SegmentEntry;

class Verifier {
 public:
  Verifier(std::shared_ptr<io::Storage> storage, const Progress& progress,
           const CancelToken* cancel)
      : storage_(std::move(storage)), progress_(progress), cancel_(cancel) {}

  Result<VerifyReport> run() {
    SIMILE_ASSIGN(const auto files, storage_->list(""));
    for (const io::FileEntry& file : files) report_.bytes += file.size;
    report_.files = files.size();
    const auto manifest = segment::load_newest_manifest(*storage_);
    if (!manifest) {
      if (manifest.error().code != ErrorCode::kDataLoss) return std::unexpected(manifest.error());
      note(manifest.error(), false);
      return report_;
    }
    for (const segment::CollectionEntry& collection : manifest->collections) {
      const auto schema = std::make_shared<const Schema>(collection.schema);
      for (const SegmentEntry& entry : collection.segments) {
        if (cancel_ != nullptr && cancel_->cancelled()) {
          return fail(ErrorCode::kCancelled, "verification was cancelled");
        }
        verify_segment(schema, entry);
      }
    }
    verify_state();
    return report_;
  }

 private:
  void note(const Error& error, bool repairable, std::string file = "") {
    // Messages begin with the file where it is not said otherwise.
    if (file.empty()) {
      const std::string first = error.message.substr(0, error.message.find_first_of(" :,"));
      if (segment::number_in(first)) file = first;
    }
    std::string what = error.message;
    // What is built again needs no copy.
    if (repairable) what = what.substr(0, what.find("; restore the file from a copy"));
    report_.damages.push_back({std::move(file), std::move(what), repairable});
  }

  void done(const std::string& file) {
    if (const auto opened = storage_->open(file)) done_bytes_ += (*opened)->size();
    if (progress_) progress_(done_bytes_, report_.bytes);
  }

  void verify_segment(const std::shared_ptr<const Schema>& schema, const SegmentEntry& entry) {
    const std::string file = segment::rows_name(entry.id);
    const auto opened = SealedSegment::open(storage_, schema, entry);
    if (!opened) {
      note(opened.error(), false, file);
      return;
    }
    const SealedSegment& segment = **opened;
    segment.for_each_damage([&](const Error& error, bool derived) { note(error, derived, file); });
    done(file);
    if (entry.deletes_file != 0) verify_deletes(entry);
    const std::uint32_t key_field =
        static_cast<std::uint32_t>(&schema->primary_key() - schema->fields().data());
    for (const segment::DerivedEntry& derived : entry.derived) {
      if (derived.field == key_field) {
        verify_keys(segment, *schema, segment::keys_name(derived.file));
      } else {
        verify_index(segment, derived);
      }
    }
  }

  void verify_deletes(const SegmentEntry& entry) {
    const std::string file = segment::deletes_name(entry.deletes_file);
    const auto deleted = segment::read_deletes(*storage_, file, entry.rows);
    if (!deleted) {
      note(deleted.error(), false, file);
    } else if ((*deleted)->count != entry.deleted_rows) {
      note({ErrorCode::kDataLoss, join_text(file, " lists ", (*deleted)->count,
                                            " rows, the manifest says ", entry.deleted_rows)},
           false, file);
    }
    done(file);
  }

  void verify_keys(const SealedSegment& segment, const Schema& schema, const std::string& file) {
    const auto map = segment::KeyMap::open(*storage_, file, segment.rows());
    const scalar::ColumnReader* keys = segment.column(schema.primary_key().name);
    if (!map) {
      note(map.error(), true, file);
    } else if (keys->check()) {
      const bool is_text = schema.primary_key().type == FieldType::kString;
      std::size_t missing = 0;
      segment::for_each_key(*keys, segment.rows(), [&](RowId row, const segment::Key& key) {
        missing += (*map)->find(hash_of(key, is_text), [&](RowId at) { return at == row; }) != row;
      });
      if (missing != 0) {
        note({ErrorCode::kDataLoss, join_text(file, " does not lead to ", missing, " rows")}, true,
             file);
      }
    }
    done(file);
  }

  void verify_index(const SealedSegment& segment, const segment::DerivedEntry& derived) {
    const std::string file = segment::index_name(derived.file);
    if (Status sound = segment.check_index(derived.field); !sound) {
      note(sound.error(), true, file);
    }
    done(file);
  }

  /// What a writer would do that opens the database, without writing.
  void verify_state() {
    const auto state = recover(storage_, std::make_shared<std::mutex>());
    if (!state) {
      const bool known = std::ranges::any_of(report_.damages, [&](const Damage& damage) {
        return damage.what == state.error().message;
      });
      if (!known) note(state.error(), false);
      return;
    }
    for (const segment::LogHeader& log : state->logs) done(segment::log_name(log.number));
    for (const auto& [id, collection] : state->collections) verify_unique(*collection->view());
  }

  void verify_unique(const CollectionView& view) {
    const Field& field = view.schema->primary_key();
    const bool is_text = field.type == FieldType::kString;
    std::vector<std::pair<std::uint64_t, RowAddress>> rows;
    for (std::uint32_t s = 0; s < view.segments.size(); ++s) {
      const SegmentView& segment = view.segments[s];
      const scalar::ColumnReader* keys = segment.segment->column(field.name);
      if (!keys->check()) continue;  // noted already
      report_.rows += segment.live_count();
      const segment::RowsInSight sight = segment.sight();
      segment::for_each_key(*keys, segment.rows, [&](RowId row, const segment::Key& key) {
        if (sight.contains(row)) rows.emplace_back(hash_of(key, is_text), RowAddress{s, row});
      });
    }
    std::ranges::sort(rows);
    const auto key_of = [&](const RowAddress& row, scalar::BlockScratch& scratch) {
      return segment::key_at(*view.segments[row.segment].segment->column(field.name), row.row,
                             scratch);
    };
    scalar::BlockScratch one;
    scalar::BlockScratch other;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      if (rows[i].first != rows[i - 1].first) continue;
      const segment::Key key = key_of(rows[i].second, one);
      if (key != key_of(rows[i - 1].second, other)) continue;
      note({ErrorCode::kDataLoss,
            join_text("'", view.name, "' has two rows with key ", describe(key, is_text))},
           false);
    }
  }

  std::shared_ptr<io::Storage> storage_;
  const Progress& progress_;
  const CancelToken* cancel_;
  VerifyReport report_;
  std::uint64_t done_bytes_ = 0;
};

}  // namespace

Result<VerifyReport> verify_storage(std::shared_ptr<io::Storage> storage, const Progress& progress,
                                    const CancelToken* cancel) {
  SIMILE_ASSIGN(const std::uint64_t newest, segment::newest_manifest_number(*storage));
  if (newest == 0) {
    return fail(ErrorCode::kFailedPrecondition,
                join_text(storage->root(), " is not a database: it has no manifest"));
  }
  const auto lock = storage->lock(std::string(segment::kLockName));
  // A disk that cannot be written to has no writer either.
  if (!lock && lock.error().code == ErrorCode::kUnavailable) return std::unexpected(lock.error());
  return Verifier(std::move(storage), progress, cancel).run();
}

}  // namespace simile::db

namespace simile {

Result<VerifyReport> verify_database(const std::string& path, const Progress& progress,
                                     const CancelToken* cancel, const KeySource& key) {
  SIMILE_ASSIGN(auto storage, db::open_storage(path, false, key));
  return db::verify_storage(std::move(storage), progress, cancel);
}

}  // namespace simile
