#pragma once
/// One request of the page, apart from HTTP: what the handlers of /ui/api get and give.

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "simile/server/access/right.h"
#include "simile/server/call_context.h"
#include "simile/server/catalog.h"
#include "simile/server/fault.h"
#include "simile/server/service.h"

namespace simile::server {

using Json = nlohmann::json;
class PageState;

/// A part of a form.
struct PageFile {
  std::string name;  ///< as the client called it: never a path of this machine
  std::string bytes;
};

struct PageCall {
  CallContext& context;
  PageState& state;
  std::map<std::string, std::string, std::less<>> parameters;  ///< of the address
  Json body = Json::object();                                  ///< of a JSON body
  std::string_view bytes = {};                                 ///< of any other body
  std::vector<PageFile> files = {};                            ///< of a form

  Service& service() const { return context.service; }
  /// A parameter of the address, else a member of the body as text; empty where there is neither.
  std::string text(std::string_view name) const;
  /// Refuses an absent or empty one.
  Answer<std::string> needed(std::string_view name) const;
  /// A whole number within bounds; `fallback` where it is absent. The fault names it.
  Answer<std::uint64_t> number(std::string_view name, std::uint64_t fallback,
                               std::uint64_t most) const;
  /// The member of the body where it is true or false, else false.
  bool flag(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  /// The database `db`, `default` where it is absent, and the collection that `collection` names.
  std::string database() const { return text("db"); }
  Answer<CollectionHandle> collection() const;
};

/// An answer that is no JSON.
struct PageBytes {
  std::string bytes;
  std::string type;
};
using PageReply = std::variant<Json, PageBytes>;
using PageHandler = Answer<PageReply> (*)(PageCall&);

struct PageRoute {
  std::string_view method;  ///< GET or POST
  std::string_view path;    ///< whole, "/ui/api/search"
  Right right;              ///< of whoever calls
  PageHandler run;
};

/// Every route of the page's calls, for the server, for its gate and for tests.
std::vector<PageRoute> page_routes();

void add_overview_routes(std::vector<PageRoute>& routes);
void add_search_routes(std::vector<PageRoute>& routes);
void add_map_routes(std::vector<PageRoute>& routes);
void add_picture_routes(std::vector<PageRoute>& routes);
void add_import_routes(std::vector<PageRoute>& routes);
void add_health_routes(std::vector<PageRoute>& routes);

/// The status of HTTP for a fault. What clients of Milvus know as unexpected, but is a refusal of
/// the server itself, is the client's.
int http_status(const Fault& fault);

}  // namespace simile::server
