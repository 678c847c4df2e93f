#pragma once
/// A model for tests: a picture is the text "picture N", its feature is a function of N.

#include <atomic>
#include <charconv>
#include <cmath>
#include <functional>
#include <string>
#include <string_view>

#include "simile/features.h"

namespace simile::pictures {

inline ModelCard fake_card(const std::string& name = "fake") {
  ModelCard card;
  card.name = name;
  card.file = name + ".onnx";
  card.sha256 = std::string(64, name.back());
  card.width = card.height = card.resize_to = 8;
  card.dimension = 4;
  return card;
}

class FakeEmbedder final : public PictureEmbedder {
 public:
  explicit FakeEmbedder(ModelCard card = fake_card()) : card_(std::move(card)) {}

  const ModelCard& card() const override { return card_; }
  std::size_t input_floats() const override { return 2; }

  Result<PictureSize> prepare(std::span<const std::byte> encoded, const PictureLimits&,
                              std::span<float> input) const override {
    ++prepared;
    if (on_prepare) on_prepare();
    const std::string_view text(reinterpret_cast<const char*>(encoded.data()), encoded.size());
    std::uint32_t number = 0;
    if (!text.starts_with("picture ") ||
        std::from_chars(text.data() + 8, text.data() + text.size(), number).ec != std::errc{}) {
      return fail(ErrorCode::kInvalidArgument, "is no picture");
    }
    input[0] = static_cast<float>(number);
    input[1] = 1;
    return PictureSize{number, 100};
  }

  Status infer(std::span<const float> inputs, std::size_t count,
               std::span<float> features) const override {
    inferred += count;
    for (std::size_t i = 0; i < count; ++i) {
      const std::vector<float> feature = feature_of(inputs[2 * i]);
      std::copy(feature.begin(), feature.end(), features.begin() + static_cast<long>(4 * i));
    }
    return infer_result;
  }

  Result<std::vector<float>> embed(std::span<const std::byte> encoded,
                                   const PictureLimits& limits) const override {
    float input[2];
    const Result<PictureSize> size = prepare(encoded, limits, input);
    if (!size) return std::unexpected(size.error());
    return feature_of(input[0]);
  }

  /// Picture 0 is one that the model gives nothing for.
  static std::vector<float> feature_of(float number) {
    if (number == 0) return std::vector<float>(4);
    return {std::sin(number), std::cos(number), std::sin(number * 2), 1};
  }

  mutable std::atomic<std::size_t> prepared = 0;
  mutable std::atomic<std::size_t> inferred = 0;
  std::function<void()> on_prepare;
  Status infer_result;

 private:
  ModelCard card_;
};

}  // namespace simile::pictures
