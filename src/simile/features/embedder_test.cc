/// The default model on pictures made here; skipped where codec or runtime were not built.

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "simile/base/bytes.h"
#include "simile/features.h"
#include "simile/features/model_runtime.h"
#include "simile/features/picture_codec.h"

namespace simile {
namespace {

using Bytes = std::vector<std::byte>;

/// A BMP of 24 bits, which needs no encoder: a pattern of `kind`, `side` x `side`.
Bytes picture_of(std::uint32_t kind, std::uint32_t side) {
  ByteWriter pixels;
  for (std::uint32_t y = 0; y < side; ++y) {
    for (std::uint32_t x = 0; x < side; ++x) {
      const double angle = kind * 0.7;
      const double wave = std::sin((x * std::cos(angle) + y * std::sin(angle)) * 40 / side);
      const auto level = static_cast<std::uint8_t>(127 + 120 * wave);
      pixels.put(level);
      pixels.put(static_cast<std::uint8_t>(kind * 60));
      pixels.put(static_cast<std::uint8_t>(255 - level));
    }
    while (pixels.size() % 4 != 0) pixels.put(std::uint8_t{0});
  }
  ByteWriter file;
  file.put(std::uint16_t{0x4D42});
  file.put(static_cast<std::uint32_t>(54 + pixels.size()));
  file.put(std::uint32_t{0});
  file.put(std::uint32_t{54});
  for (const std::uint32_t value : {40u, side, side, 24u << 16 | 1u}) file.put(value);
  for (int i = 0; i < 6; ++i) file.put(std::uint32_t{0});
  file.put_bytes(pixels.bytes());
  return file.take();
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double product = 0;
  for (std::size_t i = 0; i < a.size(); ++i) product += static_cast<double>(a[i]) * b[i];
  return product;
}

class Embedder : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto codec = features::picture_codec(); !codec) {
      GTEST_SKIP() << codec.error().message;
    }
    if (const auto runtime = features::model_runtime(); !runtime) {
      GTEST_SKIP() << runtime.error().message;
    }
    embedder_ = open(2);
  }

  static std::unique_ptr<PictureEmbedder> open(std::uint32_t threads) {
    auto embedder = PictureEmbedder::open("", threads);
    EXPECT_TRUE(embedder) << embedder.error().message;
    return *std::move(embedder);
  }

  std::vector<float> embed(const Bytes& picture) const {
    const Result<std::vector<float>> feature = embedder_->embed(picture);
    EXPECT_TRUE(feature) << feature.error().message;
    return *feature;
  }

  std::unique_ptr<PictureEmbedder> embedder_;
};

TEST_F(Embedder, GivesNormalizedFeaturesOfTheCardsDimension) {
  const std::vector<float> feature = embed(picture_of(1, 200));
  EXPECT_EQ(feature.size(), embedder_->card().dimension);
  EXPECT_NEAR(cosine(feature, feature), 1.0, 1e-5);
}

TEST_F(Embedder, FindsAPictureMoreSimilarToItsSmallerSelfThanToOthers) {
  for (std::uint32_t kind = 0; kind < 4; ++kind) {
    const std::vector<float> query = embed(picture_of(kind, 300));
    const double self = cosine(query, embed(picture_of(kind, 150)));
    EXPECT_GT(self, 0.9);
    for (std::uint32_t other = 0; other < 4; ++other) {
      if (other == kind) continue;
      EXPECT_GT(self, cosine(query, embed(picture_of(other, 300)))) << kind << " and " << other;
    }
  }
}

TEST_F(Embedder, GivesTheSameBitsForEveryBatchAndNumberOfThreads) {
  constexpr std::size_t kCount = 5;
  std::vector<std::vector<float>> single;
  std::vector<float> inputs;
  for (std::uint32_t kind = 0; kind < kCount; ++kind) {
    const Bytes picture = picture_of(kind, 100 + 37 * kind);
    single.push_back(embed(picture));
    std::vector<float> input(embedder_->input_floats());
    const Result<PictureSize> size = embedder_->prepare(picture, {}, input);
    ASSERT_TRUE(size);
    EXPECT_EQ(size->width, 100 + 37 * kind);
    inputs.insert(inputs.end(), input.begin(), input.end());
  }
  for (const std::uint32_t threads : {1u, 2u, 4u}) {
    const auto other = open(threads);
    const std::size_t dimension = other->card().dimension;
    std::vector<float> features(kCount * dimension);
    ASSERT_TRUE(other->infer(inputs, kCount, features));
    for (std::size_t i = 0; i < kCount; ++i) {
      const auto first = features.begin() + static_cast<std::ptrdiff_t>(i * dimension);
      EXPECT_TRUE(std::equal(single[i].begin(), single[i].end(), first))
          << threads << " threads, picture " << i;
    }
  }
}

TEST_F(Embedder, MayBeCalledFromManyThreadsAtOnce) {
  const std::vector<float> wanted = embed(picture_of(1, 120));
  std::vector<std::thread> threads;
  std::atomic<int> same = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) same += embedder_->embed(picture_of(1, 120)) == wanted;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, 20);
}

TEST_F(Embedder, PassesOnWhyAPictureCannotBeRead) {
  Bytes cut = picture_of(1, 100);
  cut.resize(1000);
  const Result<std::vector<float>> feature = embedder_->embed(cut);
  ASSERT_FALSE(feature);
  EXPECT_EQ(feature.error().message, "BMP: cut short in its pixels");
}

TEST(Thumbnail, IsASmallJpegOfTheSameShape) {
  if (const auto codec = features::picture_codec(); !codec) GTEST_SKIP() << codec.error().message;
  const Result<Bytes> thumbnail = make_thumbnail(picture_of(1, 300), 64);
  ASSERT_TRUE(thumbnail) << thumbnail.error().message;
  EXPECT_LT(thumbnail->size(), 5000u);
  const auto pixels = (*features::picture_codec())
                          ->decode(*thumbnail, {},
                                   {.fit = features::Framing::Fit::kInside,
                                    .width = 999,
                                    .height = 999,
                                    .shorter_side = 0});
  ASSERT_TRUE(pixels);
  EXPECT_EQ(pixels->width, 64u);
  EXPECT_EQ(pixels->height, 64u);
}

TEST(Thumbnail, RefusesASideThatIsNoSide) {
  EXPECT_EQ(make_thumbnail({}, 0).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(make_thumbnail({}, 5000).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace simile
