#pragma once
/// A folder of pictures kept in step with a collection, and searched by picture.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "simile/database.h"
#include "simile/features.h"
#include "simile/progress.h"

namespace simile {

struct PictureIndexOptions {
  std::string collection = "pictures";
  std::string model;          ///< empty: the model of the collection, else default_model()
  std::uint32_t threads = 0;  ///< for decoding and inference; 0: every core
  PictureLimits limits;
  bool follow_symlinks = false;
  bool prune = true;  ///< forget pictures whose file is gone from the folder
  Progress progress;  ///< files done, files found
  std::function<void(const std::string& file, const std::string& why)> on_skipped;
  const CancelToken* cancel = nullptr;
};

struct PictureIndexReport {
  std::uint64_t found = 0;  ///< picture files in the folder
  std::uint64_t added = 0;
  std::uint64_t updated = 0;    ///< content changed
  std::uint64_t unchanged = 0;  ///< neither decoded nor run through the model
  std::uint64_t reused = 0;     ///< of added and updated: same bytes as a known picture
  std::uint64_t removed = 0;
  std::uint64_t skipped = 0;  ///< unreadable, reported through on_skipped
  double seconds = 0;         ///< of the whole call, opening the model included
};

/// Makes `collection` hold one row for each picture below `folder`. Fields: path (string primary
/// key, absolute), feature, content (hash of the bytes), bytes, modified (ns), width, height. At
/// the end the rows are sealed into a segment with its index. May be stopped at any moment, by
/// cancel or by force, and goes on from there when called again.
Result<PictureIndexReport> index_pictures(Database& database, const std::string& folder,
                                          const PictureIndexOptions& options);

struct PictureHit {
  std::string path;
  float distance = 0;
};

struct PictureSearchOptions {
  std::string collection = "pictures";
  std::string model;  ///< empty: the model of the collection
  std::uint32_t k = 10;
  std::string where;
  bool exact = false;
  PictureLimits limits;
};

struct PictureSearchResult {
  std::vector<PictureHit> hits;  ///< nearest first
  std::string model;             ///< name of the model
  double open_seconds = 0;  ///< for opening the model; near 0 where the last search used it too
  double seconds = 0;       ///< for all the rest: reading, decoding, embedding, searching
};

/// The pictures most similar to the one in `file`. kFailedPrecondition, naming both, where `model`
/// is not the one that made the collection; kNotFound where that is not known and none is named.
Result<PictureSearchResult> search_pictures(Database& database, const std::string& file,
                                            const PictureSearchOptions& options);

/// Writes one self-contained page: the query, then the hits as thumbnails with their distances.
Status write_picture_page(const std::string& output, const std::string& query_file,
                          const std::vector<PictureHit>& hits, double search_seconds,
                          const std::string& note);

}  // namespace simile
