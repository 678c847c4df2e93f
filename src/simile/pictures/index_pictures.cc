#include <algorithm>

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

}  // namespace

Result<PictureIndexReport> index_pictures(Database& database, const std::string& folder,
                                          const PictureIndexOptions& options) {
  std::shared_ptr<Collection> collection;
  std::string model = options.model;
  if (has_collection(database, options.collection)) {
    SIMILE_ASSIGN(collection, database.collection(options.collection));
    SIMILE_ASSIGN(const RegisteredModel found, pictures::model_for(*collection, model));
    model = found.card_path;
  }
  // Everything that can be wrong is found out before a collection is made.
  SIMILE_TRY(pictures::walk_folder(folder, options.follow_symlinks));
  SIMILE_ASSIGN(const auto embedder, PictureEmbedder::open(model, options.threads));
  if (!collection) {
    SIMILE_ASSIGN(const Schema schema, pictures::picture_schema(embedder->card()));
    SIMILE_ASSIGN(collection, database.create_collection(options.collection, schema));
  }
  return pictures::FolderIndexer(*collection, *embedder, options).run(folder);
}

}  // namespace simile
