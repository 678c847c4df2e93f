#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "simile/features.h"
#include "simile/features/sha256.h"

namespace simile {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Two folders of models: what came with Simile, and what the user added.
class Registry : public testing::Test {
 protected:
  Registry() : root_(fs::temp_directory_path() / ("registry_test." + std::to_string(getpid()))) {
    fs::remove_all(root_);
    for (const char* name : {"built_in", "elsewhere"}) fs::create_directories(root_ / name);
    setenv("SIMILE_MODELS_BUILTIN", (root_ / "built_in").c_str(), 1);
    setenv("SIMILE_MODELS", (root_ / "user").c_str(), 1);
  }
  ~Registry() override {
    unsetenv("SIMILE_MODELS_BUILTIN");
    unsetenv("SIMILE_MODELS");
    fs::remove_all(root_);
  }

  /// Writes a model file of the given bytes with its card; returns the path of the file.
  fs::path put_model(const std::string& folder, const std::string& name, const std::string& bytes,
                     const std::string& file = "") {
    ModelCard card;
    card.name = name;
    card.file = file.empty() ? name + ".onnx" : file;
    card.sha256 = features::sha256_of(std::as_bytes(std::span(bytes)));
    card.width = card.height = card.resize_to = 32;
    card.dimension = 8;
    const fs::path path = root_ / folder / card.file;
    std::ofstream(path) << bytes;
    std::ofstream(fs::path(path).replace_extension(".json")) << card.to_json();
    return path;
  }

  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const RegisteredModel& model : list_models()) names.push_back(model.card.name);
    return names;
  }

  fs::path root_;
};

TEST_F(Registry, ListsBothFoldersByName) {
  EXPECT_THAT(names(), testing::IsEmpty());
  put_model("built_in", "photo", "1");
  put_model("built_in", "art", "2");
  ASSERT_TRUE(add_model(put_model("elsewhere", "face", "3")));
  EXPECT_THAT(names(), testing::ElementsAre("art", "face", "photo"));
  EXPECT_TRUE(list_models()[0].built_in);
  EXPECT_FALSE(list_models()[1].built_in);
}

TEST_F(Registry, LeavesOutBrokenCards) {
  std::ofstream(root_ / "built_in" / "broken.json") << "{";
  std::ofstream(root_ / "built_in" / "notes.txt") << "notes";
  fs::create_directory(root_ / "built_in" / "folder.json");
  put_model("built_in", "photo", "1");
  EXPECT_THAT(names(), testing::ElementsAre("photo"));
}

TEST_F(Registry, FindsByNameByCardAndByFile) {
  const fs::path file = put_model("elsewhere", "face", "3");
  const fs::path card = fs::path(file).replace_extension(".json");
  EXPECT_EQ(find_model(file)->card_path, card);
  EXPECT_EQ(find_model(card)->card.name, "face");
  EXPECT_FALSE(find_model("face"));
  ASSERT_TRUE(add_model(file));
  EXPECT_EQ(find_model("face")->card_path, root_ / "user" / "face.json");
}

TEST_F(Registry, TakesTheDefaultModelForNoName) {
  EXPECT_THAT(find_model("").error().message, HasSubstr("'" + default_model() + "'"));
  put_model("built_in", default_model(), "1");
  EXPECT_EQ(find_model("")->card.name, default_model());
}

TEST_F(Registry, ListsTheKnownNamesForAnUnknownOne) {
  EXPECT_THAT(find_model("nothing").error().message, HasSubstr("known: none"));
  put_model("built_in", "art", "1");
  put_model("built_in", "photo", "2");
  const Result<RegisteredModel> model = find_model("nothing");
  EXPECT_EQ(model.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(model.error().message, HasSubstr("known: art, photo"));
}

TEST_F(Registry, AsksForTheCardOfAFileWithoutOne) {
  std::ofstream(root_ / "elsewhere" / "bare.onnx") << "1";
  const Result<RegisteredModel> model = find_model(root_ / "elsewhere" / "bare.onnx");
  EXPECT_EQ(model.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(model.error().message, HasSubstr("python -m simile.export"));
}

TEST_F(Registry, RefusesTheCardOfAnotherFile) {
  fs::rename(put_model("elsewhere", "face", "3"), root_ / "elsewhere" / "face.tflite");
  EXPECT_THAT(find_model(root_ / "elsewhere" / "face.tflite").error().message,
              HasSubstr("is the card of face.onnx, not of face.tflite"));
}

TEST_F(Registry, NamesTheCardThatIsBroken) {
  std::ofstream(root_ / "elsewhere" / "broken.json") << "{}";
  EXPECT_THAT(find_model(root_ / "elsewhere" / "broken.json").error().message,
              testing::AllOf(HasSubstr("broken.json: model card: "), HasSubstr("is missing")));
}

TEST_F(Registry, AddsACopyUnderTheNameOfTheCard) {
  const Result<RegisteredModel> added =
      add_model(put_model("elsewhere", "face", "weights", "model.onnx"));
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(added->card.file, "face.onnx");
  fs::remove_all(root_ / "elsewhere");
  EXPECT_EQ(features::sha256_of_file(root_ / "user" / "face.onnx").value(), added->card.sha256);
  EXPECT_EQ(find_model("face")->card.to_json(), added->card.to_json());
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ / "user"), fs::directory_iterator{}), 2);
}

TEST_F(Registry, AddsTheSameModelTwiceAndAnotherOfItsNameNever) {
  const fs::path file = put_model("elsewhere", "face", "weights", "model.onnx");
  ASSERT_TRUE(add_model(file));
  EXPECT_TRUE(add_model(file));
  const Result<RegisteredModel> other = add_model(put_model("elsewhere", "face", "other"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(other.error().message, HasSubstr("'face'"));
  EXPECT_EQ(features::sha256_of_file(root_ / "user" / "face.onnx").value(),
            features::sha256_of(std::as_bytes(std::span("weights", 7))));
}

TEST_F(Registry, RefusesToAddAFileThatIsNotTheOneOfItsCard) {
  const fs::path file = put_model("elsewhere", "face", "weights");
  std::ofstream(file) << "changed";
  EXPECT_EQ(add_model(file).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(fs::exists(root_ / "user" / "face.json"));
  EXPECT_EQ(add_model("/no/such.onnx").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(add_model(root_ / "elsewhere").error().code, ErrorCode::kNotFound);
}

TEST_F(Registry, RefusesToOpenAFileThatIsNotTheOneOfItsCard) {
  const fs::path file = put_model("elsewhere", "face", "weights");
  std::ofstream(file) << "changed";
  const auto embedder = PictureEmbedder::open(file);
  ASSERT_FALSE(embedder);
  EXPECT_EQ(embedder.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(embedder.error().message, HasSubstr("is not the file of its card: sha256 "));
}

}  // namespace
}  // namespace simile
