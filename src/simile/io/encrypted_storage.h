#pragma once
/// A storage whose files are encrypted: contents, not names, sizes or times.

#include <memory>

#include "simile/io/cipher.h"
#include "simile/io/storage.h"

namespace simile::io {

/// Keeps the rules of Storage over another, which must keep them. What it protects against is
/// whoever reads or changes the files without the key. It does not notice that all of them were
/// replaced by older ones, or that the end of a log was cut off.
class EncryptedStorage : public Storage {
 public:
  /// From now on only `master` opens it. Under the lock of who writes.
  virtual Status change_master(const SecretKey& master) = 0;
};

/// The keyring is made by the first write. kPermissionDenied where `master` is not the key;
/// kFailedPrecondition where `inner` holds files and no keyring: it is not encrypted.
Result<std::shared_ptr<EncryptedStorage>> open_encrypted_storage(std::shared_ptr<Storage> inner,
                                                                 const SecretKey& master);

}  // namespace simile::io
