#include "simile/vectorfile/sparse_text.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "simile/base/text.h"
#include "simile/types.h"

namespace simile::vectorfile {

Result<std::string> parse_sparse(std::string_view json) {
  const auto refuse = [&](std::string_view why) {
    return fail(
        ErrorCode::kInvalidArgument,
        join_text("'", json.substr(0, 64), "' is no sparse vector, as in {\"7\": 0.5}: ", why));
  };
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) {
    return refuse("it is no JSON object");
  }
  std::vector<SparseEntry> entries;
  for (const auto& [key, value] : object) {
    SparseEntry& entry = entries.emplace_back();
    double number = 0;
    const auto parsed = std::from_chars(key.data(), key.data() + key.size(), entry.index);
    if (parsed.ec != std::errc() || parsed.ptr != key.data() + key.size() ||
        entry.index == 0xFFFF'FFFFU) {
      return refuse("an index is no number from 0 to 4294967294");
    }
    if (value.get(number) != simdjson::SUCCESS || !std::isfinite(static_cast<float>(number))) {
      return refuse("a value is no finite number");
    }
    entry.value = static_cast<float>(number);
  }
  std::ranges::sort(entries, {}, &SparseEntry::index);
  if (std::ranges::adjacent_find(entries, {}, &SparseEntry::index) != entries.end()) {
    return refuse("an index is there twice");
  }
  return std::string(reinterpret_cast<const char*>(entries.data()), entries.size() * 8);
}

}  // namespace simile::vectorfile
