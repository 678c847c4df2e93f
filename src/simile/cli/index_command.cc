#include "simile/cli/index_command.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/text_format.h"
#include "simile/cli/text_table.h"

namespace simile::cli {

namespace {

struct IndexOptions {
  DatabaseOption database;
  std::string collection;
  std::string field;
  std::string kind = "inverted";
  std::string where;
};

Result<int> run_list(const IndexOptions& options, Session& session) {
  SIMILE_ASSIGN(const auto database, open_for_reading(options.database));
  SIMILE_ASSIGN(const auto collection, find_collection(*database, options.collection));
  TextTable table;
  table.column("field");
  table.column("index");
  for (const char* name : {"rows", "indexed", "disk"}) {
    table.column(name, TextTable::Align::kRight);
  }
  for (const ScalarIndexInfo& info : collection->scalar_indexes()) {
    table.row({info.field, std::string(name_of(info.kind)), with_commas(info.rows),
               with_commas(info.indexed_rows), readable_bytes(info.disk_bytes)});
    session.console.result(Json{{"field", info.field},
                                {"index", name_of(info.kind)},
                                {"rows", info.rows},
                                {"indexed_rows", info.indexed_rows},
                                {"disk_bytes", info.disk_bytes}});
  }
  session.console.text(table.text());
  return 0;
}

Result<int> change(const IndexOptions& options, ScalarIndex index, Session& session) {
  SIMILE_ASSIGN(const auto database, open_for_writing(options.database));
  SIMILE_ASSIGN(const auto collection, find_collection(*database, options.collection));
  SIMILE_TRY(collection->change_scalar_index(options.field, index));
  SIMILE_TRY(collection->flush());
  SIMILE_TRY(database->close());
  const std::string_view name = name_of(index);
  const bool dropped = index == ScalarIndex::kNone;
  session.console.result(
      Json{{"field", options.field}, {"index", name}},
      dropped ? join_text("filters read '", options.field, "' row by row\n")
              : join_text("filters use an ", name, " index of '", options.field, "'\n"));
  return 0;
}

Result<int> run_create(const IndexOptions& options, Session& session) {
  SIMILE_ASSIGN(const ScalarIndex index, parse_scalar_index(options.kind));
  return change(options, index, session);
}

Result<int> run_drop(const IndexOptions& options, Session& session) {
  return change(options, ScalarIndex::kNone, session);
}

Result<int> run_explain(const IndexOptions& options, Session& session) {
  SIMILE_ASSIGN(const auto database, open_for_reading(options.database));
  SIMILE_ASSIGN(const auto collection, find_collection(*database, options.collection));
  SIMILE_ASSIGN(const FilterPlan plan, collection->snapshot()->explain({options.where, {}, {}}));
  Json indexes = Json::array();
  std::string text =
      join_text(with_commas(plan.selected), " of ", counted(plan.rows, "row"),
                " match; the values of ", with_commas(plan.looked_at), " were read\n");
  for (const FilterPlan::Index& index : plan.indexes) {
    indexes.push_back({{"field", index.field},
                       {"index", name_of(index.kind)},
                       {"segments", index.segments},
                       {"entries", index.entries}});
    text += join_text("the ", name_of(index.kind), " index of '", safe_text(index.field),
                      "' named ", counted(index.entries, "row"), " in ", index.segments, " of ",
                      counted(plan.segments, "segment"), "\n");
  }
  if (plan.indexes.empty()) text += "no index served: a look at every row costs less\n";
  session.console.result(Json{{"rows", plan.rows},
                              {"selected", plan.selected},
                              {"looked_at", plan.looked_at},
                              {"segments", plan.segments},
                              {"indexes", std::move(indexes)}},
                         text);
  return 0;
}

using Run = Result<int> (*)(const IndexOptions&, Session&);

CLI::App* add_part(CLI::App& index, Invocation& invocation, const char* name,
                   const char* description, Run run) {
  auto options = std::make_shared<IndexOptions>();
  CLI::App* command = add_command(index, invocation, name, description, "");
  add_database_option(*command, options->database);
  command->add_option("-c,--collection", options->collection, "Needed where there are several")
      ->type_name("NAME");
  if (run == run_explain) {
    command->add_option("where", options->where, "Filter expression")->required();
  } else if (run != run_list) {
    command->add_option("field", options->field, "A scalar field")->required();
  }
  if (run == run_create) {
    command
        ->add_option("--kind", options->kind,
                     "inverted: comparisons, ranges, lists, prefixes, elements of arrays (also "
                     "called sorted, bitmap, trie); ngram: parts of texts")
        ->capture_default_str();
  }
  command->callback([options, run, &invocation] {
    invocation.action = [options, run](Session& session) { return run(*options, session); };
  });
  return command;
}

}  // namespace

void add_index_command(CLI::App& program, Invocation& invocation) {
  CLI::App* index = program.add_subcommand("index", "Indexes that filters use: list, create, drop");
  index->require_subcommand(1);
  index->footer(
      "Examples:\n"
      "  simile index create taken --db photos.simile\n"
      "  simile index create title --kind ngram --db photos.simile\n"
      "  simile index explain \"title like '%cat%'\" --db photos.simile\n");
  add_part(*index, invocation, "list", "List the indexes of a collection", run_list);
  add_part(*index, invocation, "create", "Make an index of a scalar field", run_create);
  add_part(*index, invocation, "drop", "Drop the index of a scalar field", run_drop);
  add_part(*index, invocation, "explain", "Show how a filter is answered", run_explain);
}

}  // namespace simile::cli
