#pragma once
/// From the files of a database to its state: the same for a writer that opens, for a reader that
/// opens and for a reader that looks again.
///
///   1. the newest manifest     2. map its segments, read their deletes
///   3. replay the logs through the same apply_*() as writing, from `first_log` on; what the
///      manifest covers already is passed over
///   4. publish the views
/// Nothing on the disk is changed.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "simile/db/collection_state.h"
#include "simile/io/storage.h"
#include "simile/segment/log_reader.h"
#include "simile/segment/manifest.h"

namespace simile::db {

/// Sealed segments by id, so that a reader that looks again need not open them again.
struct OpenSegment {
  std::vector<segment::DerivedEntry> derived;
  std::shared_ptr<const Schema> schema;
  std::shared_ptr<segment::SealedSegment> segment;
};
using OpenSegments = std::map<std::uint64_t, OpenSegment>;

/// A frame that can be read but need not be durable: its writer died before it was acknowledged,
/// or just after.
struct LastFrame {
  std::uint64_t log = 0;
  segment::LogPosition position;
};

struct Recovered {
  std::shared_ptr<io::Storage> storage;
  std::shared_ptr<std::mutex> publish_mutex;
  segment::Manifest manifest;
  std::map<std::uint32_t, std::shared_ptr<CollectionState>> collections;
  OpenSegments segments;
  std::uint64_t sequence = 0;  ///< of the last write that was found

  std::vector<segment::LogHeader> logs;  ///< from first_log on
  segment::LogPosition position;         ///< in the last of them
  std::uint64_t largest_log = 0;         ///< number of any log that is there, readable or not
  std::optional<LastFrame> last_frame;   ///< nothing where its log was closed in order
};

/// `known` may hold segments that are open already. kNotFound where there is no database; kDataLoss
/// naming file and place.
Result<Recovered> recover(std::shared_ptr<io::Storage> storage,
                          std::shared_ptr<std::mutex> publish_mutex, OpenSegments known = {});

/// Reads on where recover() stopped and publishes what has come. The manifest must still be the
/// newest one.
Status replay_more(Recovered& state);

}  // namespace simile::db
