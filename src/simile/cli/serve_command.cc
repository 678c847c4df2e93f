#include "simile/cli/serve_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <tuple>

#include "simile/base/check.h"
#include "simile/base/module.h"
#include "simile/base/text.h"
#include "simile/server/config_table.h"
#include "simile/server/server_module.h"

namespace simile::cli {

namespace {

constexpr ModuleName kServer = {
    .file = "libsimile_server.so",
    .environment = "SIMILE_SERVER_MODULE",
    .remedy = "build Simile with grpc++ and protobuf (tools/setup.sh installs them)"};

Result<int> run_serve(const server::ServeArguments& arguments, Session& session) {
  SIMILE_ASSIGN(const server::ServerModule* module, load_server());
  return module->serve(arguments, session.cancel);
}

}  // namespace

Result<const server::ServerModule*> load_server() {
  SIMILE_ASSIGN(const void* object, load_module(kServer));
  return static_cast<const server::ServerModule*>(object);
}

void add_serve_command(CLI::App& program, Invocation& invocation) {
  auto arguments = std::make_shared<server::ServeArguments>();
  CLI::App* command =
      add_command(program, invocation, "serve", "Serve Milvus clients (gRPC, REST) over a network",
                  "  simile serve --db photos.simile\n"
                  "  simile serve --db data.simile --host 0.0.0.0 --port 19530 --http-port 9091\n"
                  "  simile serve --db data.simile --config serve.conf --print-config\n"
                  "  python: pymilvus.MilvusClient('http://127.0.0.1:19530')\n");
  add_path_option(*command, arguments->path);
  command->add_option("--config", arguments->config_file, "File with lines `name = value`")
      ->type_name("FILE");
  command->add_flag("--print-config", arguments->print_config,
                    "Print every setting as such a file, and end");
  command->add_flag("--print-routes", arguments->print_routes,
                    "Print every call and path with the right that it needs, and end");
  for (const server::Setting& setting : server::kSettings) {
    std::string flag = join_text("--", setting.name);
    std::ranges::replace(flag, '_', '-');
    if (setting.is_switch) {
      command->add_flag_callback(
          flag, [arguments, &setting] { arguments->options[std::string(setting.name)] = "true"; },
          std::string(setting.help));
      continue;
    }
    const auto store = [arguments, name = std::string(setting.name)](const std::string& value) {
      arguments->options[name] = value;
    };
    command
        ->add_option_function<std::string>(flag, store,
                                           join_text(setting.help, " [", setting.value, "]"))
        ->type_name("VALUE");
  }
  command->callback([arguments, &invocation] {
    invocation.action = [arguments](Session& session) { return run_serve(*arguments, session); };
  });
}

void add_ui_command(CLI::App& program, Invocation& invocation) {
  auto arguments = std::make_shared<server::ServeArguments>();
  arguments->page_only = true;
  arguments->open_browser = true;
  auto& options = arguments->options;
  options = {{"http_port", "0"}, {"picture_folders", "/"}, {"log_level", "warning"}};
  CLI::App* command = add_command(
      program, invocation, "ui", "Open a database in the browser: search, look, import",
      "  simile ui --db photos.simile\n"
      "  simile ui --db new.simile --http-port 8000 --no-browser\n\n"
      "The page is served to this machine alone, at 127.0.0.1, until Ctrl-C. The database is made\n"
      "where there is none, and can be changed. `simile serve` has the same page on its HTTP "
      "port.\n");
  add_path_option(*command, arguments->path);
  command->add_option("--http-port", options["http_port"], "Port of the page [a free one]")
      ->type_name("PORT");
  command
      ->add_option("--picture-folders", options["picture_folders"],
                   "Folders, with : between, whose pictures the page may show and index [/]")
      ->type_name("DIRS");
  for (const auto& [flag, name, help] :
       {std::tuple("--key-file", "key_file", "Key of an encrypted database: a file"),
        std::tuple("--key-command", "key_command", "Or a command that prints it")}) {
    command->add_option_function<std::string>(
        flag,
        [arguments, name = name](const std::string& value) { arguments->options[name] = value; },
        help);
  }
  command->add_flag("!--no-browser", arguments->open_browser, "Only print the address");
  command->callback([arguments, &invocation] {
    invocation.action = [arguments](Session& session) { return run_serve(*arguments, session); };
  });
}

}  // namespace simile::cli
