#pragma once
/// Checks of text and JSON, at the speed of simdjson.

#include <memory>
#include <string_view>

namespace simile::scalar {

/// Objects and arrays nested deeper than this are refused; simdjson's own limit is 1,024.
inline constexpr std::size_t kMaxJsonDepth = 1000;

/// True where the bytes are UTF-8.
bool is_text(std::string_view bytes);

/// Checks one text after the other with the same memory. Not thread-safe.
class JsonChecker {
 public:
  JsonChecker();
  ~JsonChecker();
  /// Null where `text` is one JSON value (RFC 8259, numbers within 64 bits or double); else what is
  /// wrong with it.
  const char* find_fault(std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simile::scalar
