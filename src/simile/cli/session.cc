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

void add_path_option(CLI::App& command, std::string& path) {
  command.add_option("--db", path, "The database, a directory such as photos.simile")
      ->required()
      ->envname("SIMILE_DB")
      ->type_name("PATH");
}

void add_database_option(CLI::App& command, DatabaseOption& database) {
  add_path_option(command, database.path);
  database.key = key_from_environment();
  add_key_options(command, database.key, "", "Key of an encrypted database");
}

void add_key_options(CLI::App& command, KeySource& key, const std::string& prefix,
                     const std::string& what) {
  const auto add = [&](const std::string& name, std::string KeySource::*part,
                       const std::string& help) {
    // What is named here goes before the environment.
    const auto store = [&key, part](const std::string& given) {
      key = {};
      key.*part = given;
    };
    command.add_option_function<std::string>("--" + prefix + name, store, what + help);
  };
  add("key-file", &KeySource::file, ": a file with 64 hexadecimal digits");
  add("key-command", &KeySource::command, ": a command that prints it");
}

std::string refuse_zero(const std::string& text) {
  const bool zero = text.find_first_not_of('0') == std::string::npos;
  return zero ? "must be 1 or more" : "";
}

namespace {

Result<std::unique_ptr<Database>> open(const DatabaseOption& database, bool create,
                                       bool read_only) {
  OpenOptions options;
  options.create = create;
  options.read_only = read_only;
  options.key = database.key;
  // A command does what it was told to, and no index is built before it ends.
  options.background = create;
  return Database::open(database.path, options);
}

}  // namespace

Result<std::unique_ptr<Database>> open_for_reading(const DatabaseOption& database) {
  return open(database, false, true);
}

Result<std::unique_ptr<Database>> open_for_writing(const DatabaseOption& database) {
  return open(database, false, false);
}

Result<std::unique_ptr<Database>> open_or_make(const DatabaseOption& database) {
  return open(database, true, false);
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
