#pragma once
/// What libsimile_server.so offers to the program that loads it.

#include <cstdint>
#include <map>
#include <string>

#include "simile/error.h"
#include "simile/progress.h"

namespace simile::server {

struct ServeArguments {
  std::string path;                            ///< of the database; made where there is none
  std::string config_file;                     ///< empty: none
  std::map<std::string, std::string> options;  ///< of the command line, by names of kSettings
  bool print_config = false;                   ///< print the settings and end
  bool page_only = false;                      ///< no gRPC: the page, for one person
  bool open_browser = false;                   ///< show the page in a browser, where there is one
  bool print_routes = false;                   ///< print every call and path, and what it needs
};

/// What `simile user` is to do.
struct UserArguments {
  std::string path;    ///< of the database
  std::string action;  ///< "add", "password", "remove", "list", "grant", "revoke", "token",
                       ///< "revoke-token"
  std::string user;
  std::string role;
  std::string password;   ///< empty: a user who comes with tokens only
  std::string token;      ///< its name, or its id where it is revoked
  std::int64_t days = 0;  ///< how long a token holds; 0: for ever
};

class ServerModule {
 public:
  virtual ~ServerModule() = default;
  /// Serves until `cancel` is set, then lets running calls finish and closes the database. The
  /// value is the exit code.
  virtual Result<int> serve(const ServeArguments& arguments, const CancelToken& cancel) const = 0;
  /// The answer as a JSON object; beside a server that runs, too.
  virtual Result<std::string> manage_users(const UserArguments& arguments) const = 0;
  /// Checks the audit log of a database: {"files", "lines", "last_hash", "damage"}.
  virtual Result<std::string> verify_audit(const std::string& path) const = 0;
};

}  // namespace simile::server
