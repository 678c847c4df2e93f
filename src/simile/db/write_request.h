#pragma once
/// A batch on its way through the commit.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simile/collection.h"
#include "simile/db/collection_state.h"
#include "simile/db/key_copies.h"
#include "simile/db/row_copies.h"
#include "simile/scalar/filter.h"

namespace simile::db {

struct RequestedOperation {
  enum class Kind : std::uint8_t { kInsert, kUpsert, kUpdate, kErase, kEraseWhere };
  Kind kind = Kind::kUpsert;
  std::shared_ptr<CollectionState> collection;
  const Batch* rows = nullptr;  ///< kInsert, kUpsert, kUpdate: validated
  KeysView keys;                ///< kErase
  std::shared_ptr<const Schema> checked_with;

  /// kEraseWhere: the filter, and what it matched after the write `matched_at`, which spares the
  /// commit another look where nothing was written since.
  std::optional<scalar::Filter> where;
  KeyCopies matched;
  std::uint64_t matched_at = 0;

  /// Set by the commit: columns that its writer did not give, keys that the collection gave out,
  /// what roll_back() needs.
  std::unique_ptr<CompletedRows> completed;
  std::vector<std::int64_t> ids;
  CollectionState::Undo undo;
};

struct WriteRequest {
  std::vector<RequestedOperation> operations;
  std::uint64_t bytes = 0;  ///< about, in the log
  Result<WriteResult> result = WriteResult{};
  bool done = false;
};

}  // namespace simile::db
