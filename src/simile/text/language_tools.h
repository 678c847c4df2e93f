#pragma once
/// What the module libsimile_text.so offers.

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "simile/error.h"

namespace simile::text {

class Stemmer {
 public:
  virtual ~Stemmer() = default;
  /// The stem of a word in lower case; valid until the next call. One thread at a time.
  virtual std::string_view stem(std::string_view word) = 0;
};

class LanguageTools {
 public:
  virtual ~LanguageTools() = default;
  /// Of each word of a UTF-8 text, by the rules of Unicode and dictionaries: where it begins and
  /// ends. What is neither letter nor digit is left out.
  virtual void cut_words(std::string_view text,
                         std::vector<std::pair<std::size_t, std::size_t>>& words) const = 0;
  /// By Snowball's name of the language, "english"; null for one that is not known.
  virtual std::unique_ptr<Stemmer> make_stemmer(const char* language) const = 0;
  /// The text in lower case, and without accents.
  virtual std::string lower_case(std::string_view text) const = 0;
  virtual std::string without_accents(std::string_view text) const = 0;
};

/// Loaded once; kUnimplemented says what to install.
Result<const LanguageTools*> language_tools();

}  // namespace simile::text
