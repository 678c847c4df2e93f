#pragma once

#include <condition_variable>
#include <mutex>
#include <openvino/runtime/compiled_model.hpp>
#include <openvino/runtime/infer_request.hpp>
#include <vector>

#include "simile/features/model_runtime.h"

namespace simile::features {

/// One picture a request and one thread a request, so that what comes out for a picture is the same
/// for every batch size and number of threads.
///
/// Each request is of a compiled model of its own, with one stream. One compiled model with several
/// streams would be the usual way, but OpenVINO 2026.4.1 builds the streams in parallel over shared
/// weights, and in 3 of 25 runs one stream of our default model gave wrong features ever after.
class CompiledModel final : public LoadedModel {
 public:
  /// The models are all the same one, compiled once for each thread: they take 1 x 3 x height x
  /// width float32. `output` is the position of the result.
  CompiledModel(std::vector<ov::CompiledModel> models, std::size_t output);

  Status infer(std::span<const float> inputs, std::size_t count,
               std::span<float> features) const override;

 private:
  /// Requests that one call of infer has to itself, at least one and at most `count`; gives them
  /// back when it goes.
  class Lease;

  std::vector<ov::CompiledModel> models_;
  std::size_t output_;
  mutable std::mutex mutex_;
  mutable std::condition_variable returned_;
  mutable std::vector<ov::InferRequest> idle_;
};

}  // namespace simile::features
