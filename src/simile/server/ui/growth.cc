#include "simile/server/ui/growth.h"

#include <algorithm>
#include <chrono>

namespace simile::server {

namespace {

constexpr std::size_t kPointsMax = 240;

}  // namespace

Growth::Growth(Catalog& catalog) : catalog_(catalog) {
  thread_ = std::jthread([this] {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      look();
      lock.lock();
      wake_.wait_for(lock, std::chrono::seconds(pace_seconds_), [this] { return stopping_; });
    }
  });
}

Growth::~Growth() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
}

void Growth::look() {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  std::map<std::string, Point> seen;
  for (const DatabaseSummary& database : catalog_.databases()) {
    const auto info = catalog_.info(database.name);
    if (!info) continue;
    for (const CollectionInfo& each : info->collections) {
      seen[database.name + "/" + each.name] = {now, each.rows, each.disk_bytes, each.memory_bytes};
    }
  }
  const std::scoped_lock lock(mutex_);
  std::erase_if(points_, [&](const auto& each) { return !seen.contains(each.first); });
  bool full = false;
  for (const auto& [name, point] : seen) {
    auto& list = points_[name];
    list.push_back(point);
    full = full || list.size() >= kPointsMax;
  }
  if (!full) return;
  pace_seconds_ *= 2;
  for (auto& [name, list] : points_) {
    std::size_t kept = 0;
    for (std::size_t i = list.size() % 2; i < list.size(); i += 2) list[kept++] = list[i];
    list.resize(kept);
  }
}

nlohmann::json Growth::of(const std::string& database, const std::string& collection) const {
  nlohmann::json list = nlohmann::json::array();
  const std::scoped_lock lock(mutex_);
  const auto found = points_.find((database.empty() ? std::string(kDefaultDatabase) : database) +
                                  "/" + collection);
  if (found == points_.end()) return list;
  for (const Point& each : found->second) {
    list.push_back({each.time, each.rows, each.disk, each.memory});
  }
  return list;
}

}  // namespace simile::server
