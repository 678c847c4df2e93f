#include "simile/server/access/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/server/access/password.h"
#include "simile/server/log.h"

namespace simile::server {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kFileBytesMax = 64ull << 20;
constexpr std::size_t kHashLength = 64;
constexpr std::string_view kBeforeHash = R"(,"hash":")";
constexpr std::string_view kEnd = "\"}";

std::string folder_of(const std::string& database) { return database + "/.access/audit"; }

std::string name_of_file(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return join_text("audit-", std::string(6 - std::min<std::size_t>(6, digits.size()), '0'), digits,
                   ".log");
}

std::vector<std::string> files_of(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name.starts_with("audit-") && name.ends_with(".log")) {
      names.push_back(name);
    }
  }
  std::ranges::sort(names);
  return names;
}

std::string hash_of(std::string_view before, std::string_view body) {
  return hex_of(digest_of(join_text(before, body)));
}

/// The hash of a line that follows `before`; empty where it is none or does not fit.
std::string checked_hash(std::string_view line, std::string_view before) {
  constexpr std::size_t kTail = kBeforeHash.size() + kHashLength + kEnd.size();
  if (line.size() < kTail || !line.ends_with(kEnd)) return {};
  const std::size_t at = line.size() - kTail;
  if (line.substr(at, kBeforeHash.size()) != kBeforeHash) return {};
  const std::string_view hash = line.substr(at + kBeforeHash.size(), kHashLength);
  return hash == hash_of(before, line.substr(0, at)) ? std::string(hash) : std::string();
}

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Chain {
  std::uint64_t lines = 0;
  std::string last_hash;
  std::uint64_t whole_bytes = 0;  ///< of the last file
  std::string damage;
};

/// Goes on with the lines of one file.
void follow(const std::string& name, std::string_view text, Chain& chain) {
  chain.whole_bytes = 0;
  std::uint64_t number = 0;
  while (!text.empty() && chain.damage.empty()) {
    ++number;
    const auto end = text.find('\n');
    const std::string hash =
        end == std::string_view::npos ? "" : checked_hash(text.substr(0, end), chain.last_hash);
    if (hash.empty()) {
      chain.damage =
          join_text(name, ", line ", number, ": ",
                    end == std::string_view::npos ? "the line is not whole"
                                                  : "the line, or one before it, was changed");
      return;
    }
    chain.last_hash = hash;
    ++chain.lines;
    chain.whole_bytes += end + 1;
    text.remove_prefix(end + 1);
  }
}

std::string time_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  const std::time_t seconds = micros / 1'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return join_text(std::string_view(text, length), ".",
                   std::to_string(micros % 1'000'000 + 1'000'000).substr(1), "Z");
}

}  // namespace

AuditLog::AuditLog(std::string folder, AuditLevel level)
    : folder_(std::move(folder)), level_(level) {}

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::string& database, AuditLevel level) {
  std::unique_ptr<AuditLog> log(new AuditLog(folder_of(database), level));
  if (level != AuditLevel::kOff) SIMILE_TRY(log->start());
  return log;
}

AuditLog::~AuditLog() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (syncer_.joinable()) syncer_.join();
  if (file_ >= 0) ::close(file_);
}

