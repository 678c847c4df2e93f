#pragma once
/// What hits are grouped by: a field, or what lies at a path of a JSON one.

#include <memory>
#include <string>
#include <string_view>

#include "simile/batch.h"
#include "simile/error.h"
#include "simile/scalar/filter/json_path.h"
#include "simile/schema.h"

namespace simile::scalar {

namespace filter {
class JsonReader;
}

/// Not thread-safe; borrows the schema.
class GroupKey {
 public:
  /// "label", "info['exif'][0]", or a name of the dynamic field, as filters write them.
  /// kInvalidArgument where it is none of these, or where rows cannot be grouped by it.
  static Result<GroupKey> parse(std::string_view text, const Schema& schema);
  GroupKey(GroupKey&&) noexcept;
  ~GroupKey();

  const Field& field() const { return *field_; }
  /// Of a column of the field: bytes that are equal where the values are; null is a value, too.
  std::string of(const Column& column, std::size_t row) const;

 private:
  GroupKey(const Field& field, filter::JsonPath path);

  const Field* field_;
  filter::JsonPath path_;
  std::unique_ptr<filter::JsonReader> json_;
};

}  // namespace simile::scalar
