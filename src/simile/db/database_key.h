#pragma once
/// Keys of encrypted databases, and the storage that goes with them.

#include <memory>
#include <string>

#include "simile/database.h"
#include "simile/io/cipher.h"
#include "simile/io/storage.h"

namespace simile::db {

/// kInvalidArgument where it is no key, kPermissionDenied where others could read its file.
/// Messages never hold a part of it.
Result<io::SecretKey> read_key(const KeySource& source);

/// The directory at `path`, encrypted where a key is given; kPermissionDenied where it is encrypted
/// and none is.
Result<std::shared_ptr<io::Storage>> open_storage(const std::string& path, bool create,
                                                  const KeySource& key);

}  // namespace simile::db
