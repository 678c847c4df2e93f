#include "simile/db/log_set.h"

#include <algorithm>

#include "simile/base/check.h"
#include "simile/segment/file_names.h"

namespace simile::db {

LogSet::LogSet(std::shared_ptr<io::Storage> storage, std::uint64_t database_id,
               const std::vector<segment::LogHeader>& old, std::uint64_t largest)
    : storage_(std::move(storage)), database_id_(database_id), largest_(largest) {
  for (const segment::LogHeader& log : old) {
    const auto file = storage_->open(segment::log_name(log.number));
    logs_.push_back({log.number, log.first_sequence, file ? (*file)->size() : 0});
  }
}

Status LogSet::rotate(std::uint64_t first_sequence) {
  // Nothing was written to the last one: flushes that fail again and again add no file each.
  if (writer_ && logs_.back().first_sequence == first_sequence) return {};
  // A number is used up even where this fails: a part of the file may be there.
  const segment::LogHeader header{++largest_, database_id_, first_sequence};
  SIMILE_ASSIGN(auto writer, segment::LogWriter::create(*storage_, header));
  if (writer_) logs_.back().bytes = writer_->bytes();
  writer_ = std::move(writer);
  logs_.push_back({header.number, first_sequence, 0});
  return {};
}

Status LogSet::append(std::span<const std::byte> payload, std::uint32_t batches) {
  SIMILE_CHECK(writer_ != nullptr);
  return writer_->append(payload, batches);
}

Status LogSet::close() { return writer_ ? writer_->close() : Status{}; }

std::uint64_t LogSet::log_of(std::uint64_t sequence) const {
  std::uint64_t number = logs_.front().number;
  for (const Entry& log : logs_) {
    if (log.first_sequence <= sequence) number = log.number;
  }
  return number;
}

std::vector<std::string> LogSet::forget_before(std::uint64_t number) {
  std::vector<std::string> names;
  std::erase_if(logs_, [&](const Entry& log) {
    if (log.number >= number) return false;
    names.push_back(segment::log_name(log.number));
    return true;
  });
  return names;
}

std::vector<std::string> LogSet::names() const {
  std::vector<std::string> names;
  for (const Entry& log : logs_) names.push_back(segment::log_name(log.number));
  return names;
}

std::uint64_t LogSet::bytes() const {
  std::uint64_t bytes = writer_ ? writer_->bytes() : 0;
  for (const Entry& log : logs_) bytes += log.bytes;
  return bytes;
}

}  // namespace simile::db
