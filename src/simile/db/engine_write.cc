#include <algorithm>
#include <map>
#include <set>
#include <shared_mutex>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/complete_rows.h"
#include "simile/db/engine.h"
#include "simile/db/maintenance.h"
#include "simile/scalar/validate_batch.h"
#include "simile/segment/operation.h"

namespace simile::db {

namespace {

using Kind = RequestedOperation::Kind;

/// A batch must fit a frame with room for what the encoding adds.
constexpr std::uint64_t kRequestBytesMax = segment::kFrameBytesMax / 2;

std::uint64_t bytes_of(const Batch& batch) {
  std::uint64_t bytes = 0;
  for (const ColumnView& column : batch.columns) {
    bytes += column.fixed.size() + column.offsets.size_bytes() + column.valid.size();
    for (const std::string_view text : column.strings) bytes += text.size() + 4;
  }
  return bytes;
}

std::uint64_t bytes_of(const RequestedOperation& operation) {
  if (operation.rows != nullptr) return bytes_of(*operation.rows);
  const segment::KeyList keys(operation.keys);
  std::uint64_t bytes = keys.size() * 8;
  for (std::size_t i = 0; keys.is_text() && i < keys.size(); ++i) bytes += keys.at(i).text.size();
  return bytes;
}

/// The gates of all collections of a request, each once, in the order of their ids.
class Gates {
 public:
  explicit Gates(const WriteRequest& request) {
    std::map<std::uint32_t, CollectionState*> collections;
    for (const RequestedOperation& operation : request.operations) {
      collections[operation.collection->id()] = operation.collection.get();
    }
    for (const auto& [id, collection] : collections) locks_.emplace_back(collection->gate());
    changed_ = std::ranges::any_of(request.operations, [](const RequestedOperation& operation) {
      return operation.checked_with != operation.collection->schema();
    });
  }
  bool changed() const { return changed_; }

 private:
  std::vector<std::shared_lock<std::shared_mutex>> locks_;
  bool changed_ = false;
};

Status check_own_columns(const Schema& schema, const Batch& batch) {
  for (const ColumnView& column : batch.columns) {
    const Field* field = schema.find(column.field);
    if (field != nullptr && !field->source.empty()) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("field '", field->name, "' holds the words of '", field->source,
                            "', and is filled by the collection: leave it out"));
    }
    if (column.field != kPartitionField) continue;
    return fail(ErrorCode::kInvalidArgument, join_text("field '", kPartitionField,
                                                       "' is written by the collection: name the "
                                                       "partition of the batch"));
  }
  return {};
}

}  // namespace

namespace {

/// Rows that bring keys of their own where the collection gives out others.
bool names_keys(const RequestedOperation& operation, const Schema& schema) {
  return operation.kind == Kind::kUpsert &&
         std::ranges::find(operation.rows->columns, schema.primary_key().name,
                           &ColumnView::field) != operation.rows->columns.end();
}

}  // namespace

Status Engine::check_request(WriteRequest& request) const {
  for (RequestedOperation& operation : request.operations) {
    operation.checked_with = operation.collection->schema();
    const Schema& schema = *operation.checked_with;
    if (operation.rows != nullptr) {
      SIMILE_TRY(check_own_columns(schema, *operation.rows));
      // Where keys are stored they are like others.
      const auto stored = operation.collection->stored_schema();
      SIMILE_TRY(operation.kind == Kind::kUpdate
                     ? scalar::validate_update(*stored, *operation.rows)
                     : scalar::validate_batch(names_keys(operation, schema) ? *stored : schema,
                                              *operation.rows));
      SIMILE_TRY(add_words(operation));
    } else {
      SIMILE_TRY(segment::check_key_type(schema, segment::KeyList(operation.keys)));
    }
  }
  if (request.bytes > kRequestBytesMax) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("the batch has ", readable_bytes(request.bytes), "; at most ",
                          readable_bytes(kRequestBytesMax), " fit: write it in parts"));
  }
  return {};
}

Result<WriteResult> Engine::write(WriteRequest& request) {
  SIMILE_TRY(accepts_writes());
  std::vector<const Batch*> given;
  for (const RequestedOperation& operation : request.operations) {
    request.bytes += bytes_of(operation);
    given.push_back(operation.rows);
  }
  SIMILE_TRY(check_request(request));
  SIMILE_TRY(wait_for_room(request));
  {
    const Gates gates(request);
    // Waiting may have taken long, and the schema may be another one now.
    if (gates.changed()) {
      for (std::size_t i = 0; i < given.size(); ++i) {
        request.operations[i].rows = given[i];
        request.operations[i].completed.reset();
      }
      SIMILE_TRY(check_request(request));
    }
    queue_.commit(request);
  }
  if (request.result) after_write(request);
  return request.result;
}

