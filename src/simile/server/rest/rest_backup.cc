#include "simile/server/rest/rest_backup.h"

#include <algorithm>

#include "simile/base/text.h"
#include "simile/database.h"

namespace simile::server {

namespace {

Json refusal(FaultCode code, std::string message) {
  return {{"code", static_cast<int>(code)}, {"message", std::move(message)}};
}

/// Letters, digits, '.', '_' and '-', not '.' at first: a name that is no path.
bool is_plain_name(const std::string& name) {
  constexpr std::size_t kMost = 200;
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kMost && name.front() != '.' &&
         std::ranges::all_of(name, plain);
}

}  // namespace

Json run_backup(const BackupPlaces& places, const std::string& body) {
  if (places.folder.empty()) {
    return refusal(FaultCode::kUnimplemented,
                   "this server has no folder for backups; start it with --backup-dir, or run "
                   "simile backup beside it");
  }
  const Json json = Json::parse(body, nullptr, false);
  const bool named = json.is_object() && json.contains("name") && json["name"].is_string();
  const std::string name = named ? json["name"].get<std::string>() : std::string();
  if (!is_plain_name(name)) {
    return refusal(FaultCode::kInvalidParameter,
                   "a backup needs a name: letters, digits, '.', '_' and '-', {\"name\": "
                   "\"monday.tar\"}");
  }
  const auto report = backup_database(places.database, join_text(places.folder, "/", name));
  if (!report) {
    const Fault fault(report.error());
    return refusal(fault.code, fault.message);
  }
  return {{"code", 0},
          {"data", {{"name", name}, {"files", report->files}, {"bytes", report->bytes}}}};
}

}  // namespace simile::server
