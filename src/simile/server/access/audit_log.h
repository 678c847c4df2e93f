#pragma once
/// Who did what, when, from where, and how it ended: lines of JSON, each with the hash of itself
/// and of all before it. docs/formats/access.md is the format.
///
/// 1. A line is written before the answer of its call is sent, and is durable within a second.
/// 2. Files are named by number and end at 64 MiB; the chain goes on from file to file.
/// 3. What a crash left half-written is cut off at the next start, which is a line of its own.
/// 4. Secrets, filters, vectors and rows are never part of a line.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "simile/error.h"

namespace simile::server {

enum class AuditLevel : std::uint8_t {
  kOff,
  kChanges,  ///< what is refused, and every call that may change something
  kAll,      ///< reads too
};

struct AuditEvent {
  std::string_view user;
  std::string_view from;
  std::string_view call;
  std::string_view database = {};
  std::string_view collection = {};
  std::string_view outcome;  ///< "done", "refused" or "failed"
  int code = 0;
};

/// Thread rule: any call from any thread.
class AuditLog {
 public:
  /// `database` is the folder of the database; the files are in .access/audit below it.
  static Result<std::unique_ptr<AuditLog>> open(const std::string& database, AuditLevel level);
  ~AuditLog();

  bool records_reads() const { return level_ == AuditLevel::kAll; }
  void record(const AuditEvent& event);

 private:
  AuditLog(std::string folder, AuditLevel level);
  Status start();
  Status begin_file();
  void append(const AuditEvent& event);
  void keep_synced();

  const std::string folder_;
  const AuditLevel level_;
  std::mutex mutex_;  ///< everything below
  std::condition_variable wake_;
  int file_ = -1;
  std::uint64_t file_number_ = 0;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t line_number_ = 0;
  std::string last_hash_;
  bool dirty_ = false;
  bool stopping_ = false;
  bool failed_ = false;
  std::jthread syncer_;
};

struct AuditReport {
  std::uint64_t files = 0;
  std::uint64_t lines = 0;
  std::string last_hash;  ///< noted elsewhere, it shows later that nothing was cut off
  std::string damage;     ///< the first line that does not fit, or nothing
};
/// Reads every file and checks the chain.
Result<AuditReport> verify_audit(const std::string& database);

}  // namespace simile::server
