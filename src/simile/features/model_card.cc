/// The JSON form of a model card; docs/formats/model_card.md is its definition.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/features.h"

namespace simile {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kCardBytesMax = 64 << 10;

std::unexpected<Error> bad_card(const std::string& what) {
  return fail(ErrorCode::kInvalidArgument, "model card: " + what);
}

using Names = std::initializer_list<std::string_view>;

std::string join_names(Names names) {
  std::string joined;
  for (const std::string_view name : names) joined += join_text(joined.empty() ? "" : ", ", name);
  return joined;
}

/// The values of one object of a card. Each read leaves its target as it is where the key is
/// absent. Errors name keys as `path` + key: "input.width".
class CardReader {
 public:
  CardReader(const Json& object, std::string path) : object_(object), path_(std::move(path)) {}

  Status check_keys(Names known, Names required) const {
    for (const auto& [key, value] : object_.items()) {
      if (std::ranges::find(known, key) == known.end()) {
        return bad_card(
            join_text("unknown key '", path_, key, "'; the known ones are ", join_names(known)));
      }
    }
    for (const std::string_view key : required) {
      if (!object_.contains(key)) return bad_card(join_text("'", path_, key, "' is missing"));
    }
    return {};
  }

  /// The object below `key`; an empty one where it is absent.
  Result<CardReader> below(const char* key) const {
    static const Json kEmpty = Json::object();
    const auto found = object_.find(key);
    if (found != object_.end() && !found->is_object()) return wrong(key, "must be an object");
    return CardReader(found == object_.end() ? kEmpty : *found, join_text(path_, key, "."));
  }

  Status text(const char* key, std::string& out) const {
    const auto found = object_.find(key);
    if (found == object_.end()) return {};
    if (!found->is_string()) return wrong(key, "must be a string");
    out = found->get<std::string>();
    return {};
  }

  /// A string that is one of `allowed`.
  Status choice(const char* key, Names allowed, std::string& out) const {
    SIMILE_TRY(text(key, out));
    if (std::ranges::find(allowed, out) != allowed.end()) return {};
    return wrong(key, join_text("is '", out, "'; it must be one of ", join_names(allowed)));
  }

  Status boolean(const char* key, bool& out) const {
    const auto found = object_.find(key);
    if (found == object_.end()) return {};
    if (!found->is_boolean()) return wrong(key, "must be true or false");
    out = found->get<bool>();
    return {};
  }

  Status integer(const char* key, std::uint32_t least, std::uint32_t most,
                 std::uint32_t& out) const {
    const auto found = object_.find(key);
    if (found == object_.end()) return {};
    const std::uint64_t value = found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
    if (!found->is_number_unsigned() || value < least || value > most) {
      return wrong(key, join_text("must be an integer from ", least, " to ", most));
    }
    out = static_cast<std::uint32_t>(value);
    return {};
  }

  Status colour(const char* key, float (&out)[3]) const {
    const auto found = object_.find(key);
    if (found == object_.end()) return {};
    const bool numbers = found->is_array() && found->size() == 3 &&
                         std::ranges::all_of(*found, [](const Json& v) { return v.is_number(); });
    if (!numbers) return wrong(key, "must be three numbers: red, green, blue");
    for (std::size_t i = 0; i < 3; ++i) {
      out[i] = (*found)[i].get<float>();
      if (!std::isfinite(out[i])) return wrong(key, "is out of range");
    }
    return {};
  }

  std::unexpected<Error> wrong(const char* key, const std::string& what) const {
    return bad_card(join_text("'", path_, key, "' ", what));
  }

 private:
  const Json& object_;
  std::string path_;
};

bool is_model_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && name[0] != '.' && name[0] != '-' &&
         std::ranges::all_of(name, allowed);
}

