#include "simile/cli/rows_command.h"

#include <CLI/CLI.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/key_list.h"
#include "simile/cli/row_values.h"
#include "simile/cli/text_format.h"
#include "simile/cli/text_table.h"

namespace simile::cli {

namespace {

/// Which rows a command is about.
struct RowsOptions {
  DatabaseOption database;
  std::string collection;
  std::vector<std::string> keys;
  std::string keys_file;
  std::string where;
  std::vector<std::string> fields;
  std::uint64_t limit = 10;
  std::uint64_t offset = 0;
};

void add_rows_options(CLI::App& command, RowsOptions& options) {
  add_database_option(command, options.database);
  command.add_option("-c,--collection", options.collection, "Needed where there are several")
      ->type_name("NAME");
  command.add_option("--where,--filter", options.where, "Rows that match, as an expression")
      ->type_name("EXPR");
}

void add_key_options(CLI::App& command, RowsOptions& options) {
  command.add_option("keys", options.keys, "Keys of rows; put -- before negative ones")
      ->type_name("KEY");
  command.add_option("--keys-file", options.keys_file, "Keys in a text file, one a line")
      ->type_name("FILE");
}

/// The keys of the command line and of the file. Fails where there are neither keys nor a filter,
/// or both.
Result<std::vector<std::string>> gather_keys(const RowsOptions& options) {
  std::vector<std::string> keys = options.keys;
  if (!options.keys_file.empty()) {
    std::ifstream file(options.keys_file);
    if (!file) {
      return fail(ErrorCode::kNotFound, join_text(options.keys_file, ": cannot be read"));
    }
    for (std::string line; std::getline(file, line);) {
      if (line.ends_with('\r')) line.pop_back();
      keys.push_back(line);
    }
  }
  const bool by_key = !keys.empty() || !options.keys_file.empty();
  if (by_key == !options.where.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "name rows by their keys or by --where, one of the two");
  }
  return keys;
}

void print_rows(const Table& rows, Session& session) {
  if (session.console.json()) {
    for (std::size_t row = 0; row < rows.rows; ++row) session.console.result(json_row(rows, row));
    return;
  }
  TextTable table;
  for (const Column& column : rows.columns) table.column(column.field);
  for (std::size_t row = 0; row < rows.rows; ++row) {
    std::vector<std::string> cells;
    for (const Column& column : rows.columns) cells.push_back(text_value(column, row));
    table.row(std::move(cells));
  }
  session.console.text(table.text(40));
}

Result<int> run_get(const RowsOptions& options, Session& session) {
  SIMILE_ASSIGN(const auto texts, gather_keys(options));
  SIMILE_ASSIGN(const auto database, open_for_reading(options.database));
  SIMILE_ASSIGN(const auto collection, find_collection(*database, options.collection));
  const auto snapshot = collection->snapshot();
  if (!options.where.empty()) {
    SIMILE_ASSIGN(const Table rows,
                  snapshot->query(options.where, options.fields, options.limit, options.offset));
    print_rows(rows, session);
    return 0;
  }
  SIMILE_ASSIGN(const KeyList keys, KeyList::parse(texts, snapshot->schema().primary_key().type));
  SIMILE_ASSIGN(const Table rows, snapshot->get(keys.view(), options.fields));
  print_rows(rows, session);
  if (rows.rows == keys.size()) return 0;
  return fail(ErrorCode::kNotFound, join_text(keys.size() - rows.rows, " of ", keys.size(),
                                              " keys are not in '", collection->name(), "'"));
}

Result<int> run_delete(const RowsOptions& options, Session& session) {
  SIMILE_ASSIGN(const auto texts, gather_keys(options));
  SIMILE_ASSIGN(const auto database, open_for_writing(options.database));
  SIMILE_ASSIGN(const auto collection, find_collection(*database, options.collection));
  SIMILE_ASSIGN(const KeyList keys, KeyList::parse(texts, collection->schema().primary_key().type));
  const auto deleted = options.where.empty() ? collection->erase(keys.view())
                                             : collection->erase_where(options.where);
  if (!deleted) return std::unexpected(deleted.error());
  SIMILE_TRY(database->close());
  session.console.result(Json{{"collection", collection->name()}, {"deleted", deleted->rows}},
                         join_text("deleted ", counted(deleted->rows, "row"), "\n"));
  return 0;
}

Result<int> run_count(const RowsOptions& options, Session& session) {
  SIMILE_ASSIGN(const auto database, open_for_reading(options.database));
  SIMILE_ASSIGN(const auto collection, find_collection(*database, options.collection));
  SIMILE_ASSIGN(const std::uint64_t rows, collection->snapshot()->count(options.where));
  session.console.result(Json{{"collection", collection->name()}, {"rows", rows}},
                         join_text(rows, "\n"));
  return 0;
}

using Run = Result<int> (*)(const RowsOptions&, Session&);

void set_action(CLI::App& command, Invocation& invocation,
                const std::shared_ptr<RowsOptions>& options, Run run) {
  command.callback([options, run, &invocation] {
    invocation.action = [options, run](Session& session) { return run(*options, session); };
  });
}

}  // namespace

void add_rows_commands(CLI::App& program, Invocation& invocation) {
  auto get_options = std::make_shared<RowsOptions>();
  CLI::App* get = add_command(program, invocation, "get", "Show rows by key or by filter",
                              "  simile get 17 42 --db a.simile -c images\n"
                              "  simile get --where \"label == 'cat'\" --limit 20 --db a.simile\n"
                              "  simile get 17 --fields vector --db a.simile --json\n");
  add_rows_options(*get, *get_options);
  add_key_options(*get, *get_options);
  get->add_option("--fields", get_options->fields, "Fields to show [all]")->delimiter(',');
  get->add_option("--limit", get_options->limit, "Rows to show, with --where [10]");
  get->add_option("--offset", get_options->offset, "Rows to pass over first, with --where [0]");
  set_action(*get, invocation, get_options, run_get);

  auto delete_options = std::make_shared<RowsOptions>();
  CLI::App* remove = add_command(program, invocation, "delete", "Delete rows by key or by filter",
                                 "  simile delete 17 42 --db a.simile -c images\n"
                                 "  simile delete --where \"year < 2000\" --db a.simile\n\n"
                                 "Keys that are not there are no error.\n");
  add_rows_options(*remove, *delete_options);
  add_key_options(*remove, *delete_options);
  set_action(*remove, invocation, delete_options, run_delete);

  auto count_options = std::make_shared<RowsOptions>();
  CLI::App* count =
      add_command(program, invocation, "count", "Count rows, all or those that match a filter",
                  "  simile count --db a.simile\n"
                  "  simile count --db a.simile --where \"label == 'cat'\"\n");
  add_rows_options(*count, *count_options);
  set_action(*count, invocation, count_options, run_count);
}

}  // namespace simile::cli
