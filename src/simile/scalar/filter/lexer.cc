#include "simile/scalar/filter/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/filter/expression.h"

namespace simile::scalar::filter {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr std::array<std::pair<std::string_view, TokenKind>, 12> kWords = {
    {{"and", TokenKind::kAnd},
     {"or", TokenKind::kOr},
     {"not", TokenKind::kNot},
     {"in", TokenKind::kIn},
     {"like", TokenKind::kLike},
     {"is", TokenKind::kIs},
     {"null", TokenKind::kNull},
     {"true", TokenKind::kTrue},
     {"false", TokenKind::kFalse},
     {"exists", TokenKind::kExists},
     {"True", TokenKind::kTrue},
     {"False", TokenKind::kFalse}}};

/// Words are known in lower and in upper case, so that a field may be called In.
TokenKind kind_of(std::string_view word) {
  for (const auto& [name, kind] : kWords) {
    if (word == name) return kind;
    const bool upper = word.size() == name.size() &&
                       std::equal(word.begin(), word.end(), name.begin(),
                                  [](char w, char n) { return w == n - ('a' - 'A'); });
    if (upper) return kind;
  }
  return TokenKind::kName;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

}  // namespace

std::unexpected<Error> filter_error(std::string_view text, std::size_t at, std::string_view what,
                                    std::string_view hint) {
  const auto starts_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  };
  const auto before = std::ranges::count_if(text.substr(0, at), starts_character);
  return fail(ErrorCode::kInvalidArgument,
              join_text("filter: ", what, " at ", before + 1, hint.empty() ? "" : "; ", hint));
}

Token Lexer::token(TokenKind kind, std::size_t from) const {
  Token token;
  token.kind = kind;
  token.at = from;
  token.text = text_.substr(from, at_ - from);
  return token;
}

Result<Token> Lexer::next() {
  while (is_blank(peek())) ++at_;
  if (at_ >= text_.size()) return token(TokenKind::kEnd, at_);
  const char c = peek();
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
  if (c == '"' || c == '\'') return string();
  if (is_letter(c) || c == '$') return name();
  if (c == '{') return template_name();
  return sign();
}

Result<Token> Lexer::name() {
  const std::size_t from = at_++;
  while (is_letter(peek()) || is_digit(peek())) ++at_;
  Token word = token(TokenKind::kName, from);
  word.kind = kind_of(word.text);
  if (word.text[0] == '$' && word.text != "$meta") {
    return filter_error(text_, from, join_text("unknown name '", word.text, "'"),
                        "with $ only $meta begins");
  }
  return word;
}

Result<Token> Lexer::template_name() {
  const std::size_t from = at_++;
  while (is_blank(peek())) ++at_;
  const std::size_t name_from = at_;
  while (is_letter(peek()) || is_digit(peek())) ++at_;
  Token name = token(TokenKind::kTemplate, name_from);
  name.at = from;
  while (is_blank(peek())) ++at_;
  if (name.text.empty() || peek() != '}') {
    return filter_error(text_, from, "a brace without a name and a closing brace",
                        "write {name} for a value given beside the expression");
  }
  ++at_;
  return name;
}

