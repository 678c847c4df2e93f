#include "simile/segment/log_reader.h"

#include <cstring>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/segment/file_names.h"
#include "simile/segment/log_layout.h"

namespace simile::segment {

namespace {

class Scanner {
 public:
  Scanner(std::span<const std::byte> bytes, const std::string& name, const LogHeader& expected)
      : bytes_(bytes), name_(name), log_(expected) {}

  Result<LogScan> run(LogPosition from, const std::function<Status(const LogFrame&)>& visit) {
    LogScan scan;
    scan.header = log_;
    scan.end = from;
    if (from.offset == 0) {
      SIMILE_ASSIGN(scan.header, read_header());
      if (!scan.header) {
        scan.torn = !bytes_.empty();
        return scan;
      }
      scan.end = {sizeof(LogHeaderBytes), scan.header->first_sequence};
    }
    while (true) {
      const auto header = frame_at(scan.end.offset);
      if (!header || header->first_sequence != scan.end.next_sequence) break;
      const auto payload = bytes_.subspan(scan.end.offset + sizeof(FrameHeaderBytes));
      if (padded(header->payload_bytes) > payload.size()) break;
      const LogFrame frame{scan.end.offset, header->first_sequence, header->batches,
                           payload.first(header->payload_bytes)};
      if (checksum64(frame.payload) != header->payload_checksum) break;
      if (frame.batches != 0) SIMILE_TRY(visit(frame));
      scan.closed = frame.batches == 0;
      scan.end.offset += sizeof(FrameHeaderBytes) + padded(header->payload_bytes);
      scan.end.next_sequence += header->batches;
    }
    scan.torn = scan.end.offset < bytes_.size();
    if (scan.torn) SIMILE_TRY(check_nothing_follows(scan.end));
    return scan;
  }

  /// Nothing where power was lost before the header was durable.
  Result<std::optional<LogHeader>> read_header() const {
    LogHeaderBytes header;
    const bool whole = bytes_.size() >= sizeof header;
    if (whole) std::memcpy(&header, bytes_.data(), sizeof header);
    if (!whole || header.checksum != checksum_of(header) || header.magic != kLogMagic) {
      SIMILE_TRY(check_nothing_follows({0, 0}));
      return std::nullopt;
    }
    if (header.format != kLogFormat) {
      return fail(ErrorCode::kUnimplemented,
                  join_text(name_, " is of format ", header.format, ", and this Simile knows ",
                            kLogFormat, ": use a newer one"));
    }
    if (header.number != log_.number || header.database_id != log_.database_id) {
      return fail(ErrorCode::kDataLoss,
                  join_text(name_, " belongs to another database or was renamed: it says log ",
                            header.number));
    }
    return LogHeader{header.number, header.database_id, header.first_sequence};
  }

 private:
  /// The frame header at `offset`, where one is there that is whole.
  std::optional<FrameHeaderBytes> frame_at(std::uint64_t offset) const {
    FrameHeaderBytes header;
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof header) return std::nullopt;
    std::memcpy(&header, bytes_.data() + offset, sizeof header);
    if (header.magic != kFrameMagic || header.checksum != checksum_of(header, log_) ||
        header.payload_bytes > kFrameBytesMax) {
      return std::nullopt;
    }
    return header;
  }

  /// Invariant 2: a later frame proves that the bad one at `at` had been synced.
  Status check_nothing_follows(LogPosition at) const {
    const std::uint64_t first = at.offset == 0 ? sizeof(LogHeaderBytes) : at.offset + 8;
    for (std::uint64_t offset = first; offset + sizeof(FrameHeaderBytes) <= bytes_.size();
         offset += kFrameAlignment) {
      const auto later = frame_at(offset);
      if (!later || later->first_sequence < at.next_sequence) continue;
      return fail(ErrorCode::kDataLoss,
                  join_text(name_, " is damaged at offset ", at.offset,
                            ": what is written there cannot be read, but write ",
                            later->first_sequence, " follows at ", offset));
    }
    return {};
  }

  std::span<const std::byte> bytes_;
  const std::string& name_;
  LogHeader log_;
};

}  // namespace

Result<LogScan> scan_log(std::span<const std::byte> bytes, const std::string& name,
                         const LogHeader& expected, LogPosition from,
                         const std::function<Status(const LogFrame&)>& visit) {
  return Scanner(bytes, name, expected).run(from, visit);
}

namespace {

/// The file, to keep its mapping, and the bytes.
struct MappedLog {
  std::shared_ptr<io::ReadableFile> file;
  std::span<const std::byte> bytes;
};

Result<MappedLog> map_log(const io::Storage& storage, const std::string& name) {
  MappedLog log;
  SIMILE_ASSIGN(log.file, storage.open(name));
  if (log.file->size() != 0) {  // an empty file cannot be mapped
    SIMILE_ASSIGN(log.bytes, log.file->map());
  }
  return log;
}

}  // namespace

Result<std::optional<LogHeader>> read_log_header(const io::Storage& storage,
                                                 const LogHeader& expected) {
  const std::string name = log_name(expected.number);
  SIMILE_ASSIGN(const MappedLog log, map_log(storage, name));
  return Scanner(log.bytes, name, expected).read_header();
}

Result<LogScan> read_log(const io::Storage& storage, const LogHeader& expected, LogPosition from,
                         const std::function<Status(const LogFrame&)>& visit) {
  const std::string name = log_name(expected.number);
  SIMILE_ASSIGN(const MappedLog log, map_log(storage, name));
  return scan_log(log.bytes, name, expected, from, visit);
}

}  // namespace simile::segment
