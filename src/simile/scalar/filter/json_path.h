#pragma once

#include <string>
#include <variant>
#include <vector>

namespace simile::scalar::filter {

/// Members by key and elements by position, outermost first: j["a"][0] is {"a", 0}.
using JsonPath = std::vector<std::variant<std::string, std::size_t>>;

}  // namespace simile::scalar::filter
