#include "simile/vectorfile/cell.h"

#include <charconv>

#include "simile/base/text.h"

namespace simile::vectorfile {

namespace {

template <class Number>
std::optional<Number> parse_whole(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kShownBytes = 40;
  std::string shown(text.substr(0, kShownBytes));
  return text.size() > kShownBytes ? shown + "..." : shown;
}

}  // namespace

std::optional<std::int64_t> text_as_integer(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  return parse_whole<std::int64_t>(text);
}

std::optional<double> text_as_real(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') {
    return std::nullopt;
  }
  return parse_whole<double>(text);
}

std::optional<bool> text_as_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::string describe(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::kNull: return "nothing";
    case Cell::Kind::kText:
    case Cell::Kind::kQuoted:
    case Cell::Kind::kString: return join_text("the text '", shortened(cell.text), "'");
    case Cell::Kind::kBool: return cell.boolean ? "true" : "false";
    case Cell::Kind::kInteger: return join_text("the number ", cell.integer);
    case Cell::Kind::kReal: return join_text("the number ", cell.real);
    case Cell::Kind::kJson: return join_text("the JSON value ", shortened(cell.text));
  }
  return "nothing";
}

}  // namespace simile::vectorfile
