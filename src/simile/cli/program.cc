#include "simile/cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "simile/base/text.h"
#include "simile/cli/backup_command.h"
#include "simile/cli/collections_command.h"
#include "simile/cli/compact_command.h"
#include "simile/cli/decode_command.h"
#include "simile/cli/encryption_command.h"
#include "simile/cli/eval_command.h"
#include "simile/cli/import_command.h"
#include "simile/cli/index_command.h"
#include "simile/cli/info_command.h"
#include "simile/cli/models_command.h"
#include "simile/cli/pictures_command.h"
#include "simile/cli/rows_command.h"
#include "simile/cli/search_command.h"
#include "simile/cli/serve_command.h"
#include "simile/cli/user_command.h"
#include "simile/cli/verify_command.h"
#include "simile/version.h"

namespace simile::cli {

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  simile pictures index ~/Photos --db photos.simile\n"
    "  simile pictures search cat.jpg --db photos.simile -k 20 --html result.html\n"
    "  simile import features.npy --db a.simile --collection images --metric cosine\n"
    "  simile search --db a.simile --queries q.npy -k 10 --where \"label == 'cat'\"\n\n"
    "simile COMMAND --help shows the options and examples of a command. SIMILE_DB names the\n"
    "database where --db is left out. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 Ctrl-C.\n";

void add_commands(CLI::App& program, Invocation& invocation) {
  program.get_formatter()->column_width(34);
  program.option_defaults()->always_capture_default(false);
  program.footer(kExamples);
  program.set_version_flag(
      "--version", [] { return join_text("simile ", version(), " (", kernel_target(), ")"); },
      "Show the version and the instruction set in use");
  add_pictures_command(program, invocation);
  add_import_command(program, invocation);
  add_search_command(program, invocation);
  add_eval_command(program, invocation);
  add_rows_commands(program, invocation);
  add_collections_command(program, invocation);
  add_index_command(program, invocation);
  add_info_command(program, invocation);
  add_verify_command(program, invocation);
  add_compact_command(program, invocation);
  add_backup_commands(program, invocation);
  add_models_command(program, invocation);
  add_encryption_commands(program, invocation);
  add_serve_command(program, invocation);
  add_ui_command(program, invocation);
  add_decode_command(program, invocation);
  add_user_command(program, invocation);
  add_audit_command(program, invocation);
}

/// The command that was being parsed when an error came, "simile pictures index".
std::string parsed_command(const CLI::App& app) {
  std::string name = app.get_name();
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    name += " " + at->get_name();
  }
  return name;
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  while (text.ends_with(' ')) text.pop_back();
  const bool sentence =
      text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && (text[1] == ' ' || text[1] >= 'a');
  if (sentence) text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

/// Names of the commands that may follow, for a word that is none of them.
std::string known_commands(const CLI::App& app) {
  std::string known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;  // for the program itself
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  return known;
}

/// What was typed in place of a command, else nothing.
std::string unknown_command(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  const std::vector<std::string> rest = at->remaining();
  const std::string known = known_commands(*at);
  if (known.empty() || rest.empty() || rest.front().starts_with('-')) return "";
  return join_text("'", rest.front(), "' is no command; known: ", known);
}

int report_usage(const CLI::App& app, const std::string& what, Console& console) {
  console.error({ErrorCode::kInvalidArgument,
                 join_text(one_line(what), "; see ", parsed_command(app), " --help")});
  return kExitUsage;
}

int run_action(const Invocation& invocation, ConsoleOptions options, const Streams& streams,
               const CancelToken& cancel) {
  options.json = invocation.json;
  options.quiet = invocation.quiet;
  Console console(options, streams.out, streams.err);
  Session session{console, cancel};
  const Result<int> code = invocation.action(session);
  console.end_progress();
  if (!code) {
    console.error(code.error());
    return kExitFailed;
  }
  if (!console.good()) {
    console.error({ErrorCode::kUnknown, "stdout cannot be written; is the disk full?"});
    return kExitFailed;
  }
  return *code;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, ConsoleOptions options,
                const Streams& streams, const CancelToken& cancel) {
  CLI::App app("Simile: store vectors, find the most similar ones.", "simile");
  Invocation invocation;
  add_commands(app, invocation);
  options.json = std::ranges::count(arguments, "--json") > 0;
  Console console(options, streams.out, streams.err);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::Success& answer) {  // --help, --version
    std::ostringstream out;
    app.exit(answer, out, out);
    std::fputs(out.str().c_str(), streams.out);
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    const std::string unknown = unknown_command(app);
    return report_usage(app, unknown.empty() ? error.what() : unknown, console);
  }
  if (!invocation.action) {
    std::fputs(app.help().c_str(), streams.err);
    return report_usage(app, "a command is needed", console);
  }
  return run_action(invocation, options, streams, cancel);
}

}  // namespace simile::cli