/// A name without folders: a card must not lead to files elsewhere.
bool is_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Status read_identity(const CardReader& reader, ModelCard& card) {
  SIMILE_TRY(reader.text("name", card.name));
  if (!is_model_name(card.name)) {
    return reader.wrong("name", "must be 1 to 64 of A-Z a-z 0-9 . _ -, and not start with . or -");
  }
  SIMILE_TRY(reader.integer("version", 1, 0xFFFF'FFFF, card.version));
  SIMILE_TRY(reader.text("file", card.file));
  if (!is_file_name(card.file)) {
    return reader.wrong("file", "must be the name of a file beside the card, without folders");
  }
  SIMILE_TRY(reader.text("sha256", card.sha256));
  if (!is_sha256(card.sha256)) {
    return reader.wrong("sha256", "must be 64 lower-case hexadecimal digits");
  }
  std::string modality = "picture";
  return reader.choice("modality", {"picture"}, modality);
}

Status read_input(const CardReader& reader, ModelCard& card) {
  SIMILE_TRY(
      reader.check_keys({"name", "layout", "width", "height", "color"}, {"width", "height"}));
  SIMILE_TRY(reader.text("name", card.input_name));
  std::string layout = "NCHW";
  SIMILE_TRY(reader.choice("layout", {"NCHW", "NHWC"}, layout));
  SIMILE_TRY(reader.integer("width", 8, 4096, card.width));
  SIMILE_TRY(reader.integer("height", 8, 4096, card.height));
  std::string color = "RGB";
  return reader.choice("color", {"RGB"}, color);
}

/// After read_input, for the size.
Status read_preprocess(const CardReader& reader, ModelCard& card) {
  SIMILE_TRY(reader.check_keys({"resize", "resize_to", "crop", "mean", "std"}, {}));
  std::string resize = "shorter-side";
  SIMILE_TRY(reader.choice("resize", {"shorter-side", "stretch"}, resize));
  if (resize == "stretch") {
    card.resize = ModelCard::Resize::kStretch;
    SIMILE_TRY(reader.integer("resize_to", 0, 0, card.resize_to));
  } else {
    const std::uint32_t least = std::max(card.width, card.height);
    card.resize_to = least;
    SIMILE_TRY(reader.integer("resize_to", least, 8192, card.resize_to));
  }
  std::string crop = "center";
  SIMILE_TRY(reader.choice("crop", {"center"}, crop));
  SIMILE_TRY(reader.colour("mean", card.mean));
  SIMILE_TRY(reader.colour("std", card.std));
  if (std::ranges::any_of(card.std, [](float value) { return !(value > 0); })) {
    return reader.wrong("std", "must be greater than 0");
  }
  return {};
}

Status read_feature(const CardReader& reader, ModelCard& card) {
  SIMILE_ASSIGN(const CardReader output, reader.below("output"));
  SIMILE_TRY(output.check_keys({"name"}, {}));
  SIMILE_TRY(output.text("name", card.output_name));
  SIMILE_TRY(reader.integer("dimension", 1, kMaxDimension, card.dimension));
  std::string metric(name_of(card.metric));
  SIMILE_TRY(reader.choice("metric", {"cosine", "l2", "ip"}, metric));
  SIMILE_ASSIGN(card.metric, parse_metric(metric));
  return reader.boolean("normalize", card.normalize);
}

/// 0.485f as 0.485, not as the 0.48500001430511475 that it becomes as a double.
double shortest(float value) {
  char digits[32] = {};
  std::to_chars(digits, digits + sizeof digits - 1, value);
  return std::strtod(digits, nullptr);
}

}  // namespace

Result<ModelCard> ModelCard::parse(std::string_view json) {
  if (json.size() > kCardBytesMax) return bad_card("longer than 64 KiB");
  const Json object = Json::parse(json, nullptr, false);
  if (object.is_discarded()) return bad_card("not well-formed JSON");
  if (!object.is_object()) return bad_card("not a JSON object");
  const CardReader reader(object, "");
  SIMILE_TRY(
      reader.check_keys({"name", "version", "file", "sha256", "modality", "input", "preprocess",
                         "output", "dimension", "metric", "normalize", "license", "description"},
                        {"name", "file", "sha256", "input", "dimension"}));

  ModelCard card;
  SIMILE_TRY(read_identity(reader, card));
  SIMILE_ASSIGN(const CardReader input, reader.below("input"));
  SIMILE_TRY(read_input(input, card));
  SIMILE_ASSIGN(const CardReader preprocess, reader.below("preprocess"));
  SIMILE_TRY(read_preprocess(preprocess, card));
  SIMILE_TRY(read_feature(reader, card));
  SIMILE_TRY(reader.text("license", card.license));
  SIMILE_TRY(reader.text("description", card.description));
  return card;
}

std::string ModelCard::to_json() const {
  Json card;
  card["name"] = name;
  card["version"] = version;
  card["file"] = file;
  card["sha256"] = sha256;
  card["modality"] = "picture";
  card["input"] = {{"name", input_name}, {"width", width}, {"height", height}};
  Json& preprocess = card["preprocess"];
  preprocess["resize"] = resize == Resize::kStretch ? "stretch" : "shorter-side";
  if (resize == Resize::kShorterSide) preprocess["resize_to"] = resize_to;
  preprocess["mean"] = {shortest(mean[0]), shortest(mean[1]), shortest(mean[2])};
  preprocess["std"] = {shortest(std[0]), shortest(std[1]), shortest(std[2])};
  card["output"] = {{"name", output_name}};
  card["dimension"] = dimension;
  card["metric"] = name_of(metric);
  card["normalize"] = normalize;
  card["license"] = license;
  card["description"] = description;
  return card.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace simile
