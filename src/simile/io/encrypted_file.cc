#include "simile/io/encrypted_file.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/checksum.h"
#include "simile/base/parallel.h"
#include "simile/base/text.h"

namespace simile::io {

namespace {

constexpr std::string_view kMagic = "SIMILEEN";
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kOverhead = kLengthBytes + kTagBytes;

using HeaderBytes = std::array<std::byte, EncryptedHeader::kBytes>;

/// Tells a length from noise. Who changes both changes nothing but where reading fails.
std::uint32_t check_of(std::uint32_t length, std::uint64_t number) {
  ByteWriter writer;
  writer.put(length);
  writer.put(number);
  return static_cast<std::uint32_t>(checksum64(writer.bytes()));
}

struct Chunk {
  std::uint64_t at = 0;     // of its sealed bytes in the file
  std::uint64_t plain = 0;  // of its bytes in what was written
  std::uint32_t length = 0;
  bool whole = false;  // else it is noise
};

/// The length of chunk `number` at `at`, where there is one.
std::optional<std::uint32_t> length_at(std::span<const std::byte> file, std::uint64_t at,
                                       std::uint64_t number) {
  if (at + kLengthBytes > file.size()) return std::nullopt;
  ByteReader reader(file.subspan(at, kLengthBytes));
  const auto length = reader.get<std::uint32_t>();
  const auto check = reader.get<std::uint32_t>();
  if (length == 0 || length > kChunkBytes || check != check_of(length, number)) return std::nullopt;
  return length;
}

std::vector<Chunk> chunks_of(std::span<const std::byte> file) {
  std::vector<Chunk> chunks;
  std::uint64_t at = EncryptedHeader::kBytes;
  std::uint64_t plain = 0;
  while (at < file.size()) {
    const std::uint64_t left = file.size() - at;
    const std::uint64_t number = chunks.size();
    const auto length = length_at(file, at, number);
    Chunk chunk{at + kLengthBytes, plain, 0, false};
    std::uint64_t taken = left;
    if (length && *length + kOverhead <= left) {
      chunk.length = *length;
      chunk.whole = true;
      taken = *length + kOverhead;
    } else if (length) {  // torn off
      chunk.length = *length;
    } else if (kChunkBytes + kOverhead < left &&
               length_at(file, at + kChunkBytes + kOverhead, number + 1)) {
      chunk.length = kChunkBytes;  // its length is damaged, and the next one stands where it should
      taken = kChunkBytes + kOverhead;
    } else {
      const std::uint64_t rest = left > kOverhead ? left - kOverhead : left;
      chunk.length = static_cast<std::uint32_t>(std::min<std::uint64_t>(rest, UINT32_MAX));
    }
    chunks.push_back(chunk);
    plain += chunk.length;
    at += taken;
  }
  return chunks;
}

class EncryptedReader final : public ReadableFile {
 public:
  EncryptedReader(std::shared_ptr<ReadableFile> file, std::span<const std::byte> bytes,
                  const EncryptedHeader& header, const SecretKey& file_key)
      : file_(std::move(file)),
        bytes_(bytes),
        header_(header.encode()),
        key_(file_key),
        chunks_(chunks_of(bytes)) {
    if (!chunks_.empty()) size_ = chunks_.back().plain + chunks_.back().length;
  }

  const std::string& path() const override { return file_->path(); }
  std::uint64_t size() const override { return size_; }

  Status read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > size_ || out.size() > size_ - offset) {
      return fail(ErrorCode::kOutOfRange,
                  join_text("'", path(), "' ends at byte ", size_, ", before ", out.size(),
                            " bytes from ", offset));
    }
    auto chunk = std::ranges::upper_bound(chunks_, offset, {}, &Chunk::plain);
    std::vector<std::byte> plain;
    for (--chunk; !out.empty(); ++chunk) {
      plain.resize(chunk->length);
      decrypt(*chunk, plain);
      const std::uint64_t first = offset - chunk->plain;
      const std::size_t count = std::min<std::size_t>(out.size(), chunk->length - first);
      std::memcpy(out.data(), plain.data() + first, count);
      out = out.subspan(count);
      offset += count;
    }
    return {};
  }

