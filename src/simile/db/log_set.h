#pragma once
/// The logs of a database that are still needed, and the one that is written.
///
/// Thread rule: under the commit lock of the engine.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simile/io/storage.h"
#include "simile/segment/log_writer.h"

namespace simile::db {

class LogSet {
 public:
  /// `old`: logs that were replayed. `largest`: no log with a larger number exists.
  LogSet(std::shared_ptr<io::Storage> storage, std::uint64_t database_id,
         const std::vector<segment::LogHeader>& old, std::uint64_t largest);

  /// Begins a log whose first write is `first_sequence`, unless the last one is such a log; the old
  /// one is kept where it fails.
  Status rotate(std::uint64_t first_sequence);
  Status append(std::span<const std::byte> payload, std::uint32_t batches);
  Status close();

  /// The number of the log to replay from where writes from `sequence` on are wanted.
  std::uint64_t log_of(std::uint64_t sequence) const;
  /// Takes the logs below this number from the list and returns the names of their files.
  std::vector<std::string> forget_before(std::uint64_t number);

  std::vector<std::string> names() const;
  std::uint64_t bytes() const;
  std::size_t count() const { return logs_.size(); }

 private:
  struct Entry {
    std::uint64_t number = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t bytes = 0;  // of those that are not written any more
  };

  std::shared_ptr<io::Storage> storage_;
  std::uint64_t database_id_;
  std::uint64_t largest_;
  std::vector<Entry> logs_;  // the last one is being written, once rotate() was called
  std::unique_ptr<segment::LogWriter> writer_;
};

}  // namespace simile::db