Status AuditLog::start() {
  constexpr int kFolderMode = 0700;
  const std::string above = fs::path(folder_).parent_path();
  for (const std::string& each : {above, folder_}) {
    if (::mkdir(each.c_str(), kFolderMode) == 0 || errno == EEXIST) continue;
    return fail(ErrorCode::kUnavailable,
                join_text(each, ": cannot be made: ", std::strerror(errno)));
  }
  Chain chain;
  const std::vector<std::string> names = files_of(folder_);
  if (!names.empty()) {
    // The hash before the last file's first line is not looked up again: verify_audit() does that.
    const std::string text = read_whole(folder_ + "/" + names.back());
    file_number_ = std::strtoull(names.back().c_str() + 6, nullptr, 10);
    const auto end = text.rfind('\n');
    const auto begin = end == std::string::npos || end == 0 ? end : text.rfind('\n', end - 1);
    chain.whole_bytes = end == std::string::npos ? 0 : end + 1;
    if (end != std::string::npos) {
      const std::size_t from = begin == std::string::npos ? 0 : begin + 1;
      const Json line = Json::parse(text.substr(from, end - from), nullptr, false);
      if (line.is_object() && line.contains("hash") && line["hash"].is_string()) {
        chain.last_hash = line["hash"].get<std::string>();
        chain.lines = line.value("n", std::uint64_t{0});
      }
    }
    if (chain.whole_bytes < text.size()) {
      chain.damage = "half a line";
      ::truncate((folder_ + "/" + names.back()).c_str(), static_cast<off_t>(chain.whole_bytes));
    }
  } else {
    file_number_ = 1;
  }
  file_bytes_ = chain.whole_bytes;
  line_number_ = chain.lines;
  last_hash_ = chain.last_hash;
  SIMILE_TRY(begin_file());
  syncer_ = std::jthread([this] { keep_synced(); });
  record({.user = "",
          .from = "",
          .call = "(start)",
          .outcome = chain.damage.empty() ? "done" : "half a line was cut off"});
  return {};
}

Status AuditLog::begin_file() {
  constexpr int kMode = 0600;
  const std::string path = folder_ + "/" + name_of_file(file_number_);
  const int opened =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (opened < 0) {
    return fail(ErrorCode::kUnavailable,
                join_text(path, ": cannot be written: ", std::strerror(errno)));
  }
  if (file_ >= 0) {
    ::fdatasync(file_);
    ::close(file_);
  }
  file_ = opened;
  return {};
}

void AuditLog::record(const AuditEvent& event) {
  if (level_ == AuditLevel::kOff) return;
  const std::scoped_lock lock(mutex_);
  append(event);
  dirty_ = true;
}

void AuditLog::append(const AuditEvent& event) {
  const Json json = {{"n", line_number_ + 1},
                     {"time", time_text()},
                     {"user", event.user},
                     {"from", event.from},
                     {"call", event.call},
                     {"database", event.database},
                     {"collection", event.collection},
                     {"outcome", event.outcome},
                     {"code", event.code}};
  std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  line.pop_back();  // the brace; the hash is the last member
  const std::string hash = hash_of(last_hash_, line);
  line += join_text(kBeforeHash, hash, kEnd, "\n");
  if (file_bytes_ != 0 && file_bytes_ + line.size() > kFileBytesMax) {
    ++file_number_;
    file_bytes_ = 0;
    if (!begin_file()) --file_number_;
  }
  const ssize_t written = ::write(file_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) {
    ++line_number_;
    last_hash_ = hash;
    file_bytes_ += line.size();
    return;
  }
  // A full disk: what was written of the line goes, so that the chain holds.
  if (written > 0 && ::ftruncate(file_, static_cast<off_t>(file_bytes_)) != 0) failed_ = true;
  log_event(LogLevel::kError, "audit_failed", {{"reason", std::strerror(errno)}});
}

void AuditLog::keep_synced() {
  constexpr std::chrono::seconds kPeriod{1};
  std::unique_lock lock(mutex_);
  while (!stopping_ || dirty_) {
    wake_.wait_for(lock, kPeriod, [this] { return stopping_; });
    if (!dirty_) continue;
    dirty_ = false;
    const int copy = ::fcntl(file_, F_DUPFD_CLOEXEC, 0);
    lock.unlock();
    ::fdatasync(copy);
    ::close(copy);
    lock.lock();
  }
}

Result<AuditReport> verify_audit(const std::string& database) {
  const std::string folder = folder_of(database);
  const std::vector<std::string> names = files_of(folder);
  if (names.empty()) {
    return fail(ErrorCode::kNotFound, join_text(folder, ": there is no audit log"));
  }
  AuditReport report;
  Chain chain;
  for (const std::string& name : names) {
    ++report.files;
    if (name != name_of_file(report.files)) {
      chain.damage = join_text(name_of_file(report.files), " is missing");
    } else {
      follow(name, read_whole(folder + "/" + name), chain);
    }
    if (!chain.damage.empty()) break;
  }
  report.lines = chain.lines;
  report.last_hash = chain.last_hash;
  report.damage = chain.damage;
  return report;
}

}  // namespace simile::server
