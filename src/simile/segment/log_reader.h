#pragma once
/// Reads what LogWriter wrote; see the invariants there.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "simile/error.h"
#include "simile/io/storage.h"
#include "simile/segment/log_writer.h"

namespace simile::segment {

struct LogFrame {
  std::uint64_t offset = 0;
  std::uint64_t first_sequence = 0;
  std::uint32_t batches = 0;
  std::span<const std::byte> payload;  ///< valid during the call only
};

/// Where reading goes on.
struct LogPosition {
  std::uint64_t offset = 0;         ///< 0: at the beginning, with the header
  std::uint64_t next_sequence = 0;  ///< where offset is 0, any is taken
};

struct LogScan {
  /// Nothing where not even the header was written: power was lost while the log was made.
  std::optional<LogHeader> header;
  LogPosition end;      ///< behind the last good frame
  bool closed = false;  ///< the writer ended it in order
  bool torn = false;    ///< bytes follow that are no frame, and nothing valid behind them
};

/// The header of a log; nothing where not even that was written. Errors as below.
Result<std::optional<LogHeader>> read_log_header(const io::Storage& storage,
                                                 const LogHeader& expected);

/// Calls visit(frame) for every frame from `from` on and stops at the end, at a torn tail or at the
/// first error of visit(). kDataLoss, naming file and offset, for damage; kUnimplemented for a
/// newer format. A log that is being written is read up to its last whole frame.
Result<LogScan> read_log(const io::Storage& storage, const LogHeader& expected, LogPosition from,
                         const std::function<Status(const LogFrame&)>& visit);

/// The same over bytes; `name` is for messages.
Result<LogScan> scan_log(std::span<const std::byte> bytes, const std::string& name,
                         const LogHeader& expected, LogPosition from,
                         const std::function<Status(const LogFrame&)>& visit);

}  // namespace simile::segment
