#pragma once
/// Syntax tree and schema -> conditions over columns.

#include <string>
#include <string_view>
#include <vector>

#include "simile/error.h"
#include "simile/scalar/filter/condition.h"
#include "simile/scalar/filter/expression.h"
#include "simile/schema.h"

namespace simile::scalar::filter {

struct Compiled {
  ConditionPtr condition;
  std::vector<std::string> fields;  ///< column numbers of the condition are positions here
};

/// Conditions borrow the texts of `root`, which must outlive them unchanged. `text` is what `root`
/// was parsed from, for messages.
Result<Compiled> compile(std::string_view text, const Expression& root, const Schema& schema,
                         std::string_view dynamic_field);

}  // namespace simile::scalar::filter
