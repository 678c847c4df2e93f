#pragma once
/// Memory asked for before it is needed. Inlined by force, as must be every function that does
/// nothing else: such a function is pure to gcc 12, which then drops its calls.

#include <cstddef>

namespace simile {

#define SIMILE_ALWAYS_INLINE [[gnu::always_inline]] inline

enum class CacheLevel { kFirst, kSecond };

/// Every line of [at, at + bytes), `at` at the start of a line.
template <CacheLevel kLevel>
SIMILE_ALWAYS_INLINE void prefetch_lines(const void* at, std::size_t bytes) {
  const auto* lines = static_cast<const char*>(at);
  for (std::size_t line = 0; line < bytes; line += 64) {
    __builtin_prefetch(lines + line, 0, kLevel == CacheLevel::kFirst ? 3 : 2);
  }
}

}  // namespace simile