Result<Token> Lexer::number() {
  const std::size_t from = at_;
  // Letters belong to it too, so that 12ab is one bad number; a sign does after an exponent's e.
  const bool based = peek() == '0' && (is_letter(peek(1)) && peek(1) != 'e' && peek(1) != 'E');
  while (is_digit(peek()) || is_letter(peek()) || peek() == '.' ||
         ((peek() == '+' || peek() == '-') && !based && (text_[at_ - 1] | 0x20) == 'e')) {
    ++at_;
  }
  Token number = token(TokenKind::kInteger, from);
  const std::string_view word = number.text;
  int base = 10;
  std::size_t prefix = 0;
  if (based) {
    const char letter = static_cast<char>(word[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : letter == 'o' ? 8 : 0;
    prefix = 2;
  } else if (word.find_first_of(".eE") != std::string_view::npos) {
    number.kind = TokenKind::kFloat;
    const auto end = std::from_chars(word.data(), word.data() + word.size(), number.number);
    if (end.ptr == word.data() + word.size() && end.ec == std::errc()) return number;
    const bool range = end.ec == std::errc::result_out_of_range;
    return filter_error(text_, from,
                        join_text(range ? "number out of range '" : "bad number '", word, "'"));
  } else if (word.size() > 1 && word[0] == '0') {
    base = 8;
    prefix = 1;
  }
  const char* const first = word.data() + prefix;
  const char* const last = word.data() + word.size();
  if (base == 0 || first == last)
    return filter_error(text_, from, join_text("bad number '", word, "'"));
  const auto end = std::from_chars(first, last, number.integer, base);
  if (end.ec == std::errc::result_out_of_range || number.integer > std::uint64_t{1} << 63) {
    return filter_error(text_, from, join_text("integer out of range '", word, "'"),
                        "integers have 64 bits; write a floating-point number, 1e20 for example");
  }
  if (end.ec != std::errc() || end.ptr != last) {
    return filter_error(text_, from, join_text("bad number '", word, "'"),
                        base == 8 ? "a leading 0 means octal" : "");
  }
  return number;
}

Result<std::uint32_t> Lexer::digits(int base, std::size_t count_max, std::size_t count_min) {
  const std::string_view rest = text_.substr(at_, count_max);
  std::uint32_t value = 0;
  const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  const auto count = static_cast<std::size_t>(end.ptr - rest.data());
  if (end.ec != std::errc() || count < count_min) {
    return filter_error(text_, at_, join_text("an escape wants ", count_min, " digits"));
  }
  at_ += count;
  return value;
}

Status Lexer::escape(std::string& out) {
  constexpr std::string_view kNames = "abfnrtv\\'\"?";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"?";
  const std::size_t from = at_;
  const char c = peek(1);
  at_ += 2;
  if (const std::size_t known = kNames.find(c); known != std::string_view::npos && c != '\0') {
    out.push_back(kMeanings[known]);
    return {};
  }
  if (c == '%' || c == '_') {  // for like, which takes the backslash away
    out.push_back('\\');
    out.push_back(c);
    return {};
  }
  std::uint32_t point = 0;
  if (c == 'x') {
    SIMILE_ASSIGN(point, digits(16, 2, 2));
  } else if (c == 'u' || c == 'U') {
    const std::size_t count = c == 'u' ? 4 : 8;
    SIMILE_ASSIGN(point, digits(16, count, count));
  } else if (c >= '0' && c <= '7') {
    --at_;
    SIMILE_ASSIGN(point, digits(8, 3, 1));
  } else {
    return filter_error(text_, from, join_text("unknown escape '", text_.substr(from, 2), "'"),
                        "write \\\\ for a backslash");
  }
  if (point > 0x10FFFF || (point >> 11) == 0x1B) {
    return filter_error(text_, from, "an escape that is no Unicode character");
  }
  append_utf8(out, point);
  return {};
}

Result<Token> Lexer::string() {
  const std::size_t from = at_;
  const char quote = text_[at_++];
  std::string value;
  while (at_ < text_.size() && peek() != quote) {
    if (peek() == '\\') {
      SIMILE_TRY(escape(value));
    } else {
      value.push_back(text_[at_++]);
    }
  }
  if (at_ >= text_.size()) return filter_error(text_, from, "a string without its closing quote");
  ++at_;
  Token string = token(TokenKind::kString, from);
  string.string = std::move(value);
  return string;
}

Result<Token> Lexer::sign() {
  struct Sign {
    std::string_view text;
    TokenKind kind;
    CompareOp compare = CompareOp::kEqual;
  };
  // Longer ones first.
  constexpr std::array kSigns = {Sign{"==", TokenKind::kCompare, CompareOp::kEqual},
                                 Sign{"!=", TokenKind::kCompare, CompareOp::kNotEqual},
                                 Sign{"<=", TokenKind::kCompare, CompareOp::kLessEqual},
                                 Sign{">=", TokenKind::kCompare, CompareOp::kGreaterEqual},
                                 Sign{"&&", TokenKind::kAnd},
                                 Sign{"||", TokenKind::kOr},
                                 Sign{"**", TokenKind::kPower},
                                 Sign{"<", TokenKind::kCompare, CompareOp::kLess},
                                 Sign{">", TokenKind::kCompare, CompareOp::kGreater},
                                 Sign{"!", TokenKind::kNot},
                                 Sign{"+", TokenKind::kPlus},
                                 Sign{"-", TokenKind::kMinus},
                                 Sign{"*", TokenKind::kStar},
                                 Sign{"/", TokenKind::kSlash},
                                 Sign{"%", TokenKind::kPercent},
                                 Sign{"(", TokenKind::kLeftParenthesis},
                                 Sign{")", TokenKind::kRightParenthesis},
                                 Sign{"[", TokenKind::kLeftBracket},
                                 Sign{"]", TokenKind::kRightBracket},
                                 Sign{",", TokenKind::kComma}};
  const std::string_view rest = text_.substr(at_);
  if (rest.starts_with("<>")) return filter_error(text_, at_, "unknown sign '<>'", "write !=");
  for (const Sign& sign : kSigns) {
    if (!rest.starts_with(sign.text)) continue;
    at_ += sign.text.size();
    Token found = token(sign.kind, at_ - sign.text.size());
    found.compare = sign.compare;
    return found;
  }
  const char c = rest[0];
  const std::string_view hint = c == '='               ? "write == for equality"
                                : c == '&' || c == '|' ? "write and, or"
                                : c == '.'             ? "write j[\"a\"] for a member of JSON"
                                                       : "";
  const bool plain = c > ' ' && c < 0x7F;
  return filter_error(
      text_, at_, plain ? join_text("unknown sign '", c, "'") : "a character that has no meaning",
      hint);
}

}  // namespace simile::scalar::filter
