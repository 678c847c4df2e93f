#include "simile/server/sessions.h"

namespace simile::server {

std::shared_ptr<IterationState> Sessions::find(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  const auto found = places_.find(token);
  if (found == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->second;
}

void Sessions::put(const std::string& token, IterationState state) {
  auto shared = std::make_shared<IterationState>(std::move(state));
  const std::scoped_lock lock(mutex_);
  const auto found = places_.find(token);
  if (found != places_.end()) {
    found->second->second = std::move(shared);
    entries_.splice(entries_.begin(), entries_, found->second);
    return;
  }
  entries_.emplace_front(token, std::move(shared));
  places_[token] = entries_.begin();
  if (entries_.size() <= most_) return;
  places_.erase(entries_.back().first);
  entries_.pop_back();
}

}  // namespace simile::server
