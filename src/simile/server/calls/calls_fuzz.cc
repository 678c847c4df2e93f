/// Any bytes as the message of any call: a name, a zero byte, the message. Those of odd length run
/// as a user whose rows are limited, the others as an administrator.

#include <string_view>

#include "simile/server/fuzz_server.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace simile::server;
  static FuzzServer server;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\0');
  if (end == std::string_view::npos) return 0;
  const Method* method = server.methods().find(text.substr(0, end));
  if (method == nullptr) return 0;
  const grpc::Status status = server.run(*method, text.substr(end + 1), size % 2 == 1);
  SIMILE_CHECK(status.error_code() != grpc::StatusCode::INTERNAL);
  return 0;
}
