#pragma once
/// What libsimile_server.so offers to the program that loads it.

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
};

class ServerModule {
 public:
  virtual ~ServerModule() = default;
  /// Serves until `cancel` is set, then lets running calls finish and closes the database. The
  /// value is the exit code.
  virtual Result<int> serve(const ServeArguments& arguments, const CancelToken& cancel) const = 0;
};

}  // namespace simile::server
