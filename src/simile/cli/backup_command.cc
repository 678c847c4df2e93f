#include "simile/cli/backup_command.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/text_format.h"

namespace simile::cli {

namespace {

struct BackupOptions {
  std::string database;
  std::string backup;
};

void show(const BackupReport& report, const BackupOptions& options, const std::string& verb,
          const std::string& where, Session& session) {
  session.console.result(
      Json{{"path", where}, {"files", report.files}, {"bytes", report.bytes}},
      join_text(verb, " ", safe_text(verb == "restored" ? options.backup : options.database),
                " to ", safe_text(where), ": ", counted(report.files, "file"), ", ",
                readable_bytes(report.bytes), "\n"));
}

Result<int> run_backup(const BackupOptions& options, Session& session) {
  const Progress progress = session.console.progress("copying", "bytes");
  SIMILE_ASSIGN(const BackupReport report,
                backup_database(options.database, options.backup, progress, &session.cancel));
  show(report, options, "backed up", options.backup, session);
  return 0;
}

Result<int> run_restore(const BackupOptions& options, Session& session) {
  const Progress progress = session.console.progress("copying", "bytes");
  SIMILE_ASSIGN(const BackupReport report,
                restore_database(options.backup, options.database, progress, &session.cancel));
  show(report, options, "restored", options.database, session);
  return 0;
}

}  // namespace

void add_backup_commands(CLI::App& program, Invocation& invocation) {
  auto options = std::make_shared<BackupOptions>();
  CLI::App* backup = add_command(
      program, invocation, "backup", "Copy a database while it is in use",
      "  simile backup --db photos.simile --to /backups/monday\n"
      "  simile backup --db photos.simile --to /backups/monday.tar\n\n"
      "A server or another program may go on writing: the copy is the database as it was at one\n"
      "moment, with every write that was acknowledged before the command began, and with the\n"
      "databases that clients of a server have made in it. Each file gets a checksum. A directory\n"
      "is itself a database that can be opened; a name that ends with .tar makes an archive. The\n"
      "backup of an encrypted database is encrypted, and needs no key to be made.\n");
  add_path_option(*backup, options->database);
  backup->add_option("--to", options->backup, "New directory, or new file that ends with .tar")
      ->required()
      ->type_name("PATH");
  backup->callback([options, &invocation] {
    invocation.action = [options](Session& session) { return run_backup(*options, session); };
  });
  CLI::App* restore =
      add_command(program, invocation, "restore", "Make a database from a backup",
                  "  simile restore --from /backups/monday.tar --db photos.simile\n\n"
                  "Nothing is overwritten: the directory must be new or empty. Every byte is "
                  "compared with the\n"
                  "checksums of the backup before the database appears.\n");
  add_path_option(*restore, options->database);
  restore->add_option("--from", options->backup, "The directory or .tar file that backup made")
      ->required()
      ->type_name("PATH");
  restore->callback([options, &invocation] {
    invocation.action = [options](Session& session) { return run_restore(*options, session); };
  });
}

}  // namespace simile::cli
