#include "simile/pictures/picture_collection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "simile/pictures/fake_embedder.h"

namespace simile::pictures {
namespace {

using testing::HasSubstr;

TEST(SameFeatures, IsAboutWhatChangesNumbersAndNothingElse) {
  const ModelCard card = fake_card();
  const auto same_after = [&](const std::function<void(ModelCard&)>& change) {
    ModelCard other = card;
    change(other);
    return same_features(card, other);
  };
  EXPECT_TRUE(same_after([](ModelCard& c) { c.name = "other"; }));
  EXPECT_TRUE(same_after([](ModelCard& c) { c.version = 2; }));
  EXPECT_TRUE(same_after([](ModelCard& c) { c.file = "other.onnx"; }));
  EXPECT_TRUE(same_after([](ModelCard& c) { c.license = c.description = "x"; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.sha256[0] = '0'; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.input_name = "x"; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.width = 9; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.height = 9; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.resize = ModelCard::Resize::kStretch; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.resize_to = 9; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.mean[1] = 0.5f; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.std[2] = 0.5f; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.output_name = "x"; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.dimension = 5; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.metric = Metric::kL2; }));
  EXPECT_FALSE(same_after([](ModelCard& c) { c.normalize = false; }));
}

class PictureCollection : public testing::Test {
 protected:
  PictureCollection()
      : folder_(std::filesystem::temp_directory_path() /
                ("picture_collection." + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
    database_ = Database::open(folder_).value();
  }
  ~PictureCollection() override {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::shared_ptr<Collection> create(const Schema& schema) {
    return database_->create_collection("some", schema).value();
  }

  std::filesystem::path folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(PictureCollection, KeepsTheCardOfItsModel) {
  const auto collection = create(picture_schema(fake_card()).value());
  EXPECT_EQ(card_of(*collection)->to_json(), fake_card().to_json());
  EXPECT_TRUE(check_model(*collection, fake_card()));
}

TEST_F(PictureCollection, NamesBothModelsWhenTheyDiffer) {
  const auto collection = create(picture_schema(fake_card("modela")).value());
  const Status other = check_model(*collection, fake_card("modelb"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(other.error().message, testing::AllOf(HasSubstr("modela version 1 (sha256 aaaa"),
                                                    HasSubstr("modelb version 1 (sha256 bbbb")));
  ModelCard changed = fake_card("modela");
  changed.mean[0] = 0.25f;
  EXPECT_THAT(check_model(*collection, changed).error().message,
              HasSubstr("whose card prepares pictures differently"));
}

TEST_F(PictureCollection, IsNotTakenFromOthersWithOtherFields) {
  std::vector<Field> fields = picture_schema(fake_card())->fields();
  fields.pop_back();
  const auto collection = create(Schema::make(fields).value());
  const Result<ModelCard> card = card_of(*collection);
  EXPECT_EQ(card.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(card.error().message,
              HasSubstr("'some' does not hold pictures: it has no field 'height'"));
}

TEST_F(PictureCollection, IsNotTakenFromOthersWithoutAModel) {
  std::vector<Field> fields = picture_schema(fake_card())->fields();
  for (Field& field : fields) field.model_card.clear();
  const auto collection = create(Schema::make(fields).value());
  EXPECT_THAT(card_of(*collection).error().message, HasSubstr("has no model card"));
}

TEST_F(PictureCollection, IsNotTakenFromOthersWithOtherTypes) {
  std::vector<Field> fields = picture_schema(fake_card())->fields();
  for (Field& field : fields) {
    if (field.name == kBytes) field.type = FieldType::kDouble;
  }
  const auto collection = create(Schema::make(fields).value());
  EXPECT_THAT(card_of(*collection).error().message, HasSubstr("its field 'bytes' is double"));
}

TEST_F(PictureCollection, NeedsTheModelItWasMadeWith) {
  const auto collection = create(picture_schema(fake_card("gone")).value());
  const Result<RegisteredModel> model = model_for(*collection, "");
  EXPECT_EQ(model.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(model.error().message,
              testing::AllOf(HasSubstr("made with the model gone version 1 (sha256 eeee"),
                             HasSubstr("name its file, gone.onnx, with --model")));
}

}  // namespace
}  // namespace simile::pictures
