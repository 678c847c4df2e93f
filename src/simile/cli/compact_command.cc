#include "simile/cli/compact_command.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/text_format.h"

namespace simile::cli {

namespace {

struct CompactOptions {
  DatabaseOption database;
  std::string collection;
};

Result<int> run_compact(const CompactOptions& options, Session& session) {
  SIMILE_ASSIGN(const auto database, open_for_writing(options.database));
  std::vector<std::string> names = database->collections();
  if (!options.collection.empty()) {
    SIMILE_ASSIGN(const auto collection, find_collection(*database, options.collection));
    names = {options.collection};
  }
  for (const std::string& name : names) {
    SIMILE_ASSIGN(const auto collection, database->collection(name));
    const std::uint64_t before = collection->info().disk_bytes;
    const Progress progress = session.console.progress("compacting " + name, "rows");
    SIMILE_TRY(collection->compact(progress, &session.cancel));
    const CollectionInfo info = collection->info();
    session.console.result(
        Json{{"collection", name},
             {"rows", info.rows},
             {"sealed_segments", info.sealed_segments},
             {"disk_bytes_before", before},
             {"disk_bytes", info.disk_bytes}},
        join_text(safe_text(name), ": ", counted(info.rows, "row"), " in ",
                  counted(info.sealed_segments, "segment"), ", ", readable_bytes(before),
                  " before, ", readable_bytes(info.disk_bytes), " now\n"));
  }
  SIMILE_TRY(database->close());
  return 0;
}

}  // namespace

void add_compact_command(CLI::App& program, Invocation& invocation) {
  auto options = std::make_shared<CompactOptions>();
  CLI::App* command = add_command(program, invocation, "compact",
                                  "Merge segments, drop deleted rows, build missing indexes",
                                  "  simile compact --db photos.simile\n"
                                  "  simile compact --db photos.simile -c pictures\n");
  add_database_option(*command, options->database);
  command->add_option("-c,--collection", options->collection, "Only this one [all]");
  command->callback([options, &invocation] {
    invocation.action = [options](Session& session) { return run_compact(*options, session); };
  });
}

}  // namespace simile::cli
