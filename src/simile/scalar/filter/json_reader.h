#pragma once
/// Values inside JSON texts, by path.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "simile/scalar/arena.h"
#include "simile/scalar/filter/expression.h"
#include "simile/scalar/filter/json_path.h"
#include "simile/scalar/filter/scalar.h"

namespace simile::scalar::filter {

/// Reads one text after the other with the same memory. Not thread-safe. A text that does not
/// parse, which validate_batch() keeps out, has no values.
class JsonReader {
 public:
  JsonReader();
  ~JsonReader();

  /// Null where the path leads nowhere or to null; an object or array is kOther; integers above
  /// int64 are doubles. The text of a string is copied to `arena`.
  Scalar find(std::string_view text, const JsonPath& path, Arena& arena);

  /// The value as JSON text without spaces, so that equal values are equal texts, the order of keys
  /// aside; empty where find() is null.
  std::string text_of(std::string_view text, const JsonPath& path);

  /// Elements of the array that the path leads to.
  std::optional<std::int64_t> array_length(std::string_view text, const JsonPath& path);

  /// Whether the array that the path leads to contains `values` (by mode; kOne: values[0]), lists
  /// and elements compared element by element. False where it is no array, unknown where the path
  /// leads nowhere or to null.
  std::optional<bool> contains(std::string_view text, const JsonPath& path, ContainsMode mode,
                               std::span<const TemplateValue> values);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simile::scalar::filter
