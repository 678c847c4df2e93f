#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "simile/base/random.h"
#include "simile/features/model_runtime.h"
#include "simile/features/openvino/onnx_writer.h"

namespace simile::features {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kWidth = 8;
constexpr std::uint32_t kHeight = 12;
constexpr std::size_t kInputFloats = std::size_t{3} * kWidth * kHeight;

/// The mean of each colour, as a model: features that a test can compute.
const OnnxNode kPool{.op = "GlobalAveragePool", .inputs = {"pixels"}, .outputs = {"feature"}};
const OnnxPort kPixels{.name = "pixels", .shape = {-1, 3, -1, -1}};
const OnnxPort kFeature{.name = "feature", .shape = {-1, 3, 1, 1}};

class OpenVinoTest : public testing::Test {
 protected:
  OpenVinoTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("openvino_test." + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    card_.name = "means";
    card_.width = kWidth;
    card_.height = kHeight;
    card_.dimension = 3;
  }
  ~OpenVinoTest() override { std::filesystem::remove_all(folder_); }

  Result<std::unique_ptr<LoadedModel>> load(const std::string& bytes, std::uint32_t threads = 2) {
    const std::string path = folder_ / "model.onnx";
    std::ofstream(path, std::ios::binary) << bytes;
    const Result<const ModelRuntime*> runtime = model_runtime();
    if (!runtime) return std::unexpected(runtime.error());
    return (*runtime)->load(path, card_, threads);
  }

  std::string error_of(const std::string& bytes) {
    const auto model = load(bytes);
    if (model) return "no error";
    EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(model.error().message.find('\n'), std::string::npos);
    EXPECT_THAT(model.error().message, HasSubstr("model.onnx: "));
    return model.error().message;
  }

  static std::vector<float> random_pictures(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> pictures(count * kInputFloats);
    for (float& value : pictures) value = static_cast<float>(random.uniform());
    return pictures;
  }

  /// What the model must give for planar pictures.
  static std::vector<float> means_of(const std::vector<float>& pictures) {
    std::vector<float> means;
    constexpr std::size_t kPlane = std::size_t{kWidth} * kHeight;
    for (std::size_t at = 0; at < pictures.size(); at += kPlane) {
      double sum = 0;
      for (std::size_t i = 0; i < kPlane; ++i) sum += pictures[at + i];
      means.push_back(static_cast<float>(sum / kPlane));
    }
    return means;
  }

  static void expect_means(const LoadedModel& model, std::size_t count, double tolerance = 1e-5) {
    const std::vector<float> pictures = random_pictures(count, count);
    std::vector<float> features(count * 3);
    const Status status = model.infer(pictures, count, features);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_THAT(features, testing::Pointwise(testing::FloatNear(static_cast<float>(tolerance)),
                                             means_of(pictures)));
  }

