#pragma once
/// The words of a filter one after the other, and what they give without any field:
///
///   constant = ["-" | "+"] number | string | "true" | "false" | {name} | list | moment
///   list     = "[" [sum {"," sum} [","]] "]", after "in" also in parentheses
///   sum      = product {("+" | "-") product}           calculated at once: [300 / 2, -2 ** 3]
///   product  = sign {("*" | "/" | "%") sign}
///   sign     = ("-" | "+") sign | power
///   power    = (constant | "(" sum ")") ["**" sign]
///   moment   = "ISO" string | "INTERVAL" string        in microseconds

#include <string_view>

#include "simile/error.h"
#include "simile/scalar/filter.h"
#include "simile/scalar/filter/lexer.h"

namespace simile::scalar::filter {

inline constexpr std::uint64_t kTwoTo63 = std::uint64_t{1} << 63;

/// Holds one word ahead, which `advance` replaces; the first call of that reads the first word.
class ConstantParser {
 public:
  /// Both must outlive the parser; `values`, what stands for {name}, may be null.
  ConstantParser(std::string_view text, const TemplateValues* values)
      : text_(text), lexer_(text), values_(values) {}

 protected:
  // Whatever can nest without end holds a Level while it recurses: the stack stays small before any
  // tree exists.
  class Level {
   public:
    explicit Level(std::size_t& levels) : levels_(levels) { ++levels_; }
    ~Level() { --levels_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    std::size_t& levels_;
  };
  Status check_levels(std::size_t levels) const;

  std::unexpected<Error> error(std::size_t at, std::string_view what,
                               std::string_view hint = {}) const;
  std::unexpected<Error> unexpected_token(std::string_view expected) const;

  Status advance();
  /// Passes over a word of this kind, if it is one.
  Result<bool> take(TokenKind kind);
  Status expect(TokenKind kind, std::string_view what);

  /// No field, no arithmetic but a sign.
  Result<TemplateValue> parse_constant(std::string_view expected);
  /// The word ahead is what opens the list.
  Result<TemplateValue> parse_list(TokenKind end);

  /// ISO or INTERVAL, which are names where no string follows.
  static bool opens_moment(const Token& word);
  /// The word ahead is the string behind `word`.
  Result<TemplateValue> parse_moment(const Token& word);

  Token token_;
  std::size_t levels_ = 0;

 private:
  Result<TemplateValue> parse_signed_constant();
  Result<TemplateValue> parse_sum();
  Result<TemplateValue> parse_product();
  Result<TemplateValue> parse_sign();
  Result<TemplateValue> parse_power();
  Result<TemplateValue> calculated(ArithmeticOp op, std::size_t at, const TemplateValue& left,
                                   const TemplateValue& right) const;
  Result<TemplateValue> parse_template();

  std::string_view text_;
  Lexer lexer_;
  const TemplateValues* values_;
};

}  // namespace simile::scalar::filter
