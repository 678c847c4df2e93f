#pragma once

#include <memory>

#include "simile/database.h"
#include "simile/io/storage.h"

namespace simile::db {

/// Database::open() on any storage; `options.create` refers to what is in it.
Result<std::unique_ptr<Database>> open_database(std::shared_ptr<io::Storage> storage,
                                                const OpenOptions& options);

/// verify_database() on any storage.
Result<VerifyReport> verify_storage(std::shared_ptr<io::Storage> storage,
                                    const Progress& progress = {},
                                    const CancelToken* cancel = nullptr);

}  // namespace simile::db
