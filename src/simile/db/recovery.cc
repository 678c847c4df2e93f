#include "simile/db/recovery.h"

#include <algorithm>
#include <utility>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/validate_batch.h"
#include "simile/segment/file_names.h"
#include "simile/segment/operation.h"

namespace simile::db {

namespace {

using segment::LogFrame;
using segment::LogHeader;
using segment::LogPosition;
using segment::LogScan;

Result<SegmentView> open_segment(Recovered& state, const std::shared_ptr<const Schema>& schema,
                                 const segment::SegmentEntry& entry) {
  OpenSegment& open = state.segments[entry.id];
  if (!open.segment || open.derived != entry.derived || *open.schema != *schema) {
    SIMILE_ASSIGN(open.segment, segment::SealedSegment::open(state.storage, schema, entry));
    open.derived = entry.derived;
    open.schema = schema;
  }
  SegmentView view{open.segment, open.segment, entry.rows, nullptr};
  if (entry.deletes_file != 0) {
    const std::string path = segment::deletes_name(entry.deletes_file);
    SIMILE_ASSIGN(view.deleted, segment::read_deletes(*state.storage, path, entry.rows));
    if (view.deleted->count != entry.deleted_rows) {
      return fail(ErrorCode::kDataLoss, join_text(path, " lists ", view.deleted->count,
                                                  " rows, the manifest says ", entry.deleted_rows));
    }
  }
  return view;
}

Status open_collections(Recovered& state) {
  for (const segment::CollectionEntry& entry : state.manifest.collections) {
    const auto schema = std::make_shared<const Schema>(entry.schema);
    std::vector<SegmentView> sealed;
    for (const segment::SegmentEntry& segment : entry.segments) {
      SIMILE_ASSIGN(SegmentView view, open_segment(state, schema, segment));
      sealed.push_back(std::move(view));
    }
    state.collections[entry.id] =
        std::make_shared<CollectionState>(entry, std::move(sealed), state.publish_mutex);
  }
  return {};
}

Status apply_rows(CollectionState& collection, std::span<const std::byte> body) {
  const auto stored = collection.stored_schema();
  const Schema& schema = *stored;
  SIMILE_ASSIGN(const segment::DecodedRows rows, segment::decode_rows(schema, body));
  SIMILE_TRY(scalar::validate_batch(schema, rows.batch));
  CollectionState::Undo undo = collection.begin();
  return collection.apply_rows(rows.batch, {}, false, undo);
}

Status apply_operation(Recovered& state, const segment::EncodedOperation& operation,
                       std::uint64_t sequence) {
  const auto found = state.collections.find(operation.collection);
  if (found == state.collections.end()) {
    if (operation.collection < state.manifest.next_collection) return {};  // dropped since
    return fail(ErrorCode::kDataLoss,
                join_text("collection ", operation.collection, " is not in the manifest"));
  }
  CollectionState& collection = *found->second;
  if (sequence <= state.manifest.find(operation.collection)->flushed_sequence) return {};
  if (operation.kind == segment::OperationKind::kRows) {
    SIMILE_TRY(apply_rows(collection, operation.body));
  } else {
    SIMILE_ASSIGN(const segment::DecodedKeys keys,
                  segment::decode_keys(*collection.schema(), operation.body));
    CollectionState::Undo undo = collection.begin();
    SIMILE_TRY(collection.apply_erase(segment::KeyList(keys.view()), undo));
  }
  collection.note_write(sequence);
  return {};
}

/// Applies the batches behind state.sequence; a frame that was copied into the next log comes
/// twice.
Status apply_frame(Recovered& state, const LogFrame& frame, const std::string& log) {
  ByteReader reader(frame.payload);
  for (std::uint32_t i = 0; i < frame.batches; ++i) {
    const std::uint64_t sequence = frame.first_sequence + i;
    const auto damaged = [&](const Error& error) {
      return fail(ErrorCode::kDataLoss, join_text(log, " at offset ", frame.offset, ", write ",
                                                  sequence, ": ", error.message));
    };
    const auto operations = segment::decode_batch(reader);
    if (!operations) return damaged(operations.error());
    if (sequence <= state.sequence) continue;
    for (const segment::EncodedOperation& operation : *operations) {
      if (Status applied = apply_operation(state, operation, sequence); !applied) {
        return damaged(applied.error());
      }
    }
    state.sequence = sequence;
  }
  return {};
}

/// Invariant 3 of log_writer.h.
Status check_joins(const Recovered& state, const LogHeader& header) {
  const std::string name = segment::log_name(header.number);
  if (!state.logs.empty() && header.first_sequence > state.sequence + 1) {
    return fail(ErrorCode::kDataLoss,
                join_text(segment::log_name(state.logs.back().number), " ends at write ",
                          state.sequence, ", but ", name, " begins with write ",
                          header.first_sequence, ": the writes between are lost"));
  }
  if (state.logs.empty() && header.first_sequence > state.manifest.sequence + 1) {
    return fail(
        ErrorCode::kDataLoss,
        join_text(name, " begins with write ", header.first_sequence, ", but the manifest ends at ",
                  state.manifest.sequence, ": the writes between are lost"));
  }
  return {};
}

Status replay_log(Recovered& state, std::uint64_t number, LogPosition from) {
  const std::string name = segment::log_name(number);
  bool joined = from.offset != 0;
  const LogHeader expected{number, state.manifest.database_id, 0};
  const auto join = [&](const LogHeader& header) -> Status {
    SIMILE_TRY(check_joins(state, header));
    state.logs.push_back(header);
    if (state.logs.size() == 1) state.sequence = header.first_sequence - 1;
    joined = true;
    return {};
  };
  // The header is looked at before its frames are applied.
  if (!joined) {
    SIMILE_ASSIGN(const auto header, segment::read_log_header(*state.storage, expected));
    if (!header) return {};  // power was lost while it was made; nothing is in it
    SIMILE_TRY(join(*header));
  }
  std::optional<LastFrame> last;
  SIMILE_ASSIGN(const LogScan scan,
                segment::read_log(*state.storage, expected, from, [&](const LogFrame& frame) {
                  last = LastFrame{number, {frame.offset, frame.first_sequence}};
                  return apply_frame(state, frame, name);
                }));
  state.position = scan.end;
  if (last) state.last_frame = last;
  if (scan.closed) state.last_frame.reset();
  return {};
}

void publish(Recovered& state) {
  const std::scoped_lock lock(*state.publish_mutex);
  for (const auto& [id, collection] : state.collections) {
    collection->publish_locked(state.sequence);
  }
}

}  // namespace

Status replay_more(Recovered& state) {
  SIMILE_ASSIGN(const auto files, state.storage->list(std::string(segment::kLogFolder)));
  for (const io::FileEntry& file : files) {
    const std::uint64_t number = segment::number_in(file.path).value_or(0);
    state.largest_log = std::max(state.largest_log, number);
    if (number < state.manifest.first_log) continue;
    const std::uint64_t last = state.logs.empty() ? 0 : state.logs.back().number;
    if (number < last) continue;
    SIMILE_TRY(replay_log(state, number, number == last ? state.position : LogPosition{}));
  }
  if (state.sequence < state.manifest.sequence) {
    return fail(ErrorCode::kDataLoss,
                join_text("the logs of ", state.storage->root(), " end at write ", state.sequence,
                          ", but the manifest knows of ", state.manifest.sequence,
                          ": the writes between are lost"));
  }
  publish(state);
  return {};
}

Result<Recovered> recover(std::shared_ptr<io::Storage> storage,
                          std::shared_ptr<std::mutex> publish_mutex, OpenSegments known) {
  Recovered state;
  state.storage = std::move(storage);
  state.publish_mutex = std::move(publish_mutex);
  state.segments = std::move(known);
  SIMILE_ASSIGN(state.manifest, segment::load_newest_manifest(*state.storage));
  SIMILE_TRY(open_collections(state));
  std::erase_if(state.segments, [&](const auto& open) {
    for (segment::CollectionEntry& entry : state.manifest.collections) {
      if (entry.find(open.first) != nullptr) return false;
    }
    return true;
  });
  SIMILE_TRY(replay_more(state));
  return state;
}

}  // namespace simile::db
