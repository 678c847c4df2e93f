#include "simile/io/keyring.h"

#include <array>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/checksum.h"
#include "simile/base/text.h"

namespace simile::io {

namespace {

constexpr std::string_view kMagic = "SIMILEKR";
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kSaltBytes = 32;
constexpr std::size_t kHeaderBytes = 8 + 4 + 4 + 8 + kSaltBytes;
constexpr std::string_view kPurpose = "simile keyring";
constexpr std::size_t kDigits = 12;

std::string keyring_name(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return std::string(kKeyringPrefix) + digits;
}

std::uint64_t number_of(std::string_view path) {
  const std::string_view digits = path.substr(kKeyringPrefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  return error == std::errc{} && end == digits.end() ? number : 0;
}

/// 0 where there is none.
Result<std::uint64_t> newest_number(const Storage& storage) {
  SIMILE_ASSIGN(const auto files, storage.list(std::string(kKeyringPrefix)));
  std::uint64_t newest = 0;
  for (const FileEntry& file : files) newest = std::max(newest, number_of(file.path));
  return newest;
}

/// The part of a file between its header and its checksum, if that is right.
std::optional<std::span<const std::byte>> checked_copy(std::span<const std::byte> copy) {
  if (copy.size() < kHeaderBytes + kTagBytes + 8) return std::nullopt;
  ByteReader end(copy.last(8));
  if (end.get<std::uint64_t>() != checksum64(copy.first(copy.size() - 8))) return std::nullopt;
  return copy.first(copy.size() - 8);
}

std::unexpected<Error> damaged(const Storage& storage, std::string_view name) {
  return fail(ErrorCode::kDataLoss,
              join_text("the keyring ", storage.root(), '/', name,
                        " is damaged, and without it nothing can be read; restore it from a "
                        "backup of the database"));
}

}  // namespace

Result<bool> has_keyring(const Storage& storage) {
  SIMILE_ASSIGN(const std::uint64_t newest, newest_number(storage));
  return newest != 0;
}

Result<Keyring::Contents> Keyring::read(const Storage& storage, std::uint64_t number,
                                        const SecretKey& master) {
  const std::string name = keyring_name(number);
  SIMILE_ASSIGN(const auto file, storage.open(name));
  std::vector<std::byte> bytes(file->size());
  SIMILE_TRY(file->read_at(0, bytes));
  const std::span<const std::byte> all(bytes);
  auto copy = checked_copy(all.first(all.size() / 2));
  if (!copy) copy = checked_copy(all.subspan(all.size() / 2));
  if (!copy) return damaged(storage, name);

  const std::span<const std::byte> header = copy->first(kHeaderBytes);
  ByteReader reader(header);
  const auto magic = reader.get_bytes(kMagic.size());
  if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0) return damaged(storage, name);
  if (const auto format = reader.get<std::uint32_t>(); format != kFormat) {
    return fail(ErrorCode::kUnimplemented,
                join_text("the keyring ", storage.root(), '/', name, " has format ", format,
                          ", which this version does not know; use a newer one"));
  }
  reader.get<std::uint32_t>();
  const auto own_number = reader.get<std::uint64_t>();
  const auto salt = reader.get_bytes(kSaltBytes);
  const auto sealed = copy->subspan(kHeaderBytes);
  std::vector<std::byte> plain(sealed.size() - kTagBytes);
  if (!unseal(derive_key(master, salt, kPurpose), 0, header, sealed, plain)) {
    return fail(ErrorCode::kPermissionDenied, join_text("the key is not that of ", storage.root(),
                                                        ": it was encrypted with another one"));
  }
  Contents contents;
  contents.number = own_number;
  ByteReader body(plain);
  const auto take_key = [&] {
    SecretKey key;
    const auto taken = body.get_bytes(SecretKey::kBytes);
    if (body.ok()) std::memcpy(key.bytes().data(), taken.data(), taken.size());
    return key;
  };
  contents.root = take_key();
  const auto count = body.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < count && body.ok(); ++i) {
    std::string path(body.get_string());
    contents.files.insert_or_assign(std::move(path), take_key());
  }
  if (!body.ok() || own_number != number) return damaged(storage, name);
  return contents;
}

