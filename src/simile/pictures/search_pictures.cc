#include <chrono>
#include <mutex>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/pictures.h"
#include "simile/pictures/file_bytes.h"
#include "simile/pictures/picture_collection.h"

namespace simile {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration<double>(end - start).count();
}

/// The model of the last search stays loaded: opening one takes longer than a hundred searches.
Result<std::shared_ptr<const PictureEmbedder>> open_kept(const RegisteredModel& model) {
  static std::mutex mutex;
  static std::string kept_path;
  static std::shared_ptr<const PictureEmbedder> kept;
  const std::lock_guard lock(mutex);
  const bool same =
      kept && kept_path == model.card_path && pictures::same_features(kept->card(), model.card);
  if (!same) {
    SIMILE_ASSIGN(kept, PictureEmbedder::open(model.card_path, 1));
    kept_path = model.card_path;
  }
  return kept;
}

}  // namespace

Result<PictureSearchResult> search_pictures(Database& database, const std::string& file,
                                            const PictureSearchOptions& options) {
  const Clock::time_point start = Clock::now();
  SIMILE_ASSIGN(const auto collection, database.collection(options.collection));
  SIMILE_ASSIGN(const RegisteredModel model, pictures::model_for(*collection, options.model));
  const Result<pictures::FileBytes> picture = pictures::read_file(file, options.limits.bytes_max);
  if (!picture) return fail(picture.error().code, join_text(file, ": ", picture.error().message));
  const Clock::time_point before_open = Clock::now();
  SIMILE_ASSIGN(const auto embedder, open_kept(model));
  const Clock::time_point after_open = Clock::now();
  const Result<std::vector<float>> feature = embedder->embed(picture->bytes, options.limits);
  if (!feature) return fail(feature.error().code, join_text(file, ": ", feature.error().message));

  SearchRequest request;
  request.queries = MatrixView(
      feature->data(), 1, {ElementType::kFloat32, static_cast<std::uint32_t>(feature->size())});
  request.field = pictures::kFeature;
  request.k = options.k;
  request.where = options.where;
  request.exact = options.exact;
  request.model_sha256 = model.card.sha256;
  SIMILE_ASSIGN(const SearchResult found, collection->snapshot()->search(request));
  const Column* path = found.rows.find(pictures::kPath);
  SIMILE_CHECK(path != nullptr && path->strings.size() == found.distances.size());
  PictureSearchResult result;
  for (std::size_t i = 0; i < found.distances.size(); ++i) {
    result.hits.push_back({.path = path->strings[i], .distance = found.distances[i]});
  }
  result.model = model.card.name;
  result.open_seconds = seconds_between(before_open, after_open);
  result.seconds = seconds_between(start, Clock::now()) - result.open_seconds;
  return result;
}

}  // namespace simile
