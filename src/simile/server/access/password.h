#pragma once
/// Secrets: passwords as Argon2id, tokens as hashes, comparison in constant time.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "simile/error.h"

namespace simile::server {

inline constexpr std::size_t kPasswordBytesMin = 6;
inline constexpr std::size_t kPasswordBytesMax = 256;

/// The encoded form, with its salt and its costs: 19 MiB of memory, 2 passes, about 20 ms.
Result<std::string> hash_password(std::string_view password);
/// Takes as long as hash_password() whatever it says. An empty `hash` is a user that is not there.
bool password_matches(std::string_view password, const std::string& hash);
/// What is wrong with a password that is to be set, or nothing.
std::string refuse_password(std::string_view password);

/// "smt_" and an id of 12 characters, "_" and a secret of 256 bits.
struct NewToken {
  std::string id;
  std::string text;         ///< shown once
  std::string secret_hash;  ///< what is kept; the secret has no need of Argon2
};
NewToken make_token();
/// Id and hash of the secret of such a text; an empty id where it is none.
struct ReadToken {
  std::string id;
  std::string secret_hash;
};
ReadToken read_token(std::string_view text);

/// In a time that depends on the lengths only.
bool same_secret(std::string_view a, std::string_view b);

using Digest = std::array<std::uint8_t, 32>;
/// SHA-256.
Digest digest_of(std::string_view bytes);
std::string hex_of(const Digest& digest);
/// Random bytes of the system.
std::string random_bytes(std::size_t count);

/// Standard alphabet, with padding or without it; false where it is none.
bool decode_base64(std::string_view text, std::string& out);

}  // namespace simile::server
