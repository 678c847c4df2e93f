#include <algorithm>
#include <chrono>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/pictures.h"
#include "simile/pictures/folder_indexer.h"
#include "simile/pictures/picture_collection.h"

namespace simile {
namespace {

bool has_collection(const Database& database, const std::string& name) {
  const std::vector<std::string> names = database.collections();
  return std::ranges::find(names, name) != names.end();
}

/// Rows that only the log holds are replayed by every opening and scanned by every search. Asked of
/// the collection, not of this run, so that what a run that was killed had written is sealed too.
Status seal(Collection& collection, const PictureIndexOptions& options) {
  if (collection.info().growing_rows == 0) return {};
  const Status flushed = collection.flush({}, options.cancel);
  if (flushed || flushed.error().code != ErrorCode::kCancelled) return flushed;
  return fail(ErrorCode::kCancelled,
              "all pictures are stored, their index is not; the same call builds it");
}

}  // namespace

Result<PictureIndexReport> index_pictures(Database& database, const std::string& folder,
                                          const PictureIndexOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  // Everything that can be wrong is found out before a collection is made.
  SIMILE_ASSIGN(const pictures::FolderContents contents,
                pictures::walk_folder(folder, options.follow_symlinks));
  std::shared_ptr<Collection> collection;
  std::shared_ptr<const PictureEmbedder> embedder;
  RegisteredModel model;
  if (has_collection(database, options.collection)) {
    SIMILE_ASSIGN(collection, database.collection(options.collection));
    SIMILE_ASSIGN(model, pictures::model_for(*collection, options.model));
  } else {
    SIMILE_ASSIGN(model, find_model(options.model));
    SIMILE_ASSIGN(embedder, PictureEmbedder::open(model.card_path, options.threads));
    SIMILE_ASSIGN(const Schema schema, pictures::picture_schema(model.card));
    SIMILE_ASSIGN(collection, database.create_collection(options.collection, schema));
  }
  const pictures::EmbedderSource source = [&]() -> Result<std::shared_ptr<const PictureEmbedder>> {
    if (embedder) return embedder;
    return PictureEmbedder::open(model.card_path, options.threads);
  };
  SIMILE_ASSIGN(PictureIndexReport report,
                pictures::FolderIndexer(*collection, model.card, source, options).run(contents));
  SIMILE_TRY(seal(*collection, options));
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace simile
