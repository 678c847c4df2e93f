#pragma once
/// The form of an encrypted file; docs/formats/encryption.md describes it byte for byte.
///
///   header, 64 bytes: magic, format, which key, salt, checksum
///   chunks: length (4), check of length (4), sealed bytes (length + 16)
///
/// Invariants:
/// 1. A chunk holds at most kChunkBytes, and less only where the file was synced or ended. So in a
///    file that was synced once, places of chunks are known, and one that is damaged hides no
///    other.
/// 2. The key of a file comes from its salt and its path: no two files ever have the same one, and
///    none can take the place of another. So a chunk's nonce is its number.
/// 3. A chunk that is not as it was written reads as kNoise, in its length. Everything stored has
///    checksums above this layer, which then find it, and treat it, as they do without encryption:
///    a torn tail of a log is one, and an index that is damaged is built anew.

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "simile/base/growable_buffer.h"
#include "simile/io/cipher.h"
#include "simile/io/storage.h"

namespace simile::io {

inline constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
inline constexpr std::byte kNoise{0xE5};

enum class KeyKind : std::uint8_t { kRoot = 0, kOwn = 1 };

/// The first bytes of a file.
struct EncryptedHeader {
  static constexpr std::size_t kBytes = 64;
  static constexpr std::size_t kSaltBytes = 32;

  KeyKind kind = KeyKind::kOwn;
  std::array<std::byte, kSaltBytes> salt{};

  static Result<EncryptedHeader> make(KeyKind kind);
  std::array<std::byte, kBytes> encode() const;
  /// Nothing where `file` does not begin with one; kUnimplemented where its format is newer.
  static Result<std::optional<EncryptedHeader>> decode(std::span<const std::byte> file,
                                                       const std::string& name);
  /// The key for the chunks, from that of the keyring.
  SecretKey key_for(const SecretKey& key, const std::string& path) const;
};

/// Makes chunks of what is written. Not thread-safe.
class ChunkWriter {
 public:
  ChunkWriter(const EncryptedHeader& header, const SecretKey& file_key)
      : header_(header.encode()), key_(file_key) {}

  /// Appends to `out` the chunks that are complete.
  void add(std::span<const std::byte> plain, std::vector<std::byte>& out);
  /// And the last one, shorter, if there is something.
  void finish(std::vector<std::byte>& out);
  const std::array<std::byte, EncryptedHeader::kBytes>& header() const { return header_; }
  std::uint64_t size() const { return size_; }

 private:
  void put_chunk(std::span<const std::byte> plain, std::vector<std::byte>& out);

  std::array<std::byte, EncryptedHeader::kBytes> header_;
  SecretKey key_;
  std::vector<std::byte> pending_;
  std::uint64_t next_ = 0;
  std::uint64_t size_ = 0;
};

std::unique_ptr<WritableFile> make_encrypted_writer(std::unique_ptr<WritableFile> file,
                                                    ChunkWriter chunks);

/// map() decrypts all of it into memory, once, on every core.
Result<std::shared_ptr<ReadableFile>> open_encrypted_reader(std::shared_ptr<ReadableFile> file,
                                                            const EncryptedHeader& header,
                                                            const SecretKey& file_key);

/// All of it is noise: its header is damaged, or its key was erased.
std::shared_ptr<ReadableFile> make_noise_reader(std::shared_ptr<ReadableFile> file);

}  // namespace simile::io
