#pragma once

#include <string_view>

#include "simile/error.h"
#include "simile/scalar/filter/expression.h"

namespace simile::scalar::filter {

/// The syntax tree of `text`, which is UTF-8 and not blank. Trees have at most kMaxFilterDepth
/// levels, so code that walks them may recurse. {name} is replaced by its value.
Result<ExpressionPtr> parse(std::string_view text, const TemplateValues* values);

}  // namespace simile::scalar::filter