void Engine::commit_group(std::span<WriteRequest* const> group) {
  const std::scoped_lock lock(commit_mutex_);
  frame_.clear();
  std::vector<WriteRequest*> applied;
  for (WriteRequest* request : group) {
    request->result = apply(*request);
    if (!request->result) continue;
    encode(*request, frame_);
    applied.push_back(request);
    request->result->sequence = sequence_.load() + applied.size();
  }
  if (applied.empty()) return;
  if (Status logged = logs_->append(frame_.bytes(), static_cast<std::uint32_t>(applied.size()));
      !logged) {
    poison(logged.error());
    for (WriteRequest* request : applied) {
      request->result = std::unexpected(logged.error());
    }
    // Newest first, so that each finds the state that it left.
    for (auto it = applied.rbegin(); it != applied.rend(); ++it) {
      roll_back(**it, (*it)->operations.size());
    }
    return;
  }
  const std::uint64_t last = sequence_.load() + applied.size();
  std::set<CollectionState*> written;
  for (WriteRequest* request : applied) {
    for (RequestedOperation& operation : request->operations) {
      operation.collection->note_write(request->result->sequence);
      written.insert(operation.collection.get());
    }
  }
  const std::scoped_lock publishing(*publish_mutex_);
  for (CollectionState* collection : written) collection->publish_locked(last);
  sequence_.store(last);
}

Result<WriteResult> Engine::apply(WriteRequest& request) {
  SIMILE_TRY(writable());
  WriteResult result;
  for (std::size_t i = 0; i < request.operations.size(); ++i) {
    RequestedOperation& operation = request.operations[i];
    // It may have been truncated since.
    const std::shared_ptr<CollectionState> now = find(operation.collection->id());
    if (now && now != operation.collection) {
      operation.collection = now;
      operation.matched_at = ~std::uint64_t{0};
    }
    CollectionState& collection = *operation.collection;
    operation.undo = collection.begin();
    const auto apply_one = [&]() -> Result<std::uint64_t> {
      if (!now) {
        return fail(ErrorCode::kNotFound,
                    join_text("collection '", collection.name(), "' was dropped"));
      }
      if (operation.rows != nullptr) {
        const Schema& schema = *collection.schema();
        if (schema.primary_key().auto_id && operation.kind != Kind::kUpdate &&
            !names_keys(operation, schema)) {
          operation.ids = collection.take_ids(operation.rows->rows);
          result.ids.insert(result.ids.end(), operation.ids.begin(), operation.ids.end());
        }
        SIMILE_TRY(complete_rows(operation));
        SIMILE_TRY(collection.apply_rows(*operation.rows, operation.ids,
                                         operation.kind == Kind::kInsert, operation.undo));
        return operation.rows->rows;
      }
      if (operation.where && operation.matched_at != collection.last_write()) {
        SIMILE_ASSIGN(operation.matched,
                      KeyCopies::matching(collection.working_view(), *operation.where));
      }
      if (operation.where) operation.keys = operation.matched.view();
      return collection.apply_erase(segment::KeyList(operation.keys), operation.undo);
    };
    const auto rows = apply_one();
    if (!rows) {
      roll_back(request, i + 1);
      return std::unexpected(rows.error());
    }
    result.rows += *rows;
  }
  return result;
}

void Engine::roll_back(WriteRequest& request, std::size_t applied) {
  for (std::size_t i = applied; i-- > 0;) {
    request.operations[i].collection->roll_back(request.operations[i].undo);
  }
}

void Engine::encode(const WriteRequest& request, ByteWriter& payload) {
  segment::encode_batch_begin(static_cast<std::uint32_t>(request.operations.size()), payload);
  for (const RequestedOperation& operation : request.operations) {
    const CollectionState& collection = *operation.collection;
    if (operation.rows != nullptr) {
      segment::encode_rows(collection.id(), *collection.schema(), *operation.rows, operation.ids,
                           payload);
    } else {
      segment::encode_erase(collection.id(), segment::KeyList(operation.keys), payload);
    }
  }
}

/// Without threads of its own, the database says here what became of a flush behind an earlier
/// write.
Status Engine::retry_failed_seal() {
  {
    const std::scoped_lock lock(room_mutex_);
    if (seal_failed_) return {};
  }
  const Status sealed = seal_where_due();
  if (sealed) return {};
  return fail(sealed.error().code,
              join_text("nothing was written, because what was written before cannot be flushed: ",
                        sealed.error().message));
}

Status Engine::wait_for_room(const WriteRequest& request) {
  if (!maintenance_) return retry_failed_seal();
  const auto is_full = [&] {
    return std::ranges::any_of(request.operations, [&](const RequestedOperation& operation) {
      return operation.rows != nullptr &&
             unsealed_bytes(*operation.collection) > options_.growing_bytes_max * kFullFactor;
    });
  };
  if (!is_full()) return {};
  std::unique_lock lock(room_mutex_);
  maintenance_->notify();
  room_.wait(lock, [&] { return closing_.load() || !seal_failed_ || !is_full(); });
  SIMILE_TRY(accepts_writes());
  return is_full() ? seal_failed_ : Status{};
}

void Engine::after_write(const WriteRequest& request) {
  const bool due = std::ranges::any_of(request.operations, [&](const auto& operation) {
    return seal_is_due(*operation.collection);
  });
  if (!due) return;
  if (maintenance_) {
    maintenance_->notify();
  } else {
    // The write is acknowledged already: the next one tries again and says so.
    static_cast<void>(seal_where_due());
  }
}

}  // namespace simile::db
