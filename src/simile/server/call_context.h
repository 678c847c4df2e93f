#pragma once
/// What a call knows beside its message.

#include <string>

#include "simile/progress.h"

namespace simile::server {

class Service;

struct CallContext {
  Service& service;
  std::string database;                 ///< of the metadata `dbname`; a message may name another
  std::string user;                     ///< empty: nobody has logged in
  const CancelToken* cancel = nullptr;  ///< set when the client is gone or its deadline has passed
  int code = 0;                         ///< of the answer, for the metrics; 0: success
};

}  // namespace simile::server
