#pragma once
/// Running a model. The implementation is the module in openvino/.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "simile/error.h"
#include "simile/features.h"

namespace simile::features {

/// A model in memory. Thread rule: any call from any thread.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;

  /// Runs `count` prepared pictures of 3 x height x width floats; `features` receives count x
  /// dimension floats, as the model gives them. A picture's features depend neither on its
  /// neighbours nor on the number of threads.
  virtual Status infer(std::span<const float> inputs, std::size_t count,
                       std::span<float> features) const = 0;
};

class ModelRuntime {
 public:
  virtual ~ModelRuntime() = default;

  /// Reads the model file and prepares it for `threads` pictures at a time. The errors name the
  /// file, and for an input, output or shape that is not the card's what the model has.
  virtual Result<std::unique_ptr<LoadedModel>> load(const std::string& path, const ModelCard& card,
                                                    std::uint32_t threads) const = 0;
};

/// The runtime of this installation, loaded at the first call. kUnimplemented, saying what to
/// install, where there is none.
Result<const ModelRuntime*> model_runtime();

}  // namespace simile::features
