#pragma once
/// What one call may cost.

#include <cstdint>
#include <string>
#include <vector>

namespace simile::server {

struct CallLimits {
  std::uint32_t seconds = 0;  ///< of work, not of waiting; 0: any
  /// Of the message once it is unpacked, and of the rows of the answer, each.
  std::uint64_t bytes_max = ~std::uint64_t{0};
  /// Services that a ranker of a call may ask: addresses, "http://127.0.0.1:8080".
  std::vector<std::string> rerank_endpoints = {};
};

}  // namespace simile::server
