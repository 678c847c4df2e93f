#pragma once
/// What iterators of clients need between their calls: the snapshot they began on, and how far a
/// search has come. Bounded: the oldest is forgotten, and its iterator goes on with newer rows.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "simile/collection.h"

namespace simile::server {

struct IterationState {
  std::shared_ptr<const Snapshot> snapshot;
  float distance = 0;        ///< of the last hit given out
  float score = 0;           ///< the same as the client knows it
  std::size_t at_bound = 0;  ///< hits given out at that distance
  bool started = false;
};

/// Thread rule: any call from any thread.
class Sessions {
 public:
  explicit Sessions(std::size_t most = 256) : most_(most) {}

  /// Nothing where it is not known any more.
  std::shared_ptr<IterationState> find(const std::string& token);
  void put(const std::string& token, IterationState state);

 private:
  using Entry = std::pair<std::string, std::shared_ptr<IterationState>>;
  const std::size_t most_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // last used first
  std::unordered_map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace simile::server
