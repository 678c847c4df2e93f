#include "simile/server/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <sstream>
#include <thread>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/server/config_table.h"

namespace simile::server {

namespace {

using Texts = std::map<std::string, std::string>;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string known_names() {
  std::string known;
  for (const Setting& setting : kSettings) {
    known += join_text(known.empty() ? "" : ", ", setting.name);
  }
  return known;
}

Status set(Texts& texts, std::string_view name, std::string_view value, std::string_view where) {
  const auto found = texts.find(std::string(name));
  if (found == texts.end()) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(where, ": unknown setting '", name, "'; known: ", known_names()));
  }
  found->second = value;
  return {};
}

Status read_file(const std::string& text, Texts& texts) {
  std::size_t number = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    ++number;
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::string where = join_text("line ", number, " of the configuration");
    const auto sign = line.find('=');
    if (sign == std::string_view::npos) {
      return fail(ErrorCode::kInvalidArgument, join_text(where, ": write name = value"));
    }
    SIMILE_TRY(set(texts, trimmed(line.substr(0, sign)), trimmed(line.substr(sign + 1)), where));
  }
  return {};
}

std::string environment_name(std::string_view setting) {
  std::string name = "SIMILE_";
  for (const char c : setting) {
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

Status read_switch(const Texts& texts, const std::string& name, bool& value) {
  const std::string& text = texts.at(name);
  value = text == "true";
  if (value || text == "false") return {};
  return fail(ErrorCode::kInvalidArgument,
              join_text("setting ", name, " is '", text, "'; it must be true or false"));
}

/// One of the words of `known`.
Status read_word(const Texts& texts, const std::string& name, std::string_view known,
                 std::string& value) {
  value = texts.at(name);
  std::string_view rest = known;
  while (!rest.empty()) {
    const auto end = rest.find(", ");
    if (value == rest.substr(0, end)) return {};
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
  }
  return fail(ErrorCode::kInvalidArgument,
              join_text("setting ", name, " is '", value, "'; known: ", known));
}

Status read_tls(const Texts& texts, TlsFiles& tls) {
  tls = {.certificate = texts.at("tls_certificate"),
         .key = texts.at("tls_key"),
         .client_authority = texts.at("tls_client_authority")};
  if (tls.certificate.empty() == tls.key.empty() &&
      (tls.enabled() || tls.client_authority.empty())) {
    return {};
  }
  return fail(ErrorCode::kInvalidArgument,
              "TLS needs both tls_certificate and tls_key; tls_client_authority goes with them");
}

template <class Number>
Status read_number(const Texts& texts, const std::string& name, std::uint64_t least,
                   std::uint64_t most, Number& value) {
  const std::string& text = texts.at(name);
  std::uint64_t parsed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc{} || end != text.data() + text.size() || parsed < least || parsed > most) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("setting ", name, " is '", text, "'; it must be a whole number from ",
                          least, " to ", most));
  }
  value = static_cast<Number>(parsed);
  return {};
}

Status read_share(const Texts& texts, const std::string& name, double& value) {
  const std::string& text = texts.at(name);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= 0 && value <= 1) {
    return {};
  }
  return fail(ErrorCode::kInvalidArgument,
              join_text("setting ", name, " is '", text, "'; it must be a number from 0 to 1"));
}

