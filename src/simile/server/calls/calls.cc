#include "simile/server/calls/calls.h"

namespace simile::server {

MethodTable make_method_table() {
  MethodTable table;
  add_alias_calls(table);
  add_collection_calls(table);
  add_database_calls(table);
  add_flush_calls(table);
  add_hybrid_calls(table);
  add_index_calls(table);
  add_load_calls(table);
  add_maintenance_calls(table);
  add_partition_calls(table);
  add_privilege_calls(table);
  add_query_calls(table);
  add_role_calls(table);
  add_search_calls(table);
  add_system_calls(table);
  add_user_calls(table);
  add_write_calls(table);
  return table;
}

}  // namespace simile::server
