#pragma once
/// The key-value pairs of searches and queries. Values are texts; "params" is a JSON object whose
/// members count as pairs too.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "simile/server/fault.h"
#include "simile/server/schema_message.h"

namespace simile::server {

/// Of one value.
inline constexpr std::size_t kParameterBytesMax = 65'535;

class RequestParameters {
 public:
  static Answer<RequestParameters> parse(const KeyValues& pairs);

  bool has(std::string_view name) const { return values_.contains(name); }
  /// Empty where it is absent.
  std::string_view text(std::string_view name) const;
  bool flag(std::string_view name) const;
  /// A whole number in [least, most]; nothing where it is absent or empty.
  Answer<std::optional<std::int64_t>> number(std::string_view name, std::int64_t least,
                                             std::int64_t most) const;
  Answer<std::optional<double>> real(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace simile::server
