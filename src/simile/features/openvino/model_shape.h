#pragma once
/// Makes a model take what prepare() gives, whatever its author chose.

#include <memory>
#include <openvino/core/model.hpp>
#include <string>

#include "simile/error.h"
#include "simile/features.h"

namespace simile::features {

/// The model with one input, 1 x 3 x height x width float32, and its chosen output first and in
/// float32: inputs of 8 bits or with the colours last are converted inside. The position of the
/// output is put into `output`. Errors list the inputs and outputs that the model has.
Result<std::shared_ptr<ov::Model>> fit_to_card(std::shared_ptr<ov::Model> model,
                                               const ModelCard& card, std::size_t& output);

/// An exception of OpenVINO as one line.
std::string one_line(const std::string& what);

}  // namespace simile::features
