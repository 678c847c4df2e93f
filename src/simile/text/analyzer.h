#pragma once
/// How texts become words, for full-text search and for text_match.
///
/// An analyzer is a tokenizer and then filters, in order. It is written as JSON, in the words of
/// Milvus: {"type": "standard" | "english" | "chinese"} with "stop_words", or {"tokenizer": ...,
/// "filter": [...]}. docs/text.md lists all of them.
///
/// What needs ICU or Snowball (the segmentation of Chinese, stemming) is in a module that is loaded
/// when it is first wanted.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "simile/error.h"

namespace simile::text {

struct Token {
  std::string text;
  std::size_t begin = 0;     ///< bytes of the text that it comes from
  std::size_t end = 0;       ///< behind them
  std::size_t position = 0;  ///< among the words, those that a filter took away included
};

/// One step behind the tokenizer: changes tokens, or removes them.
using TokenFilter = std::function<void(std::vector<Token>&)>;
/// UTF-8 to tokens.
using Tokenizer = std::function<void(std::string_view, std::vector<Token>&)>;

/// Thread rule: any call from any thread.
class Analyzer {
 public:
  /// An empty text is {"type": "standard"}. kInvalidArgument says what is not known;
  /// kUnimplemented where a module is missing.
  static Result<std::shared_ptr<const Analyzer>> make(std::string_view json);

  Analyzer(Tokenizer tokenizer, std::vector<TokenFilter> filters)
      : tokenizer_(std::move(tokenizer)), filters_(std::move(filters)) {}

  std::vector<Token> analyze(std::string_view text) const;

  /// The words of a text as a sparse vector: a number for each and how often it is there.
  std::string term_counts(std::string_view text) const;

 private:
  Tokenizer tokenizer_;
  std::vector<TokenFilter> filters_;
};

/// The same object for the same parameters, made once: those of fields.
Result<std::shared_ptr<const Analyzer>> analyzer_of(std::string_view json);

/// What stands for a word in sparse vectors.
std::uint32_t term_number(std::string_view word);

}  // namespace simile::text
