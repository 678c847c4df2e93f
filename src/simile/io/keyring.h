#pragma once
/// The keys of an encrypted storage. docs/formats/encryption.md describes the file byte for byte.
///
/// Invariants:
/// 1. The master key is never written; it protects the keyring, and the keyring all else.
/// 2. A file of create() has a key of its own, made before the file and forgotten after it was
///    removed. Forgotten is erased: the keyring is written anew, and the old one overwritten, so
///    that nobody reads the file again, even where its bytes are still on the disk.
/// 3. A keyring is published whole under the next number, and only then are older ones wiped. It
///    holds everything twice, since its loss is the loss of all.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "simile/io/cipher.h"
#include "simile/io/storage.h"

namespace simile::io {

inline constexpr std::string_view kKeyringPrefix = "KEYRING-";

/// Whether files of this storage are encrypted: whether it has a keyring.
Result<bool> has_keyring(const Storage& storage);

/// Thread rule: any call from any thread.
class Keyring {
 public:
  /// The newest one; nothing where there is none. kPermissionDenied where `master` is another key
  /// than the one it was made with, kDataLoss where it is damaged.
  static Result<std::unique_ptr<Keyring>> open(std::shared_ptr<Storage> storage,
                                               const SecretKey& master);
  /// A first one, durable on return. kAlreadyExists where there is one.
  static Result<std::unique_ptr<Keyring>> create(std::shared_ptr<Storage> storage,
                                                 const SecretKey& master);

  /// For files that are published, which have no key of their own.
  SecretKey root() const;
  /// Nothing where the file has none. Looks for a newer keyring where it is not known: another
  /// process may have written it.
  Result<std::optional<SecretKey>> find(const std::string& path);
  /// A new key, durable on return; it takes the place of one that the path had.
  Result<SecretKey> add(const std::string& path);
  /// Erased on return. Nothing happens where the file has none.
  Status forget(const std::string& path);
  /// From now on only `master` opens it.
  Status change_master(const SecretKey& master);

 private:
  struct Contents {
    std::uint64_t number = 0;
    SecretKey root;
    std::map<std::string, SecretKey, std::less<>> files;
  };

  Keyring(std::shared_ptr<Storage> storage, const SecretKey& master)
      : storage_(std::move(storage)), master_(master) {}
  static Result<Contents> read(const Storage& storage, std::uint64_t number,
                               const SecretKey& master);
  static Result<Contents> read_newest(const Storage& storage, const SecretKey& master);
  /// Publishes `next` under a new number and keeps it; the old one stays where that fails.
  Status replace_locked(Contents next, const SecretKey& master);
  void wipe_older_locked() const;

  std::shared_ptr<Storage> storage_;
  mutable std::mutex mutex_;
  SecretKey master_;
  Contents contents_;
  std::uint64_t largest_ = 0;  // number that was tried last
};

}  // namespace simile::io
