#include "simile/server/calls/calls.h"

namespace simile::server {

namespace {

Answer<wire_common::Status> create_alias(CallContext& context,
                                         const wire::CreateAliasRequest& request) {
  SIMILE_TRY(context.service.catalog().create_alias(database_of(context, request), request.alias(),
                                                    request.collection_name()));
  return wire_common::Status();
}

Answer<wire_common::Status> alter_alias(CallContext& context,
                                        const wire::AlterAliasRequest& request) {
  SIMILE_TRY(context.service.catalog().alter_alias(database_of(context, request), request.alias(),
                                                   request.collection_name()));
  return wire_common::Status();
}

Answer<wire_common::Status> drop_alias(CallContext& context,
                                       const wire::DropAliasRequest& request) {
  SIMILE_TRY(context.service.catalog().drop_alias(database_of(context, request), request.alias()));
  return wire_common::Status();
}

Answer<wire::DescribeAliasResponse> describe_alias(CallContext& context,
                                                   const wire::DescribeAliasRequest& request) {
  const std::string_view database = database_of(context, request);
  SIMILE_ASSIGN(const std::string collection,
                context.service.catalog().resolve_alias(database, request.alias()));
  wire::DescribeAliasResponse response;
  response.set_db_name(database.empty() ? std::string(kDefaultDatabase) : std::string(database));
  response.set_alias(request.alias());
  response.set_collection(collection);
  return response;
}

Answer<wire::ListAliasesResponse> list_aliases(CallContext& context,
                                               const wire::ListAliasesRequest& request) {
  wire::ListAliasesResponse response;
  response.set_db_name(std::string(database_of(context, request)));
  response.set_collection_name(request.collection_name());
  if (!request.collection_name().empty()) {
    SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
    for (const std::string& alias : handle.meta->aliases) response.add_aliases(alias);
    return response;
  }
  SIMILE_ASSIGN(const auto handles,
                context.service.catalog().collections(database_of(context, request)));
  for (const CollectionHandle& handle : handles) {
    for (const std::string& alias : handle.meta->aliases) response.add_aliases(alias);
  }
  return response;
}

}  // namespace

void add_alias_calls(MethodTable& table) {
  table.add("CreateAlias", MethodKind::kAdmin, create_alias);
  table.add("AlterAlias", MethodKind::kAdmin, alter_alias);
  table.add("DropAlias", MethodKind::kAdmin, drop_alias);
  table.add("DescribeAlias", MethodKind::kAdmin, describe_alias);
  table.add("ListAliases", MethodKind::kAdmin, list_aliases);
}

}  // namespace simile::server
