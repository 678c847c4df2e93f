#pragma once
/// The filters that an analyzer may name.

#include <nlohmann/json_fwd.hpp>

#include "simile/error.h"
#include "simile/text/analyzer.h"

namespace simile::text {

/// `filter`: a name, or an object with its "type" and what it takes.
Result<TokenFilter> make_filter(const nlohmann::json& filter);

TokenFilter lower_case_filter();
/// Words, and lists of words by a name between underscores, "_english_".
Result<TokenFilter> stop_filter(const nlohmann::json& words);
Result<TokenFilter> stem_filter(const std::string& language);
/// Keeps tokens of letters and digits of ASCII, and of Han characters.
TokenFilter han_or_ascii_filter(bool ascii);

}  // namespace simile::text
