#pragma once
/// What a call knows beside its message.

#include <cstdint>
#include <memory>
#include <string>

#include "simile/progress.h"

namespace simile::server {

class CallCancel;
class Caller;
class Service;

/// What a trace tells of a call, from its message and its answer.
struct CallNotes {
  std::string collection;
  std::int64_t rows = -1;  ///< written, found or read; -1: it is not about rows
};

struct CallContext {
  Service& service;
  std::string database;  ///< of the metadata `dbname`; a message may name another
  std::shared_ptr<const Caller> caller = {};  ///< null: nobody, who may do nothing
  std::string from = {};                      ///< address of the peer, for the audit log
  /// Set when the client is gone, or its deadline or the server's limit has passed.
  const CancelToken* cancel = nullptr;
  const CallCancel* call_cancel = nullptr;  ///< tells which of them, where it is known
  /// By the rules of the embedded library, which `simile.connect` asks for in the metadata
  /// `simile-rules: embedded`: an insert refuses keys that are there, nothing has to be loaded,
  /// what is dropped must be there, fields are described by Simile's own texts.
  bool embedded = false;
  CallNotes notes = {};
  int code = 0;  ///< of the answer, for the metrics; 0: success
};

}  // namespace simile::server
