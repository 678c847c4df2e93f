#pragma once
/// The body of a REST request. Lists of numbers in place of vectors, which are nearly all of it,
/// are kept packed, as a binary value of doubles; everything else is ordinary JSON.

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "simile/server/catalog.h"
#include "simile/server/fault.h"

namespace simile::server {

/// Vectors are looked for in `data`, and in its rows under the names of the vector fields of the
/// collection that the body names. At most 1,024 levels, and what would take more than `bytes_max`
/// of memory is refused.
Answer<nlohmann::json> parse_body(const std::string& body, const Catalog& catalog,
                                  std::uint64_t bytes_max);
/// Refuses a text that would take more memory than one call may.
Answer<void> check_json_size(std::string_view text, std::uint64_t bytes_max);

/// The numbers of a packed list, valid as long as `value`; `value` must be binary.
std::span<const double> packed_numbers(const nlohmann::json& value);

}  // namespace simile::server
