#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "simile/features.h"

namespace simile {
namespace {

const std::string kSha(64, 'a');

/// The smallest card, with one value put in place or added, or left out where it is empty. A key
/// is "name" or "input.width".
std::string card_with(const std::string& key = "", const std::string& value = "") {
  std::map<std::string, std::string> members = {
      {"name", "\"tiny\""},  {"file", "\"tiny.onnx\""}, {"sha256", "\"" + kSha + "\""},
      {"input.width", "32"}, {"input.height", "24"},    {"dimension", "16"}};
  if (!key.empty()) {
    std::erase_if(members, [&](const auto& member) { return member.first.starts_with(key + "."); });
    members[key] = value;
  }
  std::map<std::string, std::string> objects;
  for (const auto& [name, text] : members) {
    if (text.empty()) continue;
    const std::size_t dot = name.find('.');
    std::string& object = objects[dot == std::string::npos ? "" : name.substr(0, dot)];
    object += (object.empty() ? "\"" : ", \"") + name.substr(dot + 1) + "\": " + text;
  }
  std::string json = "{" + objects[""];
  for (const auto& [name, object] : objects) {
    if (!name.empty()) json += ", \"" + name + "\": {" + object + "}";
  }
  return json + "}";
}

std::string error_of(const std::string& json) {
  const Result<ModelCard> card = ModelCard::parse(json);
  if (card) return "no error";
  EXPECT_EQ(card.error().code, ErrorCode::kInvalidArgument);
  return card.error().message;
}

TEST(ModelCard, FillsInDefaults) {
  const Result<ModelCard> card = ModelCard::parse(card_with());
  ASSERT_TRUE(card) << card.error().message;
  EXPECT_EQ(card->name, "tiny");
  EXPECT_EQ(card->version, 1u);
  EXPECT_EQ(card->width, 32u);
  EXPECT_EQ(card->height, 24u);
  EXPECT_EQ(card->resize, ModelCard::Resize::kShorterSide);
  EXPECT_EQ(card->resize_to, 32u);
  EXPECT_EQ(card->std[2], 1.0f);
  EXPECT_EQ(card->metric, Metric::kCosine);
  EXPECT_TRUE(card->normalize);
}

TEST(ModelCard, SurvivesTheRoundTrip) {
  ModelCard card;
  card.name = "a.b_c-1";
  card.version = 7;
  card.file = "model with \"quotes\".onnx";
  card.sha256 = kSha;
  card.input_name = "pixels";
  card.width = 128;
  card.height = 96;
  card.resize_to = 146;
  card.mean[0] = 0.485f;
  card.std[1] = 0.1f;
  card.output_name = "feature";
  card.dimension = 65536;
  card.metric = Metric::kInnerProduct;
  card.normalize = false;
  card.license = "Apache-2.0";
  card.description = "dégradé 图片";
  const Result<ModelCard> again = ModelCard::parse(card.to_json());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->to_json(), card.to_json());
  EXPECT_EQ(again->mean[0], 0.485f);
  EXPECT_EQ(again->resize_to, 146u);
  EXPECT_EQ(again->metric, Metric::kInnerProduct);
  EXPECT_EQ(again->description, card.description);

