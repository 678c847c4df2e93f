#pragma once
/// Whether a caller may make a call, by what its message names. The second half of the gate: the
/// first has looked, before the message was read, whether they may make it on anything.

#include <string>
#include <string_view>
#include <vector>

#include "simile/server/access/right.h"
#include "simile/server/call_context.h"
#include "simile/server/fault.h"

namespace simile::server {

/// What a message is about, as it names it.
struct TargetNames {
  std::string_view database;
  std::vector<std::string_view> collections;  ///< empty: none, or all of them
};

/// Aliases are looked up first, so that a right on a name gives none on what an alias of that name
/// stands for.
Answer<void> authorize(const CallContext& context, std::string_view call, const Right& right,
                       const TargetNames& names);
/// Tells the audit log how the call ended.
void record_call(const CallContext& context, std::string_view call, const TargetNames& names,
                 int code);

template <class Request>
TargetNames targets_of(const CallContext& context, const Request& request) {
  TargetNames names{.database = context.database, .collections = {}};
  if constexpr (requires { std::string_view(request.db_name()); }) {
    if (!request.db_name().empty()) names.database = request.db_name();
  } else if constexpr (requires { std::string_view(request.dbname()); }) {
    if (!request.dbname().empty()) names.database = request.dbname();
  }
  const auto add = [&](std::string_view name) {
    if (!name.empty()) names.collections.push_back(name);
  };
  if constexpr (requires { std::string_view(request.collection_name()); }) {
    add(request.collection_name());
  } else if constexpr (requires { request.collection_name().begin(); }) {
    for (const auto& name : request.collection_name()) add(name);
  } else if constexpr (requires { request.collectionname(); }) {
    add(request.collectionname());
  } else if constexpr (requires { request.collection_names().begin(); }) {
    for (const auto& name : request.collection_names()) add(name);
  } else if constexpr (requires { request.oldname(); }) {
    add(request.oldname());
    add(request.newname());
  }
  return names;
}

}  // namespace simile::server
