#pragma once
/// Every path of the HTTP port, in one table: what is not in it is refused before its body is read.

#include <httplib.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "simile/server/access/right.h"

namespace simile::server {

using HttpHandler = std::function<void(const httplib::Request&, httplib::Response&)>;

struct HttpRoute {
  Right right;  ///< looked at before the body is read
  HttpHandler handler;
};

class HttpRoutes {
 public:
  /// `method` is GET (HEAD goes with it) or POST; `path` is exact.
  void add(std::string_view method, std::string_view path, Right right, HttpHandler handler) {
    routes_[{std::string(method), std::string(path)}] = {.right = right,
                                                         .handler = std::move(handler)};
  }

  /// Null where there is none. One / at the end of the path is not looked at.
  const HttpRoute* find(std::string_view method, std::string_view path) const {
    if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    if (method == "HEAD") method = "GET";
    const auto found = routes_.find({std::string(method), std::string(path)});
    return found == routes_.end() ? nullptr : &found->second;
  }

  const std::map<std::pair<std::string, std::string>, HttpRoute>& all() const { return routes_; }

 private:
  std::map<std::pair<std::string, std::string>, HttpRoute> routes_;
};

}  // namespace simile::server
