#pragma once
/// Tiny ONNX models made for tests.

#include <cstdint>
#include <string>
#include <vector>

namespace simile::features {

struct OnnxNode {
  std::string op{};
  std::vector<std::string> inputs{};
  std::vector<std::string> outputs{};
  std::vector<std::int64_t> axes{};  ///< the attribute of ReduceMean
  std::int64_t cast_to = 0;          ///< the attribute `to` of Cast
};

struct OnnxPort {
  std::string name{};
  std::vector<std::int64_t> shape{};  ///< -1: dynamic
  std::int32_t element = 1;           ///< 1: float32, 2: uint8
};

/// The bytes of a model file (onnx.proto, operator set 13).
std::string write_onnx(const std::vector<OnnxNode>& nodes, const std::vector<OnnxPort>& inputs,
                       const std::vector<OnnxPort>& outputs);

}  // namespace simile::features
