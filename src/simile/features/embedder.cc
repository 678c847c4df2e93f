/// Ties codec, runtime and card together; see features.h.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/parallel.h"
#include "simile/base/text.h"
#include "simile/features.h"
#include "simile/features/feature_math.h"
#include "simile/features/model_runtime.h"
#include "simile/features/picture_codec.h"
#include "simile/features/sha256.h"

namespace simile {
namespace {

using features::Framing;

Framing framing_of(const ModelCard& card) {
  const bool stretch = card.resize == ModelCard::Resize::kStretch;
  return {.fit = stretch ? Framing::Fit::kStretch : Framing::Fit::kCover,
          .width = card.width,
          .height = card.height,
          .shorter_side = card.resize_to};
}

class Embedder final : public PictureEmbedder {
 public:
  Embedder(ModelCard card, const features::PictureCodec& codec,
           std::unique_ptr<features::LoadedModel> model)
      : card_(std::move(card)), codec_(codec), model_(std::move(model)) {}

  const ModelCard& card() const override { return card_; }

  std::size_t input_floats() const override { return std::size_t{3} * card_.width * card_.height; }

  Result<PictureSize> prepare(std::span<const std::byte> encoded, const PictureLimits& limits,
                              std::span<float> input) const override {
    SIMILE_CHECK(input.size() == input_floats());
    SIMILE_ASSIGN(const features::Pixels pixels, codec_.decode(encoded, limits, framing_of(card_)));
    features::to_planes(pixels.rgb, card_, input);
    return pixels.original;
  }

  Status infer(std::span<const float> inputs, std::size_t count,
               std::span<float> features) const override {
    SIMILE_TRY(model_->infer(inputs, count, features));
    if (!card_.normalize) return {};
    for (std::size_t i = 0; i < count; ++i) {
      features::normalize(features.subspan(i * card_.dimension, card_.dimension));
    }
    return {};
  }

  Result<std::vector<float>> embed(std::span<const std::byte> encoded,
                                   const PictureLimits& limits) const override {
    std::vector<float> input(input_floats());
    std::vector<float> feature(card_.dimension);
    SIMILE_TRY(prepare(encoded, limits, input));
    SIMILE_TRY(infer(input, 1, feature));
    if (!features::has_length(feature)) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("model ", card_.name, " gives no usable feature for this picture"));
    }
    return feature;
  }

 private:
  ModelCard card_;
  const features::PictureCodec& codec_;
  std::unique_ptr<features::LoadedModel> model_;
};

}  // namespace

Result<std::unique_ptr<PictureEmbedder>> PictureEmbedder::open(const std::string& model,
                                                               std::uint32_t threads) {
  SIMILE_ASSIGN(RegisteredModel registered, find_model(model));
  const std::filesystem::path folder = std::filesystem::path(registered.card_path).parent_path();
  const std::string file = folder / registered.card.file;
  SIMILE_ASSIGN(const std::string sha256, features::sha256_of_file(file));
  if (sha256 != registered.card.sha256) {
    return fail(ErrorCode::kFailedPrecondition,
                join_text(file, ": is not the file of its card: sha256 ", sha256, ", but ",
                          registered.card_path, " says ", registered.card.sha256));
  }
  SIMILE_ASSIGN(const features::PictureCodec* codec, features::picture_codec());
  SIMILE_ASSIGN(const features::ModelRuntime* runtime, features::model_runtime());
  SIMILE_ASSIGN(auto loaded, runtime->load(file, registered.card, resolve_threads(threads)));
  return std::make_unique<Embedder>(std::move(registered.card), *codec, std::move(loaded));
}

Result<std::vector<std::byte>> make_thumbnail(std::span<const std::byte> encoded,
                                              std::uint32_t side, const PictureLimits& limits) {
  if (side == 0 || side > 4096) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("side of a thumbnail is ", side, ", must be 1 to 4096"));
  }
  SIMILE_ASSIGN(const features::PictureCodec* codec, features::picture_codec());
  const Framing framing{.fit = Framing::Fit::kInside, .width = side, .height = side};
  SIMILE_ASSIGN(const features::Pixels pixels, codec->decode(encoded, limits, framing));
  return codec->encode_jpeg(pixels);
}

}  // namespace simile
