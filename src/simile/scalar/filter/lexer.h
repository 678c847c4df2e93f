#pragma once
/// Text of a filter -> words, one at a time.

#include <cstdint>
#include <string>
#include <string_view>

#include "simile/error.h"
#include "simile/scalar/filter/scalar.h"

namespace simile::scalar::filter {

enum class TokenKind : std::uint8_t {
  kEnd,
  kName,      // text; also $meta
  kInteger,   // integer
  kFloat,     // number
  kString,    // string, escapes resolved
  kTemplate,  // text: the name between braces
  kCompare,   // compare
  kAnd,
  kOr,
  kNot,
  kIn,
  kLike,
  kIs,
  kNull,
  kTrue,
  kFalse,
  kExists,
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kPower,
  kLeftParenthesis,
  kRightParenthesis,
  kLeftBracket,
  kRightBracket,
  kComma
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::size_t at = 0;     ///< byte where it starts
  std::string_view text;  ///< as written
  CompareOp compare = CompareOp::kEqual;
  std::uint64_t integer = 0;  ///< at most 2^63, which only a minus in front makes valid
  double number = 0;
  std::string string;
};

class Lexer {
 public:
  /// `text` is UTF-8.
  explicit Lexer(std::string_view text) : text_(text) {}
  /// kEnd at the end, again and again.
  Result<Token> next();

 private:
  Result<Token> number();
  Result<Token> string();
  Result<Token> name();
  Result<Token> template_name();
  Result<Token> sign();
  /// The character for the escape whose backslash is at `at_`; moves past it.
  Status escape(std::string& out);
  Result<std::uint32_t> digits(int base, std::size_t count_max, std::size_t count_min);
  Token token(TokenKind kind, std::size_t from) const;
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace simile::scalar::filter
