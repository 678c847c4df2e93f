#include "simile/server/request_parameters.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "simile/base/text.h"

namespace simile::server {

namespace {

using Json = nlohmann::json;

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

Answer<RequestParameters> RequestParameters::parse(const KeyValues& pairs) {
  RequestParameters parameters;
  for (const auto& pair : pairs) {
    if (pair.value().size() > kParameterBytesMax) {
      return refuse_parameter(join_text("a parameter has at most ", kParameterBytesMax,
                                        " bytes, and one has ", pair.value().size()));
    }
    if (pair.key() != "params") {
      parameters.values_[pair.key()] = pair.value();
      continue;
    }
    if (pair.value().empty()) continue;
    const Json object = Json::parse(pair.value(), nullptr, false);
    if (!object.is_object()) {
      return refuse_parameter(join_text("params is no JSON object: ", pair.value()));
    }
    for (const auto& [key, value] : object.items()) {
      parameters.values_.try_emplace(key, text_of(value));
    }
  }
  return parameters;
}

std::string_view RequestParameters::text(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

bool RequestParameters::flag(std::string_view name) const {
  const std::string_view value = text(name);
  return value == "True" || value == "true" || value == "1";
}

Answer<std::optional<std::int64_t>> RequestParameters::number(std::string_view name,
                                                              std::int64_t least,
                                                              std::int64_t most) const {
  const std::string_view value = text(name);
  if (value.empty() || value == "None" || value == "null") return std::nullopt;
  std::int64_t parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error == std::errc::invalid_argument || end != value.data() + value.size()) {
    return refuse_parameter(join_text(name, " [", value, "] is invalid: it is no whole number"));
  }
  if (error != std::errc{} || parsed < least || parsed > most) {
    return refuse_parameter(join_text(name, " [", value, "] is invalid, it should be in range [",
                                      least, ", ", most, "], but got ", value));
  }
  return parsed;
}

Answer<std::optional<double>> RequestParameters::real(std::string_view name) const {
  const std::string_view value = text(name);
  if (value.empty() || value == "None" || value == "null") return std::nullopt;
  double parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc{} || end != value.data() + value.size()) {
    return refuse_parameter(join_text(name, " [", value, "] is invalid: it is no number"));
  }
  return parsed;
}

}  // namespace simile::server
