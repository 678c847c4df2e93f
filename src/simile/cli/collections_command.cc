#include "simile/cli/collections_command.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/text_format.h"
#include "simile/cli/text_table.h"

namespace simile::cli {

namespace {

struct CollectionsOptions {
  DatabaseOption database;
  std::string name;
  std::vector<std::string> fields;
};

Result<int> run_list(const CollectionsOptions& options, Session& session) {
  SIMILE_ASSIGN(const auto database, open_for_reading(options.database));
  TextTable table;
  table.column("collection");
  table.column("rows", TextTable::Align::kRight);
  table.column("disk", TextTable::Align::kRight);
  for (const CollectionInfo& info : database->info().collections) {
    table.row({info.name, with_commas(info.rows), readable_bytes(info.disk_bytes)});
    session.console.result(
        Json{{"name", info.name}, {"rows", info.rows}, {"disk_bytes", info.disk_bytes}});
  }
  session.console.text(table.text());
  return 0;
}

Result<int> run_create(const CollectionsOptions& options, Session& session) {
  std::vector<Field> fields;
  for (const std::string& text : options.fields) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("field '", text,
                            "': write NAME=TYPE, for example 'id=int64 primary "
                            "key' or 'vector=float32[128] cosine'"));
    }
    SIMILE_ASSIGN(Field field, parse_field(text.substr(0, equals), text.substr(equals + 1)));
    fields.push_back(std::move(field));
  }
  SIMILE_ASSIGN(const Schema schema, Schema::make(std::move(fields)));
  SIMILE_ASSIGN(const auto database, open_or_make(options.database));
  SIMILE_ASSIGN(const auto collection, database->create_collection(options.name, schema));
  SIMILE_TRY(database->close());
  session.console.result(Json{{"created", options.name}},
                         join_text("created '", options.name, "'\n"));
  return 0;
}

Result<int> run_drop(const CollectionsOptions& options, Session& session) {
  SIMILE_ASSIGN(const auto database, open_for_writing(options.database));
  SIMILE_ASSIGN(const auto collection, find_collection(*database, options.name));
  SIMILE_TRY(database->drop_collection(options.name));
  SIMILE_TRY(database->close());
  session.console.result(Json{{"dropped", options.name}},
                         join_text("dropped '", options.name, "'\n"));
  return 0;
}

using Run = Result<int> (*)(const CollectionsOptions&, Session&);

CLI::App* add_part(CLI::App& collections, Invocation& invocation, const char* name,
                   const char* description, Run run) {
  auto options = std::make_shared<CollectionsOptions>();
  CLI::App* command = add_command(collections, invocation, name, description, "");
  add_database_option(*command, options->database);
  if (run != run_list) command->add_option("name", options->name, "The collection")->required();
  if (run == run_create) {
    command->add_option("fields", options->fields, "Fields, NAME=TYPE")
        ->required()
        ->type_name("NAME=TYPE");
    command->footer(
        "Types:\n"
        "  int64 primary key | int64 primary key auto | string primary key\n"
        "  float32[128] cosine | float16[768] ip flat | bit[256] hamming | int8[128] l2 | sparse "
        "ip\n"
        "  bool int8 int16 int32 int64 float double string json array<int64>, with or without "
        "nullable\n\n"
        "Examples:\n"
        "  simile collections create images 'id=int64 primary key' 'feature=float32[128] cosine'\n"
        "    'label=string nullable' --db photos.simile\n");
  }
  command->callback([options, run, &invocation] {
    invocation.action = [options, run](Session& session) { return run(*options, session); };
  });
  return command;
}

}  // namespace

void add_collections_command(CLI::App& program, Invocation& invocation) {
  CLI::App* collections =
      program.add_subcommand("collections", "List, create and drop collections");
  collections->require_subcommand(1);
  collections->footer(
      "Examples:\n"
      "  simile collections list --db photos.simile\n"
      "  simile collections drop old --db photos.simile\n");
  add_part(*collections, invocation, "list", "List the collections of a database", run_list);
  add_part(*collections, invocation, "create", "Make an empty collection, and the database",
           run_create);
  add_part(*collections, invocation, "drop", "Delete a collection with all its rows", run_drop);
}

}  // namespace simile::cli
