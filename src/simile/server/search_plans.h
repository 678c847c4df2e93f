#pragma once
/// Searches that differ in their vectors only are planned once. What tells them apart is the bytes
/// of the message without the vectors; what they need is parsed from those bytes when they are
/// first seen, and kept for as long as the collection stays as it is.

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "simile/server/catalog.h"
#include "simile/server/search_plan.h"

namespace simile::server {

/// A search as it was received, taken apart without parsing it.
struct SearchBytes {
  std::string shape;         ///< of all searches that are planned like this one
  std::string_view queries;  ///< the placeholder group; borrows from the message
  bool plain = false;        ///< false: it names rows instead of vectors, or cannot be read

  static SearchBytes read(std::string_view message, const CallContext& context);
};

/// `plan` has everything but queries, threads and the token that cancels it.
struct PreparedSearch {
  PreparedSearch(CollectionHandle of, std::string asked, SearchPlan made);

  CollectionHandle handle;
  std::string asked_name;  ///< of the collection, or an alias of it
  SearchPlan plan;
  std::size_t vector_bytes = 0;  ///< of a vector of the field
  /// Of the engine for one vector, the last time; a search that was never made may take long.
  mutable std::atomic<float> seconds = 1;
};

/// The plans that were made last. Thread rule: any call from any thread.
class SearchPlans {
 public:
  using Pointer = std::shared_ptr<const PreparedSearch>;

  explicit SearchPlans(std::size_t most = 1'024) : most_(most) {}

  /// Null where there is none.
  Pointer find(std::string_view shape) const;
  void put(std::string shape, Pointer prepared);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Pointer, Hash, std::equal_to<>> plans_;
};

}  // namespace simile::server
