#include "simile/cli/user_command.h"

#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/serve_command.h"
#include "simile/server/server_module.h"

namespace simile::cli {

namespace {

using server::UserArguments;

/// A line of stdin, not shown where that is a terminal.
std::string read_secret() {
  termios before{};
  const bool terminal = ::tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    std::cerr << "password: " << std::flush;
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string secret;
  std::getline(std::cin, secret);
  if (terminal) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::cerr << "\n";
  }
  return secret;
}

std::string text_of(const Json& answer) {
  if (answer.contains("token")) {
    return join_text(answer["token"].get<std::string>(),
                     "\nthis is shown once; whoever has it is user '",
                     answer["user"].get<std::string>(), "'\n");
  }
  if (!answer.contains("users")) return "done\n";
  std::string text;
  for (const Json& user : answer["users"]) {
    text += user["user"].get<std::string>();
    for (const Json& role : user["roles"]) text += " " + role.get<std::string>();
    if (!user["password"].get<bool>()) text += " (no password)";
    text += "\n";
    for (const Json& token : user["tokens"]) {
      text += join_text("  token ", token["id"].get<std::string>(), " ",
                        token["name"].get<std::string>(), "\n");
    }
  }
  return text.empty() ? "there are no users\n" : text;
}

Result<int> run_user(UserArguments arguments, bool needs_password, Session& session) {
  SIMILE_ASSIGN(const server::ServerModule* module, load_server());
  if (needs_password) arguments.password = read_secret();
  SIMILE_ASSIGN(const std::string answer, module->manage_users(arguments));
  const Json json = Json::parse(answer);
  session.console.result(json, text_of(json));
  return 0;
}

Result<int> run_verify(const std::string& path, Session& session) {
  SIMILE_ASSIGN(const server::ServerModule* module, load_server());
  SIMILE_ASSIGN(const std::string answer, module->verify_audit(path));
  const Json json = Json::parse(answer);
  const std::string damage = json["damage"];
  session.console.result(
      json, join_text(json["lines"].get<std::uint64_t>(), " lines in ",
                      json["files"].get<std::uint64_t>(),
                      " files: ", damage.empty() ? "the chain is whole, its last hash is " : damage,
                      damage.empty() ? json["last_hash"].get<std::string>() : "", "\n"));
  return damage.empty() ? 0 : 1;
}

/// An action and the options that it takes.
struct ActionHelp {
  const char* name;
  const char* description;
  bool user;
  bool role;
  bool password;
};

constexpr ActionHelp kActions[] = {
    {"add", "Add a user; the password is read from stdin", true, false, true},
    {"password", "Give a user another password, read from stdin", true, false, true},
    {"remove", "Remove a user with their tokens", true, false, false},
    {"list", "List users, their roles and tokens", false, false, false},
    {"grant", "Give a user a role", true, true, false},
    {"revoke", "Take a role from a user", true, true, false},
    {"token", "Make a token of a user and show it once", true, false, false},
    {"revoke-token", "Make a token worthless", false, false, false},
};

}  // namespace

void add_user_command(CLI::App& program, Invocation& invocation) {
  CLI::App* parent = program.add_subcommand("user", "Manage the users of a server's database");
  parent->require_subcommand(1);
  parent->footer(
      "Examples:\n"
      "  simile user add root --role admin --db data.simile     reads the password from stdin\n"
      "  simile user token root --name backup --days 30 --db data.simile\n"
      "  simile user list --db data.simile\n\n"
      "A server that runs sees a change within a second. Its authorization is on as soon as\n"
      "there is an administrator when it starts. Rights of roles are given by the calls of\n"
      "Milvus, see docs/security.md.\n");
  for (const ActionHelp& help : kActions) {
    auto arguments = std::make_shared<UserArguments>();
    arguments->action = help.name;
    auto no_password = std::make_shared<bool>(false);
    CLI::App* command = add_command(*parent, invocation, help.name, help.description, "");
    add_path_option(*command, arguments->path);
    const std::string action = help.name;
    if (help.user) command->add_option("user", arguments->user, "Name of the user")->required();
    if (help.role) command->add_option("role", arguments->role, "Name of the role")->required();
    if (action == "add") {
      command->add_option("--role", arguments->role, "Give the user this role, admin for example");
      command->add_flag("--no-password", *no_password, "The user comes with tokens only");
    }
    if (action == "token") {
      command->add_option("--name", arguments->token, "What the token is for");
      command->add_option("--days", arguments->days, "How long it holds; 0 is for ever [0]")
          ->check(CLI::Range(0, 36'500));
    }
    if (action == "revoke-token") {
      command->add_option("id", arguments->token, "Id of the token")->required();
    }
    command->callback([arguments, no_password, needs = help.password, &invocation] {
      invocation.action = [arguments, no_password, needs](Session& session) {
        return run_user(*arguments, needs && !*no_password, session);
      };
    });
  }
}

void add_audit_command(CLI::App& program, Invocation& invocation) {
  CLI::App* parent = program.add_subcommand("audit", "Check the audit log of a server's database");
  parent->require_subcommand(1);
  auto path = std::make_shared<std::string>();
  CLI::App* command = add_command(
      *parent, invocation, "verify", "Check that no line was changed, added or removed",
      "  simile audit verify --db data.simile\n\n"
      "Exit code 1 where the chain does not hold. The last hash, noted elsewhere, shows\n"
      "later that the end was not cut off.\n");
  add_path_option(*command, *path);
  command->callback([path, &invocation] {
    invocation.action = [path](Session& session) { return run_verify(*path, session); };
  });
}

}  // namespace simile::cli
