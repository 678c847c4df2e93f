#include "simile/server/ui/page_call.h"

#include <charconv>

#include "simile/base/text.h"

namespace simile::server {

std::string PageCall::text(std::string_view name) const {
  if (const auto found = parameters.find(name); found != parameters.end()) return found->second;
  const auto member = body.find(name);
  if (member == body.end() || member->is_null()) return {};
  return member->is_string() ? member->get<std::string>() : member->dump();
}

Answer<std::string> PageCall::needed(std::string_view name) const {
  std::string value = text(name);
  if (!value.empty()) return value;
  return refuse(FaultCode::kMissingParameter, join_text("'", name, "' is needed"));
}

Answer<std::uint64_t> PageCall::number(std::string_view name, std::uint64_t fallback,
                                       std::uint64_t most) const {
  const std::string value = text(name);
  if (value.empty()) return fallback;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size() && number <= most) return number;
  return refuse_parameter(
      join_text("'", name, "' is ", value, ", and must be a whole number up to ", most));
}

bool PageCall::flag(std::string_view name) const {
  const auto member = body.find(name);
  return member != body.end() && member->is_boolean() && member->get<bool>();
}

std::vector<std::string> PageCall::texts(std::string_view name) const {
  std::vector<std::string> list;
  const auto member = body.find(name);
  if (member == body.end() || !member->is_array()) return list;
  for (const Json& each : *member) {
    if (each.is_string()) list.push_back(each.get<std::string>());
  }
  return list;
}

Answer<CollectionHandle> PageCall::collection() const {
  SIMILE_ASSIGN(const std::string name, needed("collection"));
  return service().catalog().find(database(), name);
}

std::vector<PageRoute> page_routes() {
  std::vector<PageRoute> routes;
  add_overview_routes(routes);
  add_search_routes(routes);
  add_map_routes(routes);
  add_picture_routes(routes);
  add_import_routes(routes);
  add_health_routes(routes);
  return routes;
}

int http_status(const Fault& fault) {
  switch (fault.code) {
    case FaultCode::kCollectionNotFound:
    case FaultCode::kPartitionNotFound:
    case FaultCode::kDatabaseNotFound:
    case FaultCode::kFieldNotFound: return 404;
    case FaultCode::kInvalidParameter:
    case FaultCode::kMissingParameter:
    case FaultCode::kDatabaseInvalidName: return 400;
    case FaultCode::kTooManyRequests: return 429;
    case FaultCode::kNotAuthenticated: return 401;
    case FaultCode::kNotPermitted: return 403;
    case FaultCode::kUnimplemented: return 501;
    case FaultCode::kNotReady: return 409;
    case FaultCode::kUnexpected: return fault.origin == ErrorCode::kUnknown ? 400 : 500;
    default: return 500;
  }
}

}  // namespace simile::server
