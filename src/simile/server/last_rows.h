#pragma once
/// Rows of one message that have the same key.

#include <string_view>

#include "simile/server/column_message.h"

namespace simile::server {

/// Takes the rows out whose key comes again later in the batch: an insert of Milvus takes them all,
/// and reads find the last. `key` is the name of the key's field.
void keep_last_rows(std::string_view key, BorrowedBatch& borrowed);

}  // namespace simile::server
