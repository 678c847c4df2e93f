#include "simile/io/cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "simile/base/check.h"

namespace simile::io {

namespace {

constexpr std::size_t kNonceBytes = 12;

/// OpenSSL counts in int.
constexpr std::size_t kMessageBytesMax = std::size_t{1} << 30;

const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

template <class T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER, Freer<EVP_CIPHER, EVP_CIPHER_free>>;
using Kdf = std::unique_ptr<EVP_KDF, Freer<EVP_KDF, EVP_KDF_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, Freer<EVP_KDF_CTX, EVP_KDF_CTX_free>>;

/// Looked up once: a look-up takes a lock and microseconds.
const EVP_CIPHER* gcm() {
  static const Cipher cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  SIMILE_CHECK(cipher != nullptr);
  return cipher.get();
}

/// A context keyed and numbered, with `bound` taken in. OpenSSL fails here only without memory.
CipherContext begin(const SecretKey& key, std::uint64_t number, std::span<const std::byte> bound,
                    bool sealing) {
  std::array<unsigned char, kNonceBytes> nonce{};
  std::memcpy(nonce.data(), &number, sizeof(number));
  CipherContext context(EVP_CIPHER_CTX_new());
  SIMILE_CHECK(context != nullptr);
  SIMILE_CHECK(EVP_CipherInit_ex2(context.get(), gcm(), raw(key.bytes()), nonce.data(),
                                  sealing ? 1 : 0, nullptr) == 1);
  int taken = 0;
  SIMILE_CHECK(EVP_CipherUpdate(context.get(), nullptr, &taken, raw(bound),
                                static_cast<int>(bound.size())) == 1);
  return context;
}

}  // namespace

SecretKey::SecretKey(std::span<const std::byte, kBytes> bytes) {
  std::ranges::copy(bytes, bytes_.begin());
}

SecretKey::~SecretKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

Result<SecretKey> SecretKey::random() {
  SecretKey key;
  SIMILE_TRY(fill_random(key.bytes_));
  return key;
}

Status fill_random(std::span<std::byte> out) {
  if (RAND_bytes(raw(out), static_cast<int>(out.size())) == 1) return {};
  return fail(ErrorCode::kUnavailable, "the system gives no random numbers, so no key can be made");
}

void wipe(std::span<std::byte> bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

SecretKey derive_key(const SecretKey& key, std::span<const std::byte> salt,
                     std::string_view purpose) {
  static const Kdf kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  SIMILE_CHECK(kdf != nullptr);
  const KdfContext context(EVP_KDF_CTX_new(kdf.get()));
  SIMILE_CHECK(context != nullptr);
  const auto octets = [](const char* name, std::span<const std::byte> bytes) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::byte*>(bytes.data()),
                                             bytes.size());
  };
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      octets(OSSL_KDF_PARAM_KEY, key.bytes()), octets(OSSL_KDF_PARAM_SALT, salt),
      octets(OSSL_KDF_PARAM_INFO, std::as_bytes(std::span(purpose))), OSSL_PARAM_construct_end()};
  SecretKey derived;
  SIMILE_CHECK(EVP_KDF_derive(context.get(), raw(std::span<std::byte>(derived.bytes())),
                              SecretKey::kBytes, parameters) == 1);
  return derived;
}

void seal(const SecretKey& key, std::uint64_t number, std::span<const std::byte> bound,
          std::span<const std::byte> plain, std::span<std::byte> out) {
  SIMILE_CHECK(plain.size() <= kMessageBytesMax && out.size() == plain.size() + kTagBytes);
  const CipherContext context = begin(key, number, bound, true);
  int written = 0;
  SIMILE_CHECK(EVP_CipherUpdate(context.get(), raw(out), &written, raw(plain),
                                static_cast<int>(plain.size())) == 1);
  SIMILE_CHECK(EVP_CipherFinal_ex(context.get(), raw(out) + written, &written) == 1);
  SIMILE_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                                   raw(out.last(kTagBytes))) == 1);
}

bool unseal(const SecretKey& key, std::uint64_t number, std::span<const std::byte> bound,
            std::span<const std::byte> sealed, std::span<std::byte> out) {
  SIMILE_CHECK(out.size() <= kMessageBytesMax && sealed.size() == out.size() + kTagBytes);
  const CipherContext context = begin(key, number, bound, false);
  int written = 0;
  SIMILE_CHECK(EVP_CipherUpdate(context.get(), raw(out), &written, raw(sealed),
                                static_cast<int>(out.size())) == 1);
  std::array<std::byte, kTagBytes> tag{};
  std::ranges::copy(sealed.last(kTagBytes), tag.begin());
  SIMILE_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) ==
               1);
  if (EVP_CipherFinal_ex(context.get(), raw(out) + written, &written) == 1) return true;
  OPENSSL_cleanse(out.data(), out.size());
  return false;
}

}  // namespace simile::io
