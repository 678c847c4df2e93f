#include "simile/cli/models_command.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/text_format.h"
#include "simile/cli/text_table.h"
#include "simile/features.h"

namespace simile::cli {

namespace {

/// The card as stored, and where it lies.
Json json_of(const RegisteredModel& model) {
  Json json = Json::parse(model.card.to_json(), nullptr, false);
  if (json.is_discarded() || !json.is_object()) json = Json{{"name", model.card.name}};
  json["card_path"] = model.card_path;
  json["built_in"] = model.built_in;
  json["default"] = model.card.name == default_model();
  return json;
}

std::string shape_of(const ModelCard& card) {
  return join_text(card.width, " x ", card.height, " pixels to ", card.dimension, " components, ",
                   name_of(card.metric));
}

Result<int> run_list(Session& session) {
  TextTable table;
  for (const char* heading : {"model", "takes and gives", "from"}) table.column(heading);
  for (const RegisteredModel& model : list_models()) {
    session.console.result(json_of(model));
    const bool is_default = model.card.name == default_model();
    table.row({model.card.name + (is_default ? " (default)" : ""), shape_of(model.card),
               model.built_in ? "came with simile" : model.card_path});
  }
  session.console.text(table.text());
  return 0;
}

Result<int> run_add(const std::string& path, Session& session) {
  SIMILE_ASSIGN(const RegisteredModel model, add_model(path));
  session.console.result(json_of(model),
                         join_text("added '", safe_text(model.card.name), "', use it with --model ",
                                   safe_text(model.card.name), "\n"));
  return 0;
}

Result<int> run_show(const std::string& name, Session& session) {
  SIMILE_ASSIGN(const RegisteredModel model, find_model(name));
  const Json json = json_of(model);
  TextTable table;
  table.column("key");
  table.column("value");
  for (const auto& [key, value] : json.items()) {
    table.row({key, value.is_string() ? value.get<std::string>() : value.dump()});
  }
  session.console.result(json, table.text(2000));
  return 0;
}

}  // namespace

void add_models_command(CLI::App& program, Invocation& invocation) {
  CLI::App* models = program.add_subcommand("models", "The models that turn pictures into vectors");
  models->require_subcommand(1);
  models->footer(
      "Examples:\n"
      "  simile models list\n"
      "  simile models show resnet50\n"
      "  simile models add resnet50.onnx      its card resnet50.json lies beside it\n\n"
      "python -m simile.export writes a model of torchvision, timm or open_clip with its card.\n");

  CLI::App* list = add_command(*models, invocation, "list", "List the known models", "");
  list->callback([&invocation] { invocation.action = run_list; });

  auto path = std::make_shared<std::string>();
  CLI::App* add = add_command(*models, invocation, "add",
                              "Copy a model and its card to where all programs find it",
                              "  simile models add resnet50.onnx\n");
  add->add_option("path", *path, "The model file, or its card")->required()->type_name("FILE");
  add->callback([path, &invocation] {
    invocation.action = [path](Session& session) { return run_add(*path, session); };
  });

  auto name = std::make_shared<std::string>();
  CLI::App* show = add_command(*models, invocation, "show", "Show the card of a model",
                               "  simile models show resnet50\n");
  show->add_option("model", *name, "Its name, card or file")->required()->type_name("MODEL");
  show->callback([name, &invocation] {
    invocation.action = [name](Session& session) { return run_show(*name, session); };
  });
}

}  // namespace simile::cli
