#include "simile/server/access/password.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::server {

namespace {

// The second of OWASP's recommendations of 2024 for Argon2id; one lane, since each call has one
// thread.
constexpr std::uint32_t kMemoryKiB = 19'456;
constexpr std::uint32_t kPasses = 2;
constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;

constexpr std::string_view kTokenPrefix = "smt_";
constexpr std::size_t kTokenIdBytes = 6;

std::string hex_text(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

/// Of a password nobody has, so that a user who is not there takes as long as one who is.
const std::string& nobodys_hash() {
  static const std::string hash = *hash_password(random_bytes(kSaltBytes));
  return hash;
}

}  // namespace

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  const int done =
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count));
  SIMILE_CHECK(done == 1);
  return bytes;
}

Result<std::string> hash_password(std::string_view password) {
  const std::string salt = random_bytes(kSaltBytes);
  std::string text(
      argon2_encodedlen(kPasses, kMemoryKiB, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int failed =
      argon2id_hash_encoded(kPasses, kMemoryKiB, kLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, text.data(), text.size());
  if (failed != 0) {
    return fail(ErrorCode::kResourceExhausted,
                join_text("the password cannot be hashed: ", argon2_error_message(failed)));
  }
  text.resize(text.find('\0'));
  return text;
}

bool password_matches(std::string_view password, const std::string& hash) {
  const std::string& compared = hash.empty() ? nobodys_hash() : hash;
  const int failed = argon2id_verify(compared.c_str(), password.data(), password.size());
  return failed == 0 && !hash.empty();
}

std::string refuse_password(std::string_view password) {
  if (password.size() < kPasswordBytesMin || password.size() > kPasswordBytesMax) {
    return join_text("invalid password: a password has ", kPasswordBytesMin, " to ",
                     kPasswordBytesMax, " bytes");
  }
  return {};
}

NewToken make_token() {
  NewToken token;
  token.id = hex_text(random_bytes(kTokenIdBytes));
  const std::string secret = hex_text(random_bytes(sizeof(Digest)));
  token.text = join_text(kTokenPrefix, token.id, "_", secret);
  token.secret_hash = hex_of(digest_of(secret));
  return token;
}

ReadToken read_token(std::string_view text) {
  constexpr std::size_t kIdLength = kTokenIdBytes * 2;
  if (!text.starts_with(kTokenPrefix)) return {};
  text.remove_prefix(kTokenPrefix.size());
  if (text.size() <= kIdLength + 1 || text[kIdLength] != '_') return {};
  return {.id = std::string(text.substr(0, kIdLength)),
          .secret_hash = hex_of(digest_of(text.substr(kIdLength + 1)))};
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Digest digest_of(std::string_view bytes) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

std::string hex_of(const Digest& digest) {
  return hex_text({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool decode_base64(std::string_view text, std::string& out) {
  out.clear();
  while (text.ends_with('=')) text.remove_suffix(1);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0' + 52);
    } else if (c == '+' || c == '/') {
      value = c == '+' ? 62 : 63;
    } else {
      return false;
    }
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>((bits >> count) & 0xff);
  }
  return true;
}

}  // namespace simile::server
