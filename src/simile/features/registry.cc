/// Models known by name: folders of cards. Those that came with Simile are read only; those that
/// were added lie in a folder of the user, each as <name>.json beside <name>.<extension>.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/module.h"
#include "simile/base/text.h"
#include "simile/features.h"
#include "simile/features/sha256.h"

namespace simile {
namespace {

namespace fs = std::filesystem;

/// An environment variable that is set and not empty.
const char* environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here writes it
  return value != nullptr && *value != '\0' ? value : nullptr;
}

/// Where added models lie; empty where the user has no home.
fs::path user_folder() {
  if (const char* chosen = environment("SIMILE_MODELS")) return chosen;
  if (const char* data = environment("XDG_DATA_HOME")) return fs::path(data) / "simile/models";
  if (const char* home = environment("HOME")) return fs::path(home) / ".local/share/simile/models";
  return {};
}

std::vector<std::string> built_in_folders() {
  if (const char* chosen = environment("SIMILE_MODELS_BUILTIN")) return {chosen};
  return data_folders("models");
}

Result<RegisteredModel> read_card(const fs::path& path) {
  std::error_code ignored;  // reading a folder as a stream would throw
  if (!fs::is_regular_file(path, ignored)) {
    return fail(ErrorCode::kNotFound, join_text(path.string(), ": is no file"));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(ErrorCode::kNotFound,
                join_text(path.string(), ": cannot be opened: ", std::strerror(errno)));
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Result<ModelCard> card = ModelCard::parse(text);
  if (!card) return fail(card.error().code, join_text(path.string(), ": ", card.error().message));
  return RegisteredModel{.card = *std::move(card), .card_path = path, .built_in = false};
}

/// Adds the models of a folder whose names are not taken yet. Files that are no cards are left out:
/// find_model tells what is wrong with one.
void add_models_of(const fs::path& folder, bool built_in, std::vector<RegisteredModel>& models) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() != ".json") continue;
    Result<RegisteredModel> model = read_card(entry.path());
    if (!model) continue;
    const auto same_name = [&](const auto& m) { return m.card.name == model->card.name; };
    if (std::ranges::any_of(models, same_name)) continue;
    model->built_in = built_in;
    models.push_back(*std::move(model));
  }
}

/// The model of a card or of a model file with its card beside it.
Result<RegisteredModel> model_at(const fs::path& path) {
  if (path.extension() == ".json") return read_card(path);
  const fs::path card = fs::path(path).replace_extension(".json");
  std::error_code ignored;
  if (!fs::exists(card, ignored)) {
    return fail(ErrorCode::kNotFound,
                join_text(path.string(), ": has no model card; write ", card.string(),
                          ", or let `python -m simile.export` make both"));
  }
  SIMILE_ASSIGN(RegisteredModel model, read_card(card));
  if (model.card.file != path.filename()) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(card.string(), ": is the card of ", model.card.file, ", not of ",
                          path.filename().string()));
  }
  return model;
}

Status write_error(const fs::path& path, const std::string& why) {
  return fail(ErrorCode::kUnknown, join_text(path.string(), ": cannot be written: ", why));
}

/// Puts a file in place in one step, so that no half of one is ever found under its name.
Status publish(const fs::path& path, const std::function<std::error_code(const fs::path&)>& write) {
  const fs::path partial = path.string() + join_text(".", getpid(), ".partial");
  std::error_code error = write(partial);
  if (!error) fs::rename(partial, path, error);
  if (!error) return {};
  std::error_code ignored;
  fs::remove(partial, ignored);
  return write_error(path, error.message());
}

Status publish_copy(const fs::path& from, const fs::path& to) {
  return publish(to, [&](const fs::path& partial) {
    std::error_code error;
    fs::copy_file(from, partial, fs::copy_options::overwrite_existing, error);
    return error;
  });
}

Status publish_text(const std::string& text, const fs::path& to) {
  return publish(to, [&](const fs::path& partial) {
    std::ofstream file(partial, std::ios::binary);
    file << text << '\n';
    file.close();
    return file ? std::error_code{} : std::make_error_code(std::errc::io_error);
  });
}

}  // namespace

std::vector<RegisteredModel> list_models() {
  std::vector<RegisteredModel> models;
  for (const std::string& folder : built_in_folders()) add_models_of(folder, true, models);
  add_models_of(user_folder(), false, models);
  std::ranges::sort(models, {}, [](const RegisteredModel& model) { return model.card.name; });
  return models;
}

Result<RegisteredModel> find_model(const std::string& name_or_path) {
  const std::string wanted = name_or_path.empty() ? default_model() : name_or_path;
  std::string known;
  for (RegisteredModel& model : list_models()) {
    if (model.card.name == wanted) return std::move(model);
    known += join_text(known.empty() ? "" : ", ", model.card.name);
  }
  std::error_code ignored;
  if (fs::is_regular_file(wanted, ignored)) return model_at(wanted);
  return fail(ErrorCode::kNotFound,
              join_text("model '", wanted, "' is neither a file nor known by name; known: ",
                        known.empty() ? "none" : known));
}

Result<RegisteredModel> add_model(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return fail(ErrorCode::kNotFound, join_text(path, ": is no file"));
  }
  SIMILE_ASSIGN(RegisteredModel model, model_at(path));
  const fs::path from = fs::path(model.card_path).parent_path() / model.card.file;
  SIMILE_ASSIGN(const std::string sha256, features::sha256_of_file(from));
  if (sha256 != model.card.sha256) {
    return fail(ErrorCode::kFailedPrecondition,
                join_text(from.string(), ": is not the file of its card: its sha256 is ", sha256));
  }
  for (RegisteredModel& known : list_models()) {
    if (known.card.name != model.card.name) continue;
    ModelCard stored = known.card;
    stored.file = model.card.file;
    if (stored.to_json() == model.card.to_json()) return std::move(known);
    return fail(ErrorCode::kAlreadyExists,
                join_text("model '", model.card.name, "' is known already, as ", known.card_path,
                          "; give the new one another name in its card"));
  }
  const fs::path folder = user_folder();
  if (folder.empty()) {
    return fail(ErrorCode::kFailedPrecondition,
                "there is no home folder for models; set SIMILE_MODELS to a folder");
  }
  fs::create_directories(folder, error);
  if (error) return std::unexpected(write_error(folder, error.message()).error());
  model.card.file = model.card.name + from.extension().string();
  model.card_path = folder / (model.card.name + ".json");
  SIMILE_TRY(publish_copy(from, folder / model.card.file));
  SIMILE_TRY(publish_text(model.card.to_json(), model.card_path));
  return model;
}

std::string default_model() { return "simile-photo-128"; }

}  // namespace simile
