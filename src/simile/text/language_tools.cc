#include "simile/text/language_tools.h"

#include "simile/base/check.h"
#include "simile/base/module.h"

namespace simile::text {

Result<const LanguageTools*> language_tools() {
  static const Result<const void*> module = load_module(
      {.file = "libsimile_text.so",
       .environment = "SIMILE_TEXT_MODULE",
       .remedy =
           "stemming and the segmentation of Chinese need ICU and Snowball: install them (apt "
           "install libicu72 libstemmer0d, and libicu-dev libstemmer-dev to build) and build "
           "Simile again"});
  SIMILE_TRY(module);
  return static_cast<const LanguageTools*>(*module);
}

}  // namespace simile::text
