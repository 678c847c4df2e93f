#include "simile/cli/info_command.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/text_format.h"
#include "simile/cli/text_table.h"

namespace simile::cli {

namespace {

Json json_of(const CollectionInfo& info, const Schema& schema) {
  Json fields = Json::object();
  for (const Field& field : schema.fields()) fields[field.name] = describe(field);
  return Json{{"name", info.name},
              {"rows", info.rows},
              {"deleted_rows", info.deleted_rows},
              {"sealed_segments", info.sealed_segments},
              {"growing_rows", info.growing_rows},
              {"indexed_rows", info.indexed_rows},
              {"disk_bytes", info.disk_bytes},
              {"memory_bytes", info.memory_bytes},
              {"fields", std::move(fields)}};
}

std::string text_of(const CollectionInfo& info, const Schema& schema) {
  std::string text =
      join_text("\n", safe_text(info.name), ": ", counted(info.rows, "row"), ", ",
                with_commas(info.indexed_rows), " indexed, ", with_commas(info.deleted_rows),
                " deleted and not yet compacted, ", counted(info.sealed_segments, "segment"), ", ",
                readable_bytes(info.disk_bytes), " on disk\n");
  TextTable table;
  table.column("  field");
  table.column("type");
  for (const Field& field : schema.fields()) {
    table.row({"  " + field.name, describe(field)});
  }
  return text + table.text();
}

Result<int> run_info(const DatabaseOption& option, Session& session) {
  SIMILE_ASSIGN(const auto database, open_for_reading(option));
  const DatabaseInfo info = database->info();
  Json collections = Json::array();
  std::string text =
      join_text(safe_text(info.path), ": ", counted(info.collections.size(), "collection"), ", ",
                readable_bytes(info.disk_bytes), " on disk, ", readable_bytes(info.wal_bytes),
                " of them log; opened in ", readable_seconds(info.open_seconds), "\n");
  for (const CollectionInfo& each : info.collections) {
    SIMILE_ASSIGN(const auto collection, database->collection(each.name));
    collections.push_back(json_of(each, collection->schema()));
    text += text_of(each, collection->schema());
  }
  session.console.result(Json{{"path", info.path},
                              {"sequence", info.sequence},
                              {"wal_bytes", info.wal_bytes},
                              {"disk_bytes", info.disk_bytes},
                              {"open_seconds", info.open_seconds},
                              {"collections", std::move(collections)}},
                         text);
  return 0;
}

}  // namespace

void add_info_command(CLI::App& program, Invocation& invocation) {
  auto database = std::make_shared<DatabaseOption>();
  CLI::App* command = add_command(program, invocation, "info",
                                  "Show what a database holds: collections, fields, sizes",
                                  "  simile info --db photos.simile\n");
  add_database_option(*command, *database);
  command->callback([database, &invocation] {
    invocation.action = [database](Session& session) { return run_info(*database, session); };
  });
}

}  // namespace simile::cli
