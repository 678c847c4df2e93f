#pragma once
/// Primary keys that outlive the rows they were read from.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simile/batch.h"
#include "simile/db/view.h"
#include "simile/scalar/filter.h"

namespace simile::db {

class KeyCopies {
 public:
  KeyCopies() = default;
  /// The keys of all rows in sight that match.
  static Result<KeyCopies> matching(const CollectionView& view, const scalar::Filter& filter);

  /// Borrows from this object, which must stay where it is.
  KeysView view() const;
  std::size_t size() const { return is_text_ ? texts_.size() : numbers_.size(); }

 private:
  void add(const segment::Key& key);

  bool is_text_ = false;
  std::vector<std::int64_t> numbers_;
  std::vector<std::string> texts_;
  mutable std::vector<std::string_view> text_views_;
};

}  // namespace simile::db
