#pragma once
/// Numbers and strangers' text as people read them in a terminal.

#include <cstdint>
#include <string>
#include <string_view>

namespace simile::cli {

/// 1234567 -> "1,234,567"
std::string with_commas(std::uint64_t number);

/// "1 row", "1,000 rows"
std::string counted(std::uint64_t number, std::string_view noun);

/// Six significant digits: 0.25, 1.5e-07.
std::string short_number(double number);

/// "0.35 ms", "12.3 s", "3 min 20 s", "2 h 5 min"
std::string readable_seconds(double seconds);

/// What a terminal may be given: control characters, which could move the cursor or change colours,
/// and bytes that are not UTF-8 become \xNN; a line end becomes \n.
std::string safe_text(std::string_view text);

/// Characters of a line, where each UTF-8 sequence counts as one column.
std::size_t display_width(std::string_view text);

/// The first `columns` characters, with "..." where some are left out.
std::string shortened(std::string_view text, std::size_t columns);

}  // namespace simile::cli
