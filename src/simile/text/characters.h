#pragma once
/// Characters of UTF-8 texts: which make words, and their lower case.
///
/// Lower case is known for Latin, Greek and Cyrillic; letters of full width count as the ordinary
/// ones.

#include <cstddef>
#include <string>
#include <string_view>

namespace simile::text {

/// Moves past one character; bytes that are none count as a gap.
char32_t next_character(std::string_view text, std::size_t& at);
void append_utf8(char32_t c, std::string& out);

/// Letters and digits of any writing.
bool is_letter_or_digit(char32_t c);
/// Of writing without blanks between words: Han, Hiragana, Katakana.
bool is_without_blanks(char32_t c);
bool is_han(char32_t c);
char32_t lower_case(char32_t c);

}  // namespace simile::text
