#pragma once
/// What every command gets, and what it is made of.

#include <functional>
#include <memory>
#include <string>

#include "simile/cli/console.h"
#include "simile/database.h"
#include "simile/error.h"
#include "simile/progress.h"

namespace CLI {
class App;
}

namespace simile::cli {

struct Session {
  Console& console;
  const CancelToken& cancel;
};

/// Runs a command whose arguments are parsed; the value is the exit code, 0 or 1.
using Action = std::function<Result<int>(Session&)>;

/// What the command line says, filled in by parsing it.
struct Invocation {
  bool json = false;
  bool quiet = false;
  Action action;
};

/// A sub-command of `parent` that has --json and --quiet and shows `examples` below its help.
CLI::App* add_command(CLI::App& parent, Invocation& invocation, const std::string& name,
                      const std::string& description, const std::string& examples);

/// Which database, and the key to it where it is encrypted.
struct DatabaseOption {
  std::string path;
  KeySource key;
};

/// --db alone, also from the environment variable SIMILE_DB.
void add_path_option(CLI::App& command, std::string& path);
/// --db, --key-file and --key-command, also from the environment: SIMILE_DB, SIMILE_KEY_FILE,
/// SIMILE_KEY_COMMAND, and SIMILE_KEY for the key itself.
void add_database_option(CLI::App& command, DatabaseOption& database);

/// --PREFIXkey-file and --PREFIXkey-command.
void add_key_options(CLI::App& command, KeySource& key, const std::string& prefix,
                     const std::string& what);

/// For check() of options that count something: what is wrong, or nothing.
std::string refuse_zero(const std::string& text);

/// Opens for reading, beside a process that writes.
Result<std::unique_ptr<Database>> open_for_reading(const DatabaseOption& database);
/// Opens what is there for writing.
Result<std::unique_ptr<Database>> open_for_writing(const DatabaseOption& database);
/// The same, or makes it.
Result<std::unique_ptr<Database>> open_or_make(const DatabaseOption& database);

/// The named collection, or the only one where `name` is empty; the error lists what is there.
Result<std::shared_ptr<Collection>> find_collection(const Database& database,
                                                    const std::string& name);

}  // namespace simile::cli
