#pragma once
/// The write-ahead log: one file after the other, each written from front to back.
/// docs/formats/wal.md describes them byte for byte.
///
/// Invariants:
/// 1. A frame holds the batches of one group commit: one append, one sync. It counts as a whole or
///    not at all, and so does each batch in it.
/// 2. A frame is begun only after the one before it was synced. So behind the first bad frame there
///    is nothing valid where power was lost (a torn tail), and something valid where bytes of an
///    acknowledged frame were damaged: that is how log_reader tells them apart.
/// 3. Sequence numbers run on without a gap inside a log and from log to log. A log whose tail was
///    torn is followed by one that begins with the sequence number at which the tail was torn off.
/// 4. Checksums are salted with the database and the log, so that stale blocks of another log that
///    a file system brings back are not taken for frames of this one.
/// 5. A log that was closed in order ends with an empty frame, so that damage to its last batch is
///    told from a torn tail, too.

#include <cstdint>
#include <memory>
#include <span>

#include "simile/error.h"
#include "simile/io/storage.h"

namespace simile::segment {

struct LogHeader {
  std::uint64_t number = 0;
  std::uint64_t database_id = 0;
  std::uint64_t first_sequence = 1;  ///< of the first batch that is written to it
};

/// A batch larger than this is refused before it gets here.
inline constexpr std::uint64_t kFrameBytesMax = std::uint64_t{2} << 30;

/// Not thread-safe.
class LogWriter {
 public:
  /// The new file, with its header, is durable on return.
  static Result<std::unique_ptr<LogWriter>> create(io::Storage& storage, const LogHeader& header);

  /// Writes `payload` with `batches` batches, of which the first has the next sequence number.
  /// Durable on return. After a failure nothing is known about the frame, and every later call
  /// fails with the same error.
  Status append(std::span<const std::byte> payload, std::uint32_t batches);

  /// Ends the log in order. Nothing is lost where it fails.
  Status close();

  const LogHeader& header() const { return header_; }
  std::uint64_t next_sequence() const { return next_sequence_; }
  std::uint64_t bytes() const { return file_->size(); }

 private:
  LogWriter(std::unique_ptr<io::WritableFile> file, const LogHeader& header)
      : file_(std::move(file)), header_(header), next_sequence_(header.first_sequence) {}
  Status append_frame(std::span<const std::byte> payload, std::uint32_t batches);

  std::unique_ptr<io::WritableFile> file_;
  LogHeader header_;
  std::uint64_t next_sequence_;
  Status failed_;
};

}  // namespace simile::segment
