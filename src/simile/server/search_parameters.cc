#include "simile/server/search_parameters.h"

#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/column_message.h"

namespace simile::server {

namespace {

/// Milvus finds these faults where it searches, and says so first.
std::unexpected<Fault> at_the_node(Fault fault) {
  fault.message = join_text("fail to search on QueryNode: ", fault.message);
  return std::unexpected(std::move(fault));
}

Answer<void> check_share(const RequestParameters& parameters, std::string_view name, double least,
                         double above) {
  SIMILE_ASSIGN(const auto share, parameters.real(name));
  if (!share || (*share >= least && *share < above)) return {};
  return refuse_parameter(
      join_text(name, "(", *share, ") should be in range [", least, ", ", above, ")"));
}

}  // namespace

Answer<std::uint32_t> effort_of(const RequestParameters& parameters, std::int64_t k) {
  constexpr std::int64_t kEffortMax = 32'768;
  for (const std::string_view name : {"effort", "ef", "search_list", "search_list_size"}) {
    const auto value = parameters.number(name, 1, kEffortMax);
    if (!value) return at_the_node(value.error());
    if (!*value) continue;
    if (**value < k && name != "effort") {
      return refuse_parameter(join_text(name, "(", **value, ") should be larger than k(", k, ")"));
    }
    return static_cast<std::uint32_t>(**value);
  }
  // `level` 1 is the default, 10 the most accurate.
  SIMILE_ASSIGN(const auto level, parameters.number("level", 1, 10));
  if (!level || *level == 1) return 0;
  constexpr std::int64_t kPerLevel = 64;
  return static_cast<std::uint32_t>(std::max(k, std::int64_t{1}) + *level * kPerLevel);
}

Answer<void> check_index_parameters(const RequestParameters& parameters, std::int64_t k) {
  constexpr std::int64_t kProbesMax = 65'536;
  SIMILE_TRY(check_ignore_growing(parameters));
  if (const auto probes = parameters.number("nprobe", 1, kProbesMax); !probes) {
    return at_the_node(probes.error());
  }
  SIMILE_ASSIGN(const auto reordered, parameters.number("reorder_k", 1, kProbesMax));
  if (reordered && *reordered < k) {
    return refuse_parameter(
        join_text("reorder_k(", *reordered, ") should be larger than k(", k, ")"));
  }
  for (const std::string_view name : {"drop_ratio_search", "drop_ratio_build"}) {
    SIMILE_TRY(check_share(parameters, name, 0.0, 1.0));
  }
  SIMILE_ASSIGN(const auto ratio, parameters.real("dim_max_score_ratio"));
  if (ratio && (*ratio < 0.5 || *ratio > 1.3)) {
    return refuse_parameter(
        join_text("dim_max_score_ratio(", *ratio, ") should be in range [0.500000, 1.300000]"));
  }
  return {};
}

Answer<TimeZone> zone_of(const CollectionHandle& handle, const RequestParameters& parameters) {
  const std::string_view asked = parameters.text(kTimeZoneProperty);
  return TimeZone::find(asked.empty() ? handle.meta->property(kTimeZoneProperty) : asked);
}

Answer<std::vector<std::string>> time_parts_of(const RequestParameters& parameters) {
  std::vector<std::string> parts;
  std::string_view left = parameters.text("time_fields");
  while (!left.empty()) {
    const std::size_t end = std::min(left.find(','), left.size());
    std::string_view part = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    part = part.substr(0, part.find_last_not_of(' ') + 1);
    if (!is_time_part(part)) {
      return refuse_parameter(join_text("unknown part of a time in time_fields: '", part,
                                        "'; known: year, month, day, hour, minute, second, "
                                        "microsecond"));
    }
    if (std::ranges::find(parts, part) != parts.end()) {
      return refuse_parameter(join_text("'", part, "' stands twice in time_fields"));
    }
    parts.emplace_back(part);
  }
  return parts;
}

Answer<void> check_ignore_growing(const RequestParameters& parameters) {
  const std::string_view value = parameters.text("ignore_growing");
  for (const std::string_view known : {"", "true", "false", "True", "False", "None", "1", "0"}) {
    if (value == known) return {};
  }
  return refuse_parameter(
      join_text("parse ignore growing field failed: '", value, "' is neither true nor false"));
}

}  // namespace simile::server