  card.resize = ModelCard::Resize::kStretch;
  card.resize_to = 0;
  const Result<ModelCard> stretched = ModelCard::parse(card.to_json());
  ASSERT_TRUE(stretched) << stretched.error().message;
  EXPECT_EQ(stretched->resize, ModelCard::Resize::kStretch);
}

TEST(ModelCard, WritesNumbersAsPeopleDo) {
  ModelCard card;
  card.mean[0] = 0.485f;
  EXPECT_NE(card.to_json().find("0.485,"), std::string::npos) << card.to_json();
}

TEST(ModelCard, NamesTheMissingKey) {
  for (const char* key : {"name", "file", "sha256", "input.width", "input.height", "dimension"}) {
    EXPECT_EQ(error_of(card_with(key, "")), "model card: '" + std::string(key) + "' is missing");
  }
}

TEST(ModelCard, ListsTheKnownKeysForAnUnknownOne) {
  const std::string error = error_of(card_with("colour", "1"));
  EXPECT_NE(error.find("unknown key 'colour'"), std::string::npos) << error;
  EXPECT_NE(error.find("name, version, file"), std::string::npos) << error;
  for (const char* key : {"input.x", "preprocess.x", "output.x"}) {
    EXPECT_NE(error_of(card_with(key, "1")).find(std::string("unknown key '") + key),
              std::string::npos);
  }
}

TEST(ModelCard, RefusesEveryBadValueAndNamesItsKey) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"name", "\"\""},
      {"name", "\".hidden\""},
      {"name", "\"-flag\""},
      {"name", "\"a/b\""},
      {"name", "\"" + std::string(65, 'n') + "\""},
      {"name", "3"},
      {"version", "0"},
      {"version", "-1"},
      {"version", "1.5"},
      {"version", "4294967296"},
      {"version", "\"1\""},
      {"file", "\"\""},
      {"file", "\"..\""},
      {"file", "\"../secret.onnx\""},
      {"file", "\"/etc/passwd\""},
      {"file", "\"a\\\\b\""},
      {"file", "\"a\\u0000b\""},
      {"file", "null"},
      {"sha256", "\"\""},
      {"sha256", "\"" + std::string(64, 'A') + "\""},
      {"sha256", "\"" + std::string(63, 'a') + "\""},
      {"sha256", "\"" + std::string(64, 'g') + "\""},
      {"modality", "\"sound\""},
      {"input", "128"},
      {"input.name", "1"},
      {"input.layout", "\"CHW\""},
      {"input.color", "\"BGR\""},
      {"preprocess", "[]"},
      {"preprocess.crop", "\"none\""},
      {"output", "\"feature\""},
      {"input.width", "7"},
      {"input.width", "4097"},
      {"input.width", "-32"},
      {"input.width", "32.0"},
      {"input.height", "0"},
      {"input.height", "[]"},
      {"preprocess.resize", "\"crop\""},
      {"preprocess.resize", "true"},
      {"preprocess.resize_to", "31"},
      {"preprocess.resize_to", "8193"},
      {"preprocess.mean", "0.5"},
      {"preprocess.mean", "[1, 2]"},
      {"preprocess.mean", "[1, 2, 3, 4]"},
      {"preprocess.mean", "[1, 2, \"3\"]"},
      {"preprocess.mean", "[1, 2, 1e60]"},
      {"preprocess.std", "[1, 0, 1]"},
      {"preprocess.std", "[1, -1, 1]"},
      {"output.name", "{}"},
      {"dimension", "0"},
      {"dimension", "65537"},
      {"metric", "\"manhattan\""},
      {"metric", "\"hamming\""},
      {"metric", "1"},
      {"normalize", "1"},
      {"license", "false"},
      {"description", "[]"},
  };
  for (const auto& [key, value] : bad) {
    const std::string error = error_of(card_with(key, value));
    EXPECT_NE(error.find("'" + key + "'"), std::string::npos)
        << key << " = " << value << ": " << error;
  }
}

TEST(ModelCard, RefusesResizeToBesideStretch) {
  std::string json = card_with("preprocess.resize", "\"stretch\"");
  EXPECT_TRUE(ModelCard::parse(json));
  json.insert(json.size() - 2, ", \"resize_to\": 40");
  EXPECT_NE(error_of(json).find("'preprocess.resize_to'"), std::string::npos);
}

TEST(ModelCard, RefusesWhatIsNoJsonObject) {
  for (const std::string json :
       {"", "{", "[]", "null", "\"card\"", "{\"name\": }", "\xff\xfe", "{\"name\": 1e999}"}) {
    EXPECT_NE(error_of(json).find("JSON"), std::string::npos) << json;
  }
  EXPECT_EQ(error_of(std::string(100'000, ' ')), "model card: longer than 64 KiB");
  EXPECT_NE(error_of(std::string(60'000, '[')).find("JSON"), std::string::npos);
}

TEST(ModelCard, NeverCrashesOnCutText) {
  const std::string json = card_with("preprocess.mean", "[0.1, 0.2, 0.3]");
  for (std::size_t length = 0; length < json.size(); ++length) {
    EXPECT_FALSE(ModelCard::parse(json.substr(0, length))) << length;
  }
}

}  // namespace
}  // namespace simile
