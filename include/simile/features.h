#pragma once
/// Pictures to vectors, through a model described by a card.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simile/error.h"
#include "simile/types.h"

namespace simile {

/// What a model takes and gives; docs/formats/model_card.md has the JSON form, key by key.
struct ModelCard {
  enum class Resize : std::uint8_t { kShorterSide, kStretch };

  std::string name;
  std::uint32_t version = 1;
  std::string file;         ///< of the model: a name without folders, beside the card
  std::string sha256;       ///< of the model file, hex
  std::string input_name;   ///< empty: the only input
  std::uint32_t width = 0;  ///< pixels
  std::uint32_t height = 0;
  Resize resize = Resize::kShorterSide;
  std::uint32_t resize_to = 0;  ///< length of the shorter side before the centre crop
  float mean[3] = {0, 0, 0};    ///< RGB, of pixels scaled to 0..1
  float std[3] = {1, 1, 1};
  std::string output_name;  ///< empty: the only output
  std::uint32_t dimension = 0;
  Metric metric = Metric::kCosine;
  bool normalize = true;  ///< divide the output by its Euclidean length
  std::string license;
  std::string description;

  static Result<ModelCard> parse(std::string_view json);
  std::string to_json() const;
};

/// Limits for pictures from strangers.
struct PictureLimits {
  std::uint64_t bytes_max = 256ull << 20;
  std::uint64_t pixels_max = 200'000'000;
};

/// Pixels of a picture as it is shown: after its EXIF orientation.
struct PictureSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

/// A model that is loaded and ready. Thread rule: any call from any thread.
class PictureEmbedder {
 public:
  /// `model` is a name in the registry (see find_model), a card (.json), or a model file with its
  /// card beside it. Fails where the SHA-256 of the file is not the card's, or where no model
  /// runtime is installed (kUnimplemented, and says what to install). `threads` 0: every core.
  static Result<std::unique_ptr<PictureEmbedder>> open(const std::string& model,
                                                       std::uint32_t threads = 0);
  virtual ~PictureEmbedder() = default;
  virtual const ModelCard& card() const = 0;

  /// One prepared picture is 3 x height x width float32, planar RGB.
  virtual std::size_t input_floats() const = 0;

  /// Decodes (JPEG, PNG, WebP, BMP, first frame of GIF; EXIF orientation, grey, alpha, CMYK),
  /// resizes, crops and normalises one encoded picture into `input`, input_floats() long. Gives the
  /// size of the whole picture.
  virtual Result<PictureSize> prepare(std::span<const std::byte> encoded,
                                      const PictureLimits& limits,
                                      std::span<float> input) const = 0;

  /// Runs the model on `count` prepared pictures; `features` receives count x dimension floats.
  virtual Status infer(std::span<const float> inputs, std::size_t count,
                       std::span<float> features) const = 0;

  /// prepare + infer of one picture.
  virtual Result<std::vector<float>> embed(std::span<const std::byte> encoded,
                                           const PictureLimits& limits = {}) const = 0;
};

/// A small picture of the same content as JPEG bytes, its longer side at most `side` pixels.
Result<std::vector<std::byte>> make_thumbnail(std::span<const std::byte> encoded,
                                              std::uint32_t side, const PictureLimits& limits = {});

/// A model known by name: those that came with Simile and those of `simile models add`, which lie
/// in $SIMILE_MODELS, else $XDG_DATA_HOME/simile/models, else ~/.local/share/simile/models.
struct RegisteredModel {
  ModelCard card;
  std::string card_path;
  bool built_in = false;
};
std::vector<RegisteredModel> list_models();
Result<RegisteredModel> find_model(const std::string& name_or_path);
/// Copies a model file and its card into the registry; refuses a name that is taken by another
/// model.
Result<RegisteredModel> add_model(const std::string& path);
/// The name that is used where none is given.
std::string default_model();

}  // namespace simile
