#pragma once
/// The settings of a server, checked.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "simile/error.h"
#include "simile/server/call_limits.h"
#include "simile/server/network/tls.h"

namespace simile::server {

struct Config {
  std::string host;
  int port = 0;
  int http_port = 0;
  std::size_t threads = 0;  ///< never 0
  std::size_t write_threads = 0;
  std::size_t queue_max = 0;
  std::uint64_t message_bytes_max = 0;
  std::uint64_t growing_bytes_max = 0;
  double grace_seconds = 0;
  std::vector<std::string> picture_folders;
  std::string log_level;
  TlsFiles tls;
  std::string authorization;
  std::string audit;
  std::uint32_t calls_per_second = 0;
  CallLimits call_limits;
  bool insecure = false;
  std::size_t connections_max = 0;
  int streams_max = 0;
  double receive_seconds = 0;
  std::string otlp_endpoint;
  double trace_ratio = 1;

  std::map<std::string, std::string> texts;  ///< every setting as it was given
};

/// Where a setting comes from, the environment in a program; null where it is not set.
using Environment = std::function<const char*(const std::string& name)>;

/// Defaults, then the lines of `file_text`, then the environment, then `options`. An unknown name
/// or a value that is none is an error that says where it stands.
Result<Config> make_config(const std::string& file_text, const Environment& environment,
                           const std::map<std::string, std::string>& options);

/// The settings as the lines of a file, each with its description.
std::string print_config(const Config& config);

}  // namespace simile::server
