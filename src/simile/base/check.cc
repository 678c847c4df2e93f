#include "simile/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace simile {

void check_failed(const char* condition, std::source_location where) {
  std::fprintf(stderr, "simile: internal error: %s does not hold at %s:%u; please report this\n",
               condition, where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace simile
