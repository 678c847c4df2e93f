#pragma once
/// One value of a text file beside the vector.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simile::vectorfile {

struct Cell {
  enum class Kind : std::uint8_t {
    kNull,    ///< absent, JSON null, or nothing between two commas
    kText,    ///< unquoted CSV: what it means depends on the column
    kQuoted,  ///< quoted CSV: a string, or the text of a list
    kString,  ///< a JSON string
    kBool,
    kInteger,
    kReal,
    kJson,  ///< a JSON array or object, in `text`
  };
  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;
};

/// Readings of unquoted CSV text; nothing where it is none. An integer with leading zeros is none:
/// "00501" is a postal code.
std::optional<std::int64_t> text_as_integer(std::string_view text);
std::optional<double> text_as_real(std::string_view text);
std::optional<bool> text_as_bool(std::string_view text);

/// For messages: "the text 'n/a'", "the number 3.5".
std::string describe(const Cell& cell);

}  // namespace simile::vectorfile
