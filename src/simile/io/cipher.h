#pragma once
/// AES-256-GCM and what goes with it, from OpenSSL: the only file that knows its name.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "simile/error.h"

namespace simile::io {

/// 256 bits that are wiped from memory when they are no longer needed.
class SecretKey {
 public:
  static constexpr std::size_t kBytes = 32;

  SecretKey() = default;
  explicit SecretKey(std::span<const std::byte, kBytes> bytes);
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  /// From the random generator of the system. kUnavailable where it gives none.
  static Result<SecretKey> random();

  std::span<const std::byte, kBytes> bytes() const { return bytes_; }
  std::span<std::byte, kBytes> bytes() { return bytes_; }

 private:
  std::array<std::byte, kBytes> bytes_{};
};

/// Fills `out` with random bytes. kUnavailable where the system gives none.
Status fill_random(std::span<std::byte> out);

/// Overwrites secrets in a way that no compiler leaves out.
void wipe(std::span<std::byte> bytes);

/// Another key for another purpose: HKDF-SHA-256 (RFC 5869) of `key`. Who knows the result learns
/// nothing about `key` or about what comes of another salt or purpose.
SecretKey derive_key(const SecretKey& key, std::span<const std::byte> salt,
                     std::string_view purpose);

/// What GCM adds to each message: its proof that nobody else wrote it.
inline constexpr std::size_t kTagBytes = 16;

/// Writes plain.size() + kTagBytes bytes to `out`, which may not overlap `plain`. `number` is the
/// nonce: no number is ever used twice under one key, or both messages are laid open. `bound` is
/// not encrypted, and must be the same for opening.
void seal(const SecretKey& key, std::uint64_t number, std::span<const std::byte> bound,
          std::span<const std::byte> plain, std::span<std::byte> out);

/// The reverse; `out` has sealed.size() - kTagBytes bytes. False, and `out` holds nothing of use,
/// where it was not sealed with this key, number and `bound`, or was changed since.
bool unseal(const SecretKey& key, std::uint64_t number, std::span<const std::byte> bound,
            std::span<const std::byte> sealed, std::span<std::byte> out);

}  // namespace simile::io
