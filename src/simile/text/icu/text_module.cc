/// libsimile_text.so: word boundaries by ICU, stems by Snowball.

#include <libstemmer.h>
#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utext.h>

#include <mutex>
#include <string>

#include "simile/base/module.h"
#include "simile/text/language_tools.h"

namespace simile::text {
namespace {

class SnowballStemmer final : public Stemmer {
 public:
  explicit SnowballStemmer(sb_stemmer* stemmer) : stemmer_(stemmer) {}
  ~SnowballStemmer() override { sb_stemmer_delete(stemmer_); }

  std::string_view stem(std::string_view word) override {
    const auto* found = sb_stemmer_stem(stemmer_, reinterpret_cast<const sb_symbol*>(word.data()),
                                        static_cast<int>(word.size()));
    if (found == nullptr) return word;
    return {reinterpret_cast<const char*>(found),
            static_cast<std::size_t>(sb_stemmer_length(stemmer_))};
  }

 private:
  sb_stemmer* stemmer_;
};

/// Word boundaries; making one reads dictionaries, so that each thread keeps its own.
icu::BreakIterator* word_breaks() {
  thread_local const std::unique_ptr<icu::BreakIterator> breaks = [] {
    UErrorCode error = U_ZERO_ERROR;
    std::unique_ptr<icu::BreakIterator> made(
        icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), error));
    return U_SUCCESS(error) != 0 ? std::move(made) : nullptr;
  }();
  return breaks.get();
}

class IcuTools final : public LanguageTools {
 public:
  void cut_words(std::string_view text,
                 std::vector<std::pair<std::size_t, std::size_t>>& words) const override {
    icu::BreakIterator* breaks = word_breaks();
    UErrorCode error = U_ZERO_ERROR;
    UText utf8 = UTEXT_INITIALIZER;
    utext_openUTF8(&utf8, text.data(), static_cast<std::int64_t>(text.size()), &error);
    if (breaks == nullptr || U_FAILURE(error) != 0) return;
    breaks->setText(&utf8, error);
    std::int32_t begin = breaks->first();
    for (std::int32_t end = breaks->next(); end != icu::BreakIterator::DONE;
         begin = end, end = breaks->next()) {
      if (breaks->getRuleStatus() < UBRK_WORD_NONE_LIMIT) continue;
      words.emplace_back(static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
    }
    utext_close(&utf8);
  }

  std::unique_ptr<Stemmer> make_stemmer(const char* language) const override {
    sb_stemmer* stemmer = sb_stemmer_new(language, "UTF_8");
    return stemmer == nullptr ? nullptr : std::make_unique<SnowballStemmer>(stemmer);
  }

  std::string lower_case(std::string_view text) const override {
    auto wide = icu::UnicodeString::fromUTF8(text);
    std::string lower;
    wide.toLower(icu::Locale::getRoot()).toUTF8String(lower);
    return lower;
  }

  std::string without_accents(std::string_view text) const override {
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* apart = icu::Normalizer2::getNFKDInstance(error);
    if (U_FAILURE(error) != 0) return std::string(text);
    const auto wide = apart->normalize(icu::UnicodeString::fromUTF8(text), error);
    icu::UnicodeString kept;
    for (std::int32_t at = 0; at < wide.length(); at = wide.moveIndex32(at, 1)) {
      const UChar32 c = wide.char32At(at);
      if (u_charType(c) != U_NON_SPACING_MARK) kept.append(c);
    }
    std::string plain;
    kept.toUTF8String(plain);
    return plain;
  }
};

}  // namespace
}  // namespace simile::text

extern "C" __attribute__((visibility("default"))) simile::ModuleEntry simile_module() {
  static const simile::text::IcuTools tools;
  const simile::text::LanguageTools* object = &tools;
  return {.version = SIMILE_VERSION, .object = object};
}
