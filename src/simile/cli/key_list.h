#pragma once
/// Primary keys from the command line.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simile/batch.h"
#include "simile/error.h"
#include "simile/schema.h"

namespace simile::cli {

/// Keys of a collection's type.
class KeyList {
 public:
  /// kInvalidArgument names the first text that is no key of `type`.
  static Result<KeyList> parse(const std::vector<std::string>& texts, FieldType type);

  /// Valid as long as this list, and the texts it was parsed from, are.
  KeysView view() const;
  std::size_t size() const { return integers_.size() + strings_.size(); }

 private:
  FieldType type_ = FieldType::kInt64;
  std::vector<std::int64_t> integers_;
  std::vector<std::string_view> strings_;
};

}  // namespace simile::cli
