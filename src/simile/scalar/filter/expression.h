#pragma once
/// The syntax tree of a filter: what was written, before any field is looked up.

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "simile/scalar/filter.h"
#include "simile/scalar/filter/json_path.h"
#include "simile/scalar/filter/scalar.h"
#include "simile/scalar/geometry.h"

namespace simile::scalar::filter {

/// How many values of a list an array must contain; kSame: these and no others, in their order.
enum class ContainsMode : std::uint8_t { kOne, kAll, kAny, kSame };

struct Expression;
/// Shared, since the middle of a chain belongs to two comparisons; and small, so that the recursion
/// of the parser keeps little on the stack.
using ExpressionPtr = std::shared_ptr<Expression>;

struct Expression {
  enum class Kind : std::uint8_t {
    // values
    kLiteral,     // literal
    kReference,   // name, path
    kNegative,    // - children[0]
    kArithmetic,  // children[0] arithmetic children[1]
    kLength,      // array_length(children[0])
    // conditions
    kCompare,   // children[0] compare children[1]
    kIn,        // children[0] in literal
    kLike,      // children[0] like literal
    kText,      // children[0] has a word of literal
    kPhrase,    // children[0] has the words of literal, a list of the text and the slop
    kIsNull,    // children[0] is null
    kContains,  // children[0] contains literal, by mode
    kSpatial,   // children[0] has the relation to literal, a list of a geometry and meters
    kAnd,       // all children
    kOr,        // any child
    kNot,       // not children[0]
    kSample     // random_sample(literal): that share of the rows, by chance
  };

  Kind kind = Kind::kLiteral;
  CompareOp compare = CompareOp::kEqual;
  ArithmeticOp arithmetic = ArithmeticOp::kAdd;
  ContainsMode mode = ContainsMode::kOne;
  SpatialRelation relation = SpatialRelation::kEquals;
  std::size_t at = 0;     ///< byte of the text where it starts
  std::size_t depth = 1;  ///< levels of the tree below and with this node
  std::string name;
  JsonPath path;
  TemplateValue literal;
  std::vector<ExpressionPtr> children;

  bool is_condition() const { return kind >= Kind::kCompare; }
};

/// "filter: WHAT at CHARACTER; HINT", with characters counted from 1.
std::unexpected<Error> filter_error(std::string_view text, std::size_t at, std::string_view what,
                                    std::string_view hint = {});

}  // namespace simile::scalar::filter
