#pragma once
/// How collections have grown while the server ran.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "simile/server/catalog.h"

namespace simile::server {

/// Looks at every collection now and then on a thread of its own. When there are 240 points of one,
/// every other is dropped and the pace halved, so that the last minutes and the last months both
/// fit. Thread rule: any call from any thread.
class Growth {
 public:
  explicit Growth(Catalog& catalog);
  ~Growth();

  /// [[seconds since 1970, rows, bytes on disk, bytes in memory], ...] of a collection.
  nlohmann::json of(const std::string& database, const std::string& collection) const;

 private:
  struct Point {
    std::int64_t time;
    std::uint64_t rows, disk, memory;
  };
  void look();

  Catalog& catalog_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::int64_t pace_seconds_ = 5;
  std::map<std::string, std::vector<Point>> points_;  ///< by database/collection
  std::jthread thread_;
};

}  // namespace simile::server
