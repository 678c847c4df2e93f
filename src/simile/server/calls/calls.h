#pragma once
/// The calls of the protocol, message in and message out, without a network. Each takes its
/// database from the message, or from the call's metadata where the message names none.

#include <milvus/milvus.pb.h>
#include "simile/server/call_context.h"
#include "simile/server/catalog.h"
#include "simile/server/fault.h"
#include "simile/server/method_table.h"
#include "simile/server/service.h"

namespace simile::server {

void add_alias_calls(MethodTable& table);
void add_collection_calls(MethodTable& table);
void add_database_calls(MethodTable& table);
void add_flush_calls(MethodTable& table);
void add_hybrid_calls(MethodTable& table);
void add_index_calls(MethodTable& table);
void add_load_calls(MethodTable& table);
void add_maintenance_calls(MethodTable& table);
void add_partition_calls(MethodTable& table);
void add_privilege_calls(MethodTable& table);
void add_query_calls(MethodTable& table);
void add_role_calls(MethodTable& table);
void add_search_calls(MethodTable& table);
void add_system_calls(MethodTable& table);
void add_user_calls(MethodTable& table);
void add_write_calls(MethodTable& table);

/// All of them.
MethodTable make_method_table();

/// Every vector field needs an index before its collection is loaded.
Answer<void> need_indexes(const CollectionHandle& handle);

/// The snapshot that a call with this `guarantee_timestamp` reads, or null where it is not bound to
/// one. By the rules of the embedded library one that is gone is a fault, otherwise it counts as
/// none.
Answer<std::shared_ptr<const Snapshot>> pinned_snapshot(CallContext& context,
                                                        const CollectionHandle& handle,
                                                        std::uint64_t timestamp);

/// Searches that wait at the same time, as one search of the engine where they may be.
void search_many(const Method& method, std::span<Exchange> calls);
/// True where the last search like this one took a moment.
bool is_quick_search(const Exchange& call);

/// The database that a message is about.
template <class Request>
std::string_view database_of(const CallContext& context, const Request& request) {
  if (!request.db_name().empty()) return request.db_name();
  return context.database;
}

/// The collection that a message is about.
template <class Request>
Answer<CollectionHandle> collection_of(CallContext& context, const Request& request) {
  return context.service.catalog().find(database_of(context, request), request.collection_name());
}

}  // namespace simile::server
