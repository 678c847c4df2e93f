#include "simile/io/encrypted_storage.h"

#include <mutex>
#include <utility>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/io/encrypted_file.h"
#include "simile/io/keyring.h"
#include "simile/io/path.h"

namespace simile::io {

namespace {

class KeyedStorage final : public EncryptedStorage {
 public:
  KeyedStorage(std::shared_ptr<Storage> inner, const SecretKey& master,
               std::unique_ptr<Keyring> keyring)
      : inner_(std::move(inner)), master_(master), keyring_(std::move(keyring)) {}

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    SIMILE_TRY(check_name(path));
    const std::scoped_lock lock(create_mutex_);
    // Before its key: the one of a file that is there must stay.
    if (const auto taken = inner_->open(path);
        taken || taken.error().code != ErrorCode::kNotFound) {
      if (!taken) return std::unexpected(taken.error());
      return fail(ErrorCode::kAlreadyExists, join_text("'", root(), '/', path, "' exists already"));
    }
    SIMILE_ASSIGN(Keyring* const keyring, keyring_for_writing());
    SIMILE_ASSIGN(const EncryptedHeader header, EncryptedHeader::make(KeyKind::kOwn));
    SIMILE_ASSIGN(const SecretKey key, keyring->add(path));
    auto file = inner_->create(path);
    if (!file) {
      (void)keyring->forget(path);
      return file;
    }
    ChunkWriter chunks(header, header.key_for(key, path));
    SIMILE_TRY((*file)->append(chunks.header()));
    return make_encrypted_writer(*std::move(file), std::move(chunks));
  }

  Result<std::shared_ptr<ReadableFile>> open(const std::string& path) const override {
    SIMILE_TRY(check_name(path));
    SIMILE_ASSIGN(std::shared_ptr<ReadableFile> file, inner_->open(path));
    SIMILE_ASSIGN(const std::span<const std::byte> bytes, file->map());
    SIMILE_ASSIGN(const auto header, EncryptedHeader::decode(bytes, root() + '/' + path));
    SIMILE_ASSIGN(Keyring* const keyring, keyring_for_reading());
    if (!header || keyring == nullptr) return make_noise_reader(std::move(file));
    if (header->kind == KeyKind::kRoot) {
      return open_encrypted_reader(std::move(file), *header,
                                   header->key_for(keyring->root(), path));
    }
    SIMILE_ASSIGN(const auto key, keyring->find(path));
    if (!key) return make_noise_reader(std::move(file));
    return open_encrypted_reader(std::move(file), *header, header->key_for(*key, path));
  }

  Status publish(const std::string& path, std::span<const std::byte> bytes) override {
    SIMILE_TRY(check_name(path));
    SIMILE_ASSIGN(Keyring* const keyring, keyring_for_writing());
    SIMILE_ASSIGN(const EncryptedHeader header, EncryptedHeader::make(KeyKind::kRoot));
    ChunkWriter chunks(header, header.key_for(keyring->root(), path));
    std::vector<std::byte> sealed(chunks.header().begin(), chunks.header().end());
    chunks.add(bytes, sealed);
    chunks.finish(sealed);
    return inner_->publish(path, sealed);
  }

  Status remove(const std::string& path) override {
    SIMILE_TRY(check_name(path));
    SIMILE_TRY(inner_->remove(path));
    return forget(path);
  }
  Status wipe(const std::string& path) override {
    SIMILE_TRY(check_name(path));
    SIMILE_TRY(inner_->wipe(path));
    return forget(path);
  }

  Result<std::vector<FileEntry>> list(const std::string& prefix) const override {
    SIMILE_ASSIGN(std::vector<FileEntry> files, inner_->list(prefix));
    std::erase_if(files, [](const FileEntry& file) { return is_keyring(file.path); });
    return files;
  }

  Result<std::unique_ptr<Lock>> lock(const std::string& path) override {
    SIMILE_TRY(check_name(path));
    return inner_->lock(path);
  }
  const std::string& root() const override { return inner_->root(); }

  Status change_master(const SecretKey& master) override {
    SIMILE_ASSIGN(Keyring* const keyring, keyring_for_writing());
    SIMILE_TRY(keyring->change_master(master));
    const std::scoped_lock lock(mutex_);
    master_ = master;
    return {};
  }

 private:
  static bool is_keyring(std::string_view path) { return path.starts_with(kKeyringPrefix); }

  static Status check_name(const std::string& path) {
    SIMILE_TRY(check_path(path));
    if (!is_keyring(path)) return {};
    return fail(ErrorCode::kInvalidArgument,
                join_text("'", path, "' is a name of the encryption itself"));
  }

  /// Once made, it stays as long as the storage.
  Result<Keyring*> keyring_for_writing() {
    const std::scoped_lock lock(mutex_);
    if (keyring_ == nullptr) {
      SIMILE_ASSIGN(keyring_, Keyring::open(inner_, master_));
    }
    if (keyring_ == nullptr) {
      SIMILE_ASSIGN(keyring_, Keyring::create(inner_, master_));
    }
    return keyring_.get();
  }

  /// Another process may have made it since.
  Result<Keyring*> keyring_for_reading() const {
    const std::scoped_lock lock(mutex_);
    if (keyring_ == nullptr) {
      SIMILE_ASSIGN(keyring_, Keyring::open(inner_, master_));
    }
    return keyring_.get();
  }

  Status forget(const std::string& path) {
    SIMILE_ASSIGN(Keyring* const keyring, keyring_for_reading());
    return keyring == nullptr ? Status{} : keyring->forget(path);
  }

  std::shared_ptr<Storage> inner_;
  mutable std::mutex mutex_;
  std::mutex create_mutex_;
  SecretKey master_;
  mutable std::unique_ptr<Keyring> keyring_;
};

}  // namespace

Result<std::shared_ptr<EncryptedStorage>> open_encrypted_storage(std::shared_ptr<Storage> inner,
                                                                 const SecretKey& master) {
  SIMILE_ASSIGN(auto keyring, Keyring::open(inner, master));
  if (keyring == nullptr) {
    SIMILE_ASSIGN(const auto files, inner->list(""));
    if (!files.empty()) {
      return fail(ErrorCode::kFailedPrecondition,
                  join_text(inner->root(),
                            " is not encrypted: open it without a key, or make an encrypted copy "
                            "with simile encrypt"));
    }
  }
  return std::make_shared<KeyedStorage>(std::move(inner), master, std::move(keyring));
}

}  // namespace simile::io