Result<Config> checked(Texts texts) {
  constexpr std::uint64_t kPortMax = 65'535;
  constexpr std::uint64_t kThreadsMax = 1'024;
  constexpr std::uint64_t kQueueMax = 1'000'000;
  constexpr std::uint64_t kMessageMax = std::numeric_limits<std::int32_t>::max();
  constexpr std::uint64_t kGraceMax = 3'600;
  Config config;
  config.host = texts.at("host");
  SIMILE_TRY(read_number(texts, "port", 0, kPortMax, config.port));
  SIMILE_TRY(read_number(texts, "http_port", 0, kPortMax, config.http_port));
  SIMILE_TRY(read_number(texts, "threads", 0, kThreadsMax, config.threads));
  SIMILE_TRY(read_number(texts, "write_threads", 1, kThreadsMax, config.write_threads));
  SIMILE_TRY(read_number(texts, "queue_max", 1, kQueueMax, config.queue_max));
  SIMILE_TRY(read_number(texts, "message_bytes_max", 1'024, kMessageMax, config.message_bytes_max));
  SIMILE_TRY(read_number(texts, "growing_bytes_max", 1 << 20, std::uint64_t{1} << 40,
                         config.growing_bytes_max));
  SIMILE_TRY(read_number(texts, "grace_seconds", 0, kGraceMax, config.grace_seconds));
  constexpr std::uint64_t kConnectionsMax = 16'384;
  SIMILE_TRY(read_number(texts, "connections_max", 1, kConnectionsMax, config.connections_max));
  SIMILE_TRY(read_number(texts, "streams_max", 1, kConnectionsMax, config.streams_max));
  SIMILE_TRY(read_number(texts, "receive_seconds", 1, kGraceMax, config.receive_seconds));
  SIMILE_TRY(read_switch(texts, "insecure", config.insecure));
  SIMILE_TRY(read_tls(texts, config.tls));
  std::istringstream endpoints(texts.at("rerank_endpoints"));
  for (std::string endpoint; std::getline(endpoints, endpoint, ',');) {
    // As a request's: without spaces around it, and without the slash at the end.
    endpoint.erase(0, std::min(endpoint.find_first_not_of(' '), endpoint.size()));
    endpoint.erase(endpoint.find_last_not_of(" /") + 1);
    if (!endpoint.empty()) config.call_limits.rerank_endpoints.push_back(endpoint);
  }
  std::istringstream folders(texts.at("picture_folders"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.empty()) config.picture_folders.push_back(folder);
  }
  config.otlp_endpoint = texts.at("otlp_endpoint");
  SIMILE_TRY(read_share(texts, "trace_ratio", config.trace_ratio));
  constexpr std::uint64_t kRateMax = 1'000'000'000;
  SIMILE_TRY(read_number(texts, "calls_per_second", 0, kRateMax, config.calls_per_second));
  constexpr std::uint64_t kCallSecondsMax = 1'000'000;
  SIMILE_TRY(read_number(texts, "call_seconds", 0, kCallSecondsMax, config.call_limits.seconds));
  SIMILE_TRY(read_number(texts, "call_bytes_max", 1 << 20, std::uint64_t{1} << 40,
                         config.call_limits.bytes_max));
  SIMILE_TRY(read_word(texts, "authorization", "auto, on, off", config.authorization));
  SIMILE_TRY(read_word(texts, "audit", "auto, off, changes, all", config.audit));
  SIMILE_TRY(read_word(texts, "log_level", "debug, info, warning, error", config.log_level));
  if (config.threads == 0) config.threads = std::max(1U, std::thread::hardware_concurrency());
  config.texts = std::move(texts);
  return config;
}

}  // namespace

Result<Config> make_config(const std::string& file_text, const Environment& environment,
                           const std::map<std::string, std::string>& options) {
  Texts texts;
  for (const Setting& setting : kSettings) {
    texts.emplace(std::string(setting.name), std::string(setting.value));
  }
  SIMILE_TRY(read_file(file_text, texts));
  for (const Setting& setting : kSettings) {
    const std::string name = environment_name(setting.name);
    if (const char* value = environment(name); value != nullptr && *value != '\0') {
      SIMILE_TRY(set(texts, setting.name, value, name));
    }
  }
  for (const auto& [name, value] : options) SIMILE_TRY(set(texts, name, value, "command line"));
  return checked(std::move(texts));
}

std::string print_config(const Config& config) {
  std::string out;
  for (const Setting& setting : kSettings) {
    out += join_text("# ", setting.help, "\n", setting.name, " = ",
                     config.texts.at(std::string(setting.name)), "\n");
  }
  return out;
}

}  // namespace simile::server