  Result<std::span<const std::byte>> map() const override {
    const std::scoped_lock lock(mutex_);
    if (!mapped_) {
      try {
        plain_.resize(size_);
      } catch (const std::bad_alloc&) {
        return fail(ErrorCode::kResourceExhausted,
                    join_text("no memory for the ", size_, " bytes of ", path(),
                              ", which is encrypted and is held in memory as a whole"));
      }
      constexpr std::size_t kGrain = 16;  // a MiB, half a millisecond
      parallel_for(0, chunks_.size(), kGrain, [&](std::size_t first, std::size_t last, auto) {
        for (std::size_t i = first; i < last; ++i) {
          decrypt(chunks_[i], {plain_.data() + chunks_[i].plain, chunks_[i].length});
        }
      });
      mapped_ = true;
    }
    return plain_.bytes();
  }

 private:
  void decrypt(const Chunk& chunk, std::span<std::byte> out) const {
    const auto number = static_cast<std::uint64_t>(&chunk - chunks_.data());
    if (chunk.whole &&
        unseal(key_, number, header_, bytes_.subspan(chunk.at, chunk.length + kTagBytes), out)) {
      return;
    }
    std::ranges::fill(out, kNoise);
  }

  std::shared_ptr<ReadableFile> file_;
  std::span<const std::byte> bytes_;
  HeaderBytes header_;
  SecretKey key_;
  std::vector<Chunk> chunks_;
  std::uint64_t size_ = 0;
  mutable std::mutex mutex_;
  mutable bool mapped_ = false;
  mutable GrowableBuffer plain_;
};

class NoiseReader final : public ReadableFile {
 public:
  explicit NoiseReader(std::shared_ptr<ReadableFile> file)
      : file_(std::move(file)), noise_(file_->size(), kNoise) {}

  const std::string& path() const override { return file_->path(); }
  std::uint64_t size() const override { return noise_.size(); }
  Status read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    SIMILE_TRY(file_->read_at(offset, out));
    std::ranges::fill(out, kNoise);
    return {};
  }
  Result<std::span<const std::byte>> map() const override { return noise_; }

 private:
  std::shared_ptr<ReadableFile> file_;
  std::vector<std::byte> noise_;
};

class EncryptedWriter final : public WritableFile {
 public:
  EncryptedWriter(std::unique_ptr<WritableFile> file, ChunkWriter chunks)
      : file_(std::move(file)), chunks_(std::move(chunks)) {}

  const std::string& path() const override { return file_->path(); }
  std::uint64_t size() const override { return chunks_.size(); }
  Status append(std::span<const std::byte> bytes) override {
    chunks_.add(bytes, sealed_);
    return write_sealed();
  }
  Status sync() override {
    chunks_.finish(sealed_);
    SIMILE_TRY(write_sealed());
    return file_->sync();
  }
  Status close() override {
    chunks_.finish(sealed_);
    const Status written = write_sealed();
    const Status closed = file_->close();
    return written ? closed : written;
  }

 private:
  Status write_sealed() {
    if (sealed_.empty()) return {};
    const Status written = file_->append(sealed_);
    sealed_.clear();
    return written;
  }

  std::unique_ptr<WritableFile> file_;
  ChunkWriter chunks_;
  std::vector<std::byte> sealed_;
};

}  // namespace

Result<EncryptedHeader> EncryptedHeader::make(KeyKind kind) {
  EncryptedHeader header;
  header.kind = kind;
  SIMILE_TRY(fill_random(header.salt));
  return header;
}

