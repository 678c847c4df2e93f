#pragma once
/// Assertions that stay on: for defects of Simile, never for user input or bytes from disk.

#include <source_location>

namespace simile {

/// Prints the place and aborts.
[[noreturn]] void check_failed(const char* condition, std::source_location where);

}  // namespace simile

#define SIMILE_CHECK(condition) \
  (static_cast<bool>(condition) \
       ? static_cast<void>(0)   \
       : ::simile::check_failed(#condition, std::source_location::current()))

/// Passes the error of an expression of type Result<T> on to the caller.
#define SIMILE_TRY(expression)                                                    \
  do {                                                                            \
    if (auto simile_try_status = (expression); !simile_try_status) [[unlikely]] { \
      return std::unexpected(std::move(simile_try_status).error());               \
    }                                                                             \
  } while (false)

/// SIMILE_ASSIGN(auto file, storage.open(path)): declares or assigns the value, or returns the
/// error. The target is not in parentheses, since it may be a declaration.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define SIMILE_ASSIGN_NAME2(line) simile_assign_##line
#define SIMILE_ASSIGN_NAME(line) SIMILE_ASSIGN_NAME2(line)
#define SIMILE_ASSIGN(target, expression)                                    \
  auto SIMILE_ASSIGN_NAME(__LINE__) = (expression);                          \
  if (!SIMILE_ASSIGN_NAME(__LINE__)) [[unlikely]] {                          \
    return std::unexpected(std::move(SIMILE_ASSIGN_NAME(__LINE__)).error()); \
  }                                                                          \
  target = *std::move(SIMILE_ASSIGN_NAME(__LINE__))
// NOLINTEND(bugprone-macro-parentheses)
