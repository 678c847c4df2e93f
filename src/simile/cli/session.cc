#include "simile/cli/session.h"

#include <CLI/CLI.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::cli {

CLI::App* add_command(CLI::App& parent, Invocation& invocation, const std::string& name,
                      const std::string& description, const std::string& examples) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->add_flag("--json", invocation.json, "Print JSON, one object a line, and nothing else");
  command->add_flag("-q,--quiet", invocation.quiet, "Show no progress and no notes");
  command->footer(examples.empty() ? "" : "Examples:\n" + examples);
  return command;
}

void add_database_option(CLI::App& command, std::string& path) {
  command.add_option("--db", path, "The database, a directory such as photos.simile")
      ->required()
      ->envname("SIMILE_DB")
      ->type_name("PATH");
}

std::string refuse_zero(const std::string& text) {
  const bool zero = text.find_first_not_of('0') == std::string::npos;
  return zero ? "must be 1 or more" : "";
}

namespace {

Result<std::unique_ptr<Database>> open_existing(const std::string& path, bool read_only) {
  OpenOptions options;
  options.create = false;
  options.read_only = read_only;
  // A command does what it was told to, and no index is built before it ends.
  options.background = false;
  return Database::open(path, options);
}

}  // namespace

Result<std::unique_ptr<Database>> open_for_reading(const std::string& path) {
  return open_existing(path, true);
}

Result<std::unique_ptr<Database>> open_for_writing(const std::string& path) {
  return open_existing(path, false);
}

Result<std::shared_ptr<Collection>> find_collection(const Database& database,
                                                    const std::string& name) {
  const std::vector<std::string> names = database.collections();
  std::string known;
  for (const std::string& each : names) {
    if (each == name || (name.empty() && names.size() == 1)) return database.collection(each);
    known += (known.empty() ? "" : ", ") + each;
  }
  if (names.empty()) {
    return fail(ErrorCode::kNotFound,
                "the database has no collection; make one with simile import");
  }
  if (name.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("several collections; choose one with --collection: ", known));
  }
  return fail(ErrorCode::kNotFound, join_text("no collection '", name, "'; there are: ", known));
}

}  // namespace simile::cli