HeaderBytes EncryptedHeader::encode() const {
  ByteWriter writer;
  writer.put_bytes(std::as_bytes(std::span(kMagic)));
  writer.put(kFormat);
  writer.put(static_cast<std::uint32_t>(kind));
  writer.put(static_cast<std::uint64_t>(kChunkBytes));
  writer.put_bytes(salt);
  writer.put(checksum64(writer.bytes()));
  HeaderBytes bytes{};
  SIMILE_CHECK(writer.size() == bytes.size());
  std::ranges::copy(writer.bytes(), bytes.begin());
  return bytes;
}

Result<std::optional<EncryptedHeader>> EncryptedHeader::decode(std::span<const std::byte> file,
                                                               const std::string& name) {
  if (file.size() < kBytes) return std::nullopt;
  const auto bytes = file.first(kBytes);
  ByteReader reader(bytes);
  const auto magic = reader.get_bytes(kMagic.size());
  const auto format = reader.get<std::uint32_t>();
  const auto kind = reader.get<std::uint32_t>();
  const auto chunk_bytes = reader.get<std::uint64_t>();
  const auto salt = reader.get_bytes(kSaltBytes);
  const bool right = std::memcmp(magic.data(), kMagic.data(), kMagic.size()) == 0 &&
                     reader.get<std::uint64_t>() == checksum64(bytes.first(kBytes - 8));
  if (!right) return std::nullopt;
  if (format != kFormat || kind > 1 || chunk_bytes != kChunkBytes) {
    return fail(ErrorCode::kUnimplemented,
                join_text(name,
                          " is encrypted in a format that this version does not know; use a "
                          "newer one"));
  }
  EncryptedHeader header;
  header.kind = static_cast<KeyKind>(kind);
  std::ranges::copy(salt, header.salt.begin());
  return header;
}

SecretKey EncryptedHeader::key_for(const SecretKey& key, const std::string& path) const {
  return derive_key(key, salt, "simile file " + path);
}

void ChunkWriter::put_chunk(std::span<const std::byte> plain, std::vector<std::byte>& out) {
  const auto length = static_cast<std::uint32_t>(plain.size());
  ByteWriter prefix;
  prefix.put(length);
  prefix.put(check_of(length, next_));
  out.insert(out.end(), prefix.bytes().begin(), prefix.bytes().end());
  const std::size_t at = out.size();
  out.resize(at + length + kTagBytes);
  seal(key_, next_, header_, plain, std::span(out).subspan(at));
  ++next_;
}

void ChunkWriter::add(std::span<const std::byte> plain, std::vector<std::byte>& out) {
  size_ += plain.size();
  while (!plain.empty()) {
    if (pending_.empty() && plain.size() >= kChunkBytes) {  // without a copy
      put_chunk(plain.first(kChunkBytes), out);
      plain = plain.subspan(kChunkBytes);
      continue;
    }
    const auto part = plain.first(std::min(plain.size(), kChunkBytes - pending_.size()));
    pending_.insert(pending_.end(), part.begin(), part.end());
    plain = plain.subspan(part.size());
    if (pending_.size() == kChunkBytes) finish(out);
  }
}

void ChunkWriter::finish(std::vector<std::byte>& out) {
  if (pending_.empty()) return;
  put_chunk(pending_, out);
  pending_.clear();
}

std::unique_ptr<WritableFile> make_encrypted_writer(std::unique_ptr<WritableFile> file,
                                                    ChunkWriter chunks) {
  return std::make_unique<EncryptedWriter>(std::move(file), std::move(chunks));
}

Result<std::shared_ptr<ReadableFile>> open_encrypted_reader(std::shared_ptr<ReadableFile> file,
                                                            const EncryptedHeader& header,
                                                            const SecretKey& file_key) {
  SIMILE_ASSIGN(const std::span<const std::byte> bytes, file->map());
  return std::make_shared<EncryptedReader>(std::move(file), bytes, header, file_key);
}

std::shared_ptr<ReadableFile> make_noise_reader(std::shared_ptr<ReadableFile> file) {
  return std::make_shared<NoiseReader>(std::move(file));
}

}  // namespace simile::io
