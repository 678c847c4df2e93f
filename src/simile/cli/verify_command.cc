#include "simile/cli/verify_command.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/text_format.h"

namespace simile::cli {

namespace {

std::string text_of(const VerifyReport& report) {
  std::string text;
  bool repairable = true;
  for (const Damage& damage : report.damages) {
    text += join_text(damage.repairable ? "repairable  " : "lost        ", safe_text(damage.file),
                      ": ", safe_text(damage.what), "\n");
    repairable = repairable && damage.repairable;
  }
  text += join_text("checked ", counted(report.files, "file"), ", ", readable_bytes(report.bytes),
                    ", ", counted(report.rows, "row"), ": ");
  if (report.damages.empty()) return text + "all is well\n";
  return text + join_text(counted(report.damages.size(), "damage"),
                          repairable ? "; opening the database for writing repairs it\n"
                                     : "; restore the lost files from a backup\n");
}

Result<int> run_verify(const DatabaseOption& database, Session& session) {
  const Progress progress = session.console.progress("verifying", "bytes");
  SIMILE_ASSIGN(const VerifyReport report,
                verify_database(database.path, progress, &session.cancel, database.key));
  Json damages = Json::array();
  for (const Damage& damage : report.damages) {
    damages.push_back(
        Json{{"file", damage.file}, {"what", damage.what}, {"repairable", damage.repairable}});
  }
  session.console.result(Json{{"files", report.files},
                              {"bytes", report.bytes},
                              {"rows", report.rows},
                              {"damages", std::move(damages)}},
                         text_of(report));
  return report.damages.empty() ? 0 : 1;
}

}  // namespace

void add_verify_command(CLI::App& program, Invocation& invocation) {
  auto database = std::make_shared<DatabaseOption>();
  CLI::App* command = add_command(
      program, invocation, "verify", "Read every byte of a database and check it",
      "  simile verify --db photos.simile\n\n"
      "Exit code 1 where something is damaged. Each damage is named, and is one of two kinds:\n"
      "repairable (an index or other derived data, which opening for writing builds again) or\n"
      "lost (rows, which only a backup brings back). No process may be writing meanwhile.\n");
  add_database_option(*command, *database);
  command->callback([database, &invocation] {
    invocation.action = [database](Session& session) { return run_verify(*database, session); };
  });
}

}  // namespace simile::cli
