/// Any bytes as the body of any path of REST: the path below /v2/vectordb/, a zero byte, the body.
/// Those of odd length run as a user whose rows are limited, the others as an administrator.

#include "simile/server/rest/rest_call.h"

#include <string_view>

#include "simile/server/fuzz_server.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace simile::server;
  static FuzzServer server;
  static const RestTable table = make_rest_table();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\0');
  if (end == std::string_view::npos || !table.contains(text.substr(0, end))) return 0;
  CallContext context = server.context(size % 2 == 1);
  const Json answer = run_rest(table, text.substr(0, end), std::string(text.substr(end + 1)),
                               context, server.methods());
  SIMILE_CHECK(answer.is_object() && answer.contains("code"));
  return 0;
}
