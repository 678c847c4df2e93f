#include "simile/segment/log_writer.h"

#include <utility>

#include "simile/base/check.h"
#include "simile/segment/file_names.h"
#include "simile/segment/log_layout.h"

namespace simile::segment {

Result<std::unique_ptr<LogWriter>> LogWriter::create(io::Storage& storage,
                                                     const LogHeader& header) {
  SIMILE_ASSIGN(auto file, storage.create(log_name(header.number)));
  LogHeaderBytes bytes;
  bytes.number = header.number;
  bytes.database_id = header.database_id;
  bytes.first_sequence = header.first_sequence;
  bytes.checksum = checksum_of(bytes);
  SIMILE_TRY(file->append(std::as_bytes(std::span(&bytes, 1))));
  SIMILE_TRY(file->sync());
  return std::unique_ptr<LogWriter>(new LogWriter(std::move(file), header));
}

Status LogWriter::append(std::span<const std::byte> payload, std::uint32_t batches) {
  SIMILE_CHECK(batches != 0);
  if (!failed_) return failed_;
  failed_ = append_frame(payload, batches);
  if (failed_) next_sequence_ += batches;
  return failed_;
}

Status LogWriter::append_frame(std::span<const std::byte> payload, std::uint32_t batches) {
  FrameHeaderBytes header;
  header.batches = batches;
  header.payload_bytes = payload.size();
  header.first_sequence = next_sequence_;
  header.payload_checksum = checksum64(payload);
  header.checksum = checksum_of(header, header_);
  constexpr std::byte kZeros[kFrameAlignment] = {};
  SIMILE_TRY(file_->append(std::as_bytes(std::span(&header, 1))));
  SIMILE_TRY(file_->append(payload));
  const std::size_t padding = padded(payload.size()) - payload.size();
  if (padding != 0) SIMILE_TRY(file_->append(std::span(kZeros).first(padding)));
  return file_->sync();
}

Status LogWriter::close() {
  if (!failed_) return failed_;
  failed_ = append_frame({}, 0);
  SIMILE_TRY(failed_);
  failed_ = fail(ErrorCode::kFailedPrecondition, file_->path() + " is closed");
  return file_->close();
}

}  // namespace simile::segment