/// Beside a process that writes, the newest one may go while it is read.
Result<Keyring::Contents> Keyring::read_newest(const Storage& storage, const SecretKey& master) {
  constexpr int kAttempts = 100;
  for (int attempt = 1;; ++attempt) {
    SIMILE_ASSIGN(const std::uint64_t number, newest_number(storage));
    if (number == 0) return Contents{};
    Result<Contents> contents = read(storage, number, master);
    if (contents || attempt == kAttempts) return contents;
    SIMILE_ASSIGN(const std::uint64_t after, newest_number(storage));
    if (after == number) return contents;
  }
}

Result<std::unique_ptr<Keyring>> Keyring::open(std::shared_ptr<Storage> storage,
                                               const SecretKey& master) {
  SIMILE_ASSIGN(Contents contents, read_newest(*storage, master));
  if (contents.number == 0) return nullptr;
  std::unique_ptr<Keyring> keyring(new Keyring(std::move(storage), master));
  keyring->largest_ = contents.number;
  keyring->contents_ = std::move(contents);
  return keyring;
}

Result<std::unique_ptr<Keyring>> Keyring::create(std::shared_ptr<Storage> storage,
                                                 const SecretKey& master) {
  std::unique_ptr<Keyring> keyring(new Keyring(std::move(storage), master));
  Contents first;
  SIMILE_ASSIGN(first.root, SecretKey::random());
  const std::scoped_lock lock(keyring->mutex_);
  SIMILE_TRY(keyring->replace_locked(std::move(first), master));
  return keyring;
}

SecretKey Keyring::root() const {
  const std::scoped_lock lock(mutex_);
  return contents_.root;
}

Result<std::optional<SecretKey>> Keyring::find(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = contents_.files.find(path); found != contents_.files.end()) {
    return found->second;
  }
  SIMILE_ASSIGN(const std::uint64_t newest, newest_number(*storage_));
  if (newest <= largest_) return std::nullopt;
  SIMILE_ASSIGN(contents_, read_newest(*storage_, master_));
  largest_ = contents_.number;
  if (const auto found = contents_.files.find(path); found != contents_.files.end()) {
    return found->second;
  }
  return std::nullopt;
}

Result<SecretKey> Keyring::add(const std::string& path) {
  SIMILE_ASSIGN(const SecretKey key, SecretKey::random());
  const std::scoped_lock lock(mutex_);
  Contents next = contents_;
  next.files.insert_or_assign(path, key);
  SIMILE_TRY(replace_locked(std::move(next), master_));
  return key;
}

Status Keyring::forget(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (!contents_.files.contains(path)) return {};
  Contents next = contents_;
  next.files.erase(path);
  return replace_locked(std::move(next), master_);
}

Status Keyring::change_master(const SecretKey& master) {
  const std::scoped_lock lock(mutex_);
  SIMILE_TRY(replace_locked(contents_, master));
  master_ = master;
  return {};
}

Status Keyring::replace_locked(Contents next, const SecretKey& master) {
  next.number = ++largest_;
  std::array<std::byte, kSaltBytes> salt{};
  SIMILE_TRY(fill_random(salt));
  ByteWriter body;
  body.put_bytes(next.root.bytes());
  body.put(static_cast<std::uint64_t>(next.files.size()));
  for (const auto& [path, key] : next.files) {
    body.put_string(path);
    body.put_bytes(key.bytes());
  }
  ByteWriter copy;
  copy.put_bytes(std::as_bytes(std::span(kMagic)));
  copy.put(kFormat);
  copy.put(std::uint32_t{0});
  copy.put(next.number);
  copy.put_bytes(salt);
  std::vector<std::byte> plain = body.take();
  std::vector<std::byte> sealed(plain.size() + kTagBytes);
  // The salt is new, so the key is, and 0 is used once.
  seal(derive_key(master, salt, kPurpose), 0, copy.bytes(), plain, sealed);
  wipe(plain);
  copy.put_bytes(sealed);
  copy.put(checksum64(copy.bytes()));
  std::vector<std::byte> both = copy.take();
  const std::size_t size = both.size();
  both.resize(2 * size);
  std::memcpy(both.data() + size, both.data(), size);
  SIMILE_TRY(storage_->publish(keyring_name(next.number), both));
  contents_ = std::move(next);
  wipe_older_locked();
  return {};
}

/// Where that fails, the next one tries again.
void Keyring::wipe_older_locked() const {
  const auto files = storage_->list(std::string(kKeyringPrefix));
  if (!files) return;
  for (const FileEntry& file : *files) {
    if (number_of(file.path) < contents_.number) (void)storage_->wipe(file.path);
  }
}

}  // namespace simile::io
