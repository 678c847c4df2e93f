#include "simile/server/access/caller.h"
#include "simile/server/calls/calls.h"
#include "simile/server/schema_message.h"
#include "simile/server/time_zone.h"

namespace simile::server {

namespace {

Answer<void> check_properties(const Parameters& properties) {
  const auto zone = properties.find(kTimeZoneProperty);
  if (zone != properties.end()) SIMILE_TRY(TimeZone::find(zone->second));
  return {};
}

Answer<wire_common::Status> create_database(CallContext& context,
                                            const wire::CreateDatabaseRequest& request) {
  const Parameters properties = parameters_of(request.properties());
  SIMILE_TRY(check_properties(properties));
  SIMILE_TRY(context.service.catalog().create_database(request.db_name(), properties));
  return wire_common::Status();
}

Answer<wire_common::Status> drop_database(CallContext& context,
                                          const wire::DropDatabaseRequest& request) {
  SIMILE_TRY(context.service.catalog().drop_database(request.db_name()));
  return wire_common::Status();
}

Answer<wire::ListDatabasesResponse> list_databases(CallContext& context,
                                                   const wire::ListDatabasesRequest& /*request*/) {
  wire::ListDatabasesResponse response;
  for (const DatabaseSummary& database : context.service.catalog().databases()) {
    if (!context.caller->sees_database(database.name)) continue;
    response.add_db_names(database.name);
    response.add_created_timestamp(database.created);
    response.add_db_ids(database.id);
  }
  return response;
}

Answer<wire::DescribeDatabaseResponse> describe_database(
    CallContext& context, const wire::DescribeDatabaseRequest& request) {
  SIMILE_ASSIGN(const DatabaseSummary database,
                context.service.catalog().describe_database(request.db_name()));
  wire::DescribeDatabaseResponse response;
  response.set_db_name(database.name);
  response.set_dbid(database.id);
  response.set_created_timestamp(database.created);
  add_parameters(database.properties, *response.mutable_properties());
  return response;
}

Answer<wire_common::Status> alter_database(CallContext& context,
                                           const wire::AlterDatabaseRequest& request) {
  if (request.properties().empty() && request.delete_keys().empty()) {
    return refuse(FaultCode::kUnexpected,
                  "alter database with empty properties and delete keys, expected to set either "
                  "properties or delete keys");
  }
  const std::vector<std::string> removed(request.delete_keys().begin(),
                                         request.delete_keys().end());
  const Parameters properties = parameters_of(request.properties());
  SIMILE_TRY(check_properties(properties));
  SIMILE_TRY(context.service.catalog().change_database(request.db_name(), properties, removed));
  return wire_common::Status();
}

}  // namespace

void add_database_calls(MethodTable& table) {
  table.add("CreateDatabase", MethodKind::kAdmin, create_database);
  table.add("DropDatabase", MethodKind::kAdmin, drop_database);
  table.add("ListDatabases", MethodKind::kAdmin, list_databases);
  table.add("DescribeDatabase", MethodKind::kAdmin, describe_database);
  table.add("AlterDatabase", MethodKind::kAdmin, alter_database);
}

}  // namespace simile::server
