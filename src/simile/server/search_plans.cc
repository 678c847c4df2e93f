#include "simile/server/search_plans.h"

#include "simile/server/wire_cursor.h"

namespace simile::server {

namespace {

/// Longer ones are filters with lists of values, which hardly come twice.
constexpr std::size_t kShapeBytesMax = 4'096;

// Fields of SearchRequest that say nothing about what is found, as every acknowledged write is
// visible: the header, the timestamp to wait for, its consistency level.
constexpr std::uint32_t kBase = 1;
constexpr std::uint32_t kGuaranteeTimestamp = 11;
constexpr std::uint32_t kConsistencyLevel = 14;
constexpr std::uint32_t kUseDefaultConsistency = 15;
constexpr std::uint32_t kPlaceholderGroup = 6;
constexpr std::uint32_t kIds = 22;

}  // namespace

SearchBytes SearchBytes::read(std::string_view message, const CallContext& context) {
  SearchBytes search;
  search.shape = context.database;
  search.shape += context.embedded ? '\1' : '\0';
  std::size_t groups = 0;
  WireCursor cursor(message);
  while (cursor.next()) {
    switch (cursor.number()) {
      case kPlaceholderGroup:
        search.queries = cursor.bytes();
        ++groups;
        break;
      case kIds: return search;
      case kGuaranteeTimestamp:
        // By the rules of the library it names a snapshot.
        if (context.embedded && cursor.value() != 0) return search;
        break;
      case kBase:
      case kConsistencyLevel:
      case kUseDefaultConsistency: break;
      default: search.shape += cursor.whole();
    }
  }
  search.plain = cursor.at_end() && groups == 1 && search.shape.size() <= kShapeBytesMax;
  return search;
}

PreparedSearch::PreparedSearch(CollectionHandle of, std::string asked, SearchPlan made)
    : handle(std::move(of)),
      asked_name(std::move(asked)),
      plan(std::move(made)),
      vector_bytes(handle.schema().find(plan.request.field)->vector.bytes()) {}

SearchPlans::Pointer SearchPlans::find(std::string_view shape) const {
  const std::scoped_lock lock(mutex_);
  const auto found = plans_.find(shape);
  return found == plans_.end() ? nullptr : found->second;
}

void SearchPlans::put(std::string shape, Pointer prepared) {
  const std::scoped_lock lock(mutex_);
  // All of them: they are made again in microseconds.
  if (plans_.size() >= most_) plans_.clear();
  plans_[std::move(shape)] = std::move(prepared);
}

}  // namespace simile::server
