#pragma once
/// Brings a collection in step with a folder:
///   1. compare what a walk found with what the collection knows;
///   2. a file of the known size and time of change is left alone; all others are read and hashed,
///      on threads of their own (picture_loader.h); where there is none, the model stays closed,
///      since opening it takes longer than all the rest;
///   3. a content that is known, from before or from this run, is copied; others go through the
///      model, many at a time;
///   4. rows are written in batches, each durable before the next, so that a run that is cut off
///      loses one batch of work at most and the next run goes on from there;
///   5. rows of files that are gone are deleted.
/// Nothing of this depends on what an earlier run left behind: each run compares and completes.

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "simile/collection.h"
#include "simile/features.h"
#include "simile/pictures.h"
#include "simile/pictures/folder_walk.h"
#include "simile/pictures/picture_collection.h"
#include "simile/pictures/picture_loader.h"
#include "simile/pictures/picture_rows.h"

namespace simile::pictures {

/// Opens a model. Called at most once, and only where there is a picture to read.
using EmbedderSource = std::function<Result<std::shared_ptr<const PictureEmbedder>>()>;

class FolderIndexer {
 public:
  /// `card` is that of the collection, and of what `source` opens. References must outlive the
  /// indexer.
  FolderIndexer(Collection& collection, const ModelCard& card, EmbedderSource source,
                const PictureIndexOptions& options);

  /// Once per object. The report has no `seconds`.
  Result<PictureIndexReport> run(const FolderContents& contents);

 private:
  /// Files that must be read, in the order of their paths.
  std::vector<FoundPicture> plan(const FolderContents& contents);
  Status load_all(const std::vector<FoundPicture>& files);
  Status take(LoadedPicture picture);
  /// Runs the model on what is staged, writes it, then copies what waits for known features.
  Status flush();
  Status infer_staged();
  Status write_rows();
  Status copy_waiting();
  /// Copies the features of `waiting` from rows of `snapshot` at the paths in `sources`; those
  /// whose row is of another content by now are left in `waiting`.
  Status copy_from(const Snapshot& snapshot,
                   const std::unordered_map<std::string, std::string>& sources);
  /// Of several files with the same bytes one was tried, and is no picture.
  Status skip_waiting_damaged();
  Status prune(const FolderContents& contents);

  void skip(const std::string& path, const std::string& why);
  Status drop_damaged(const std::string& path);
  void count_written(const PictureRow& row);
  void report_progress();
  bool cancelled() const { return options_.cancel != nullptr && options_.cancel->cancelled(); }

  Collection& collection_;
  const ModelCard& card_;
  EmbedderSource source_;
  std::shared_ptr<const PictureEmbedder> embedder_;  ///< null until a picture must be read
  const PictureIndexOptions& options_;
  std::shared_ptr<const Snapshot> before_;  ///< the collection when the run began
  KnownPictures known_;
  std::unordered_map<std::string, std::string> known_sources_;  ///< content -> path in before_
  std::unordered_map<std::string, std::string> new_sources_;    ///< content -> path written since
  std::unordered_map<std::string, std::string> damaged_;        ///< content -> why
  std::vector<LoadedPicture> staged_;
  std::vector<LoadedPicture> waiting_;
  PictureRows rows_;
  std::uint64_t done_ = 0;
  PictureIndexReport report_;
};

}  // namespace simile::pictures