  std::filesystem::path folder_;
  ModelCard card_;
};

TEST_F(OpenVinoTest, RunsAModelOnAnyNumberOfPictures) {
  const auto model = load(write_onnx({kPool}, {kPixels}, {kFeature}));
  ASSERT_TRUE(model) << model.error().message;
  for (const std::size_t count : {0, 1, 2, 3, 7, 64}) expect_means(**model, count);
}

TEST_F(OpenVinoTest, GivesTheSameBitsForEveryBatchAndNumberOfThreads) {
  const std::string bytes = write_onnx({kPool}, {kPixels}, {kFeature});
  const std::vector<float> pictures = random_pictures(9, 1);
  std::vector<float> one_by_one(27);
  const auto single = load(bytes, 1);
  ASSERT_TRUE(single) << single.error().message;
  for (std::size_t i = 0; i < 9; ++i) {
    ASSERT_TRUE((*single)->infer(std::span(pictures).subspan(i * kInputFloats, kInputFloats), 1,
                                 std::span(one_by_one).subspan(i * 3, 3)));
  }
  for (const std::uint32_t threads : {1u, 2u, 5u}) {
    const auto model = load(bytes, threads);
    ASSERT_TRUE(model);
    std::vector<float> together(27);
    ASSERT_TRUE((*model)->infer(pictures, 9, together));
    EXPECT_EQ(together, one_by_one) << threads;
  }
}

TEST_F(OpenVinoTest, MayBeCalledFromManyThreadsAtOnce) {
  const auto model = load(write_onnx({kPool}, {kPixels}, {kFeature}));
  ASSERT_TRUE(model);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 20; ++i) expect_means(**model, 1 + (t + i) % 5);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(OpenVinoTest, TakesModelsOfFixedSize) {
  const auto model = load(write_onnx({kPool}, {{.name = "pixels", .shape = {1, 3, 12, 8}}},
                                     {{.name = "feature", .shape = {1, 3, 1, 1}}}));
  ASSERT_TRUE(model) << model.error().message;
  expect_means(**model, 3);
}

TEST_F(OpenVinoTest, TakesColoursLast) {
  const OnnxNode mean{
      .op = "ReduceMean", .inputs = {"pixels"}, .outputs = {"feature"}, .axes = {1, 2}};
  const auto model = load(write_onnx({mean}, {{.name = "pixels", .shape = {1, 12, 8, 3}}},
                                     {{.name = "feature", .shape = {1, 1, 1, 3}}}));
  ASSERT_TRUE(model) << model.error().message;
  expect_means(**model, 3);
}

TEST_F(OpenVinoTest, TakesBytesAsInput) {
  const OnnxNode cast{.op = "Cast", .inputs = {"pixels"}, .outputs = {"floats"}, .cast_to = 1};
  const OnnxNode pool{.op = "GlobalAveragePool", .inputs = {"floats"}, .outputs = {"feature"}};
  const auto model = load(write_onnx(
      {cast, pool}, {{.name = "pixels", .shape = {1, 3, 12, 8}, .element = 2}}, {kFeature}));
  ASSERT_TRUE(model) << model.error().message;
  std::vector<float> feature(3);
  ASSERT_TRUE((*model)->infer(std::vector<float>(kInputFloats, 200.0f), 1, feature));
  EXPECT_THAT(feature, testing::Each(200.0f));
}

TEST_F(OpenVinoTest, TakesTheOutputThatTheCardNames) {
  const OnnxNode other{.op = "Relu", .inputs = {"pixels"}, .outputs = {"other"}};
  const std::string bytes = write_onnx({other, kPool}, {kPixels},
                                       {{.name = "other", .shape = {-1, 3, -1, -1}}, kFeature});
  EXPECT_THAT(error_of(bytes), HasSubstr("has 2 outputs; name one as output_name; it has other"));
  card_.output_name = "feature";
  const auto model = load(bytes);
  ASSERT_TRUE(model) << model.error().message;
  expect_means(**model, 2);
}

TEST_F(OpenVinoTest, SaysWhatTheModelHasInstead) {
  const std::string bytes = write_onnx({kPool}, {kPixels}, {kFeature});
  card_.input_name = "image";
  EXPECT_THAT(error_of(bytes), HasSubstr("has no input 'image'; it has pixels"));
  card_.input_name = "pixels";
  card_.output_name = "logits";
  EXPECT_THAT(error_of(bytes), HasSubstr("has no output 'logits'; it has feature"));
  card_.output_name = "";
  card_.dimension = 4;
  EXPECT_THAT(error_of(bytes), HasSubstr("gives [1,3,1,1] for one picture, but the card says 4"));
}

TEST_F(OpenVinoTest, RefusesWhatIsNoPictureModel) {
  const OnnxNode relu{.op = "Relu", .inputs = {"pixels"}, .outputs = {"feature"}};
  EXPECT_THAT(error_of(write_onnx({relu}, {{.name = "pixels", .shape = {1, 128}}},
                                  {{.name = "feature", .shape = {1, 128}}})),
              HasSubstr("not a batch of pictures"));
  const OnnxNode add{.op = "Add", .inputs = {"pixels", "more"}, .outputs = {"feature"}};
  EXPECT_THAT(error_of(write_onnx({add}, {kPixels, {.name = "more", .shape = {-1, 3, -1, -1}}},
                                  {{.name = "feature", .shape = {-1, 3, -1, -1}}})),
              HasSubstr("a picture model has one"));
}

TEST_F(OpenVinoTest, RefusesDamagedModels) {
  EXPECT_THAT(error_of("this is no model"), HasSubstr("not a model that OpenVINO can run"));
  EXPECT_THAT(error_of(""), HasSubstr("has 0 inputs"));
  testing::internal::CaptureStderr();
  EXPECT_FALSE(load(std::string(4000, 'j')));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");  // the message is all there is
  std::string bytes = write_onnx({kPool}, {kPixels}, {kFeature});
  bytes.resize(bytes.size() / 2);
  EXPECT_THAT(error_of(bytes), HasSubstr("model.onnx"));
}

}  // namespace
}  // namespace simile::features
