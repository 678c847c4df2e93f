#include "simile/pictures/folder_indexer.h"

#include <algorithm>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/parallel.h"
#include "simile/base/text.h"
#include "simile/features/feature_math.h"

namespace simile::pictures {
namespace {

// Enough for each write to the log to be amortised; small enough that little is lost with it.
constexpr std::size_t kBatchPictures = 64;

}  // namespace

FolderIndexer::FolderIndexer(Collection& collection, const ModelCard& card, EmbedderSource source,
                             const PictureIndexOptions& options)
    : collection_(collection),
      card_(card),
      source_(std::move(source)),
      options_(options),
      before_(collection.snapshot()),
      rows_(card.dimension) {}

Result<PictureIndexReport> FolderIndexer::run(const FolderContents& contents) {
  SIMILE_ASSIGN(known_, known_pictures(*before_, options_.cancel));
  for (const auto& [path, picture] : known_) known_sources_.emplace(picture.content, path);
  for (const auto& [path, why] : contents.unreadable) skip(path, "cannot be read: " + why);

  report_.found = contents.pictures.size();
  const std::vector<FoundPicture> files = plan(contents);
  report_progress();
  SIMILE_TRY(load_all(files));
  if (options_.prune) SIMILE_TRY(prune(contents));
  return report_;
}

std::vector<FoundPicture> FolderIndexer::plan(const FolderContents& contents) {
  std::vector<FoundPicture> files;
  for (const FoundPicture& file : contents.pictures) {
    const auto known = known_.find(file.path);
    const bool same = known != known_.end() && known->second.bytes == file.bytes &&
                      known->second.modified == file.modified;
    if (!same) files.push_back(file);
  }
  report_.unchanged = contents.pictures.size() - files.size();
  done_ = report_.unchanged;
  return files;
}

Status FolderIndexer::load_all(const std::vector<FoundPicture>& files) {
  if (files.empty()) return {};
  SIMILE_ASSIGN(embedder_, source_());
  std::unordered_set<std::string> contents;
  for (const auto& [content, path] : known_sources_) contents.insert(content);
  PictureLoader loader(*embedder_, files, std::move(contents),
                       {.threads = resolve_threads(options_.threads),
                        .ahead = kBatchPictures,
                        .limits = options_.limits,
                        .cancel = options_.cancel});
  while (std::optional<LoadedPicture> picture = loader.next()) {
    if (cancelled()) break;
    SIMILE_TRY(take(*std::move(picture)));
    if (std::max(staged_.size(), waiting_.size()) >= kBatchPictures) SIMILE_TRY(flush());
  }
  SIMILE_TRY(flush());  // also after a cancel: these are decoded already
  if (cancelled()) {
    return fail(ErrorCode::kCancelled, join_text("stopped after ", done_, " of ", report_.found,
                                                 " pictures; the same call goes on from there"));
  }
  SIMILE_CHECK(waiting_.empty());  // every content was either written or found to be damaged
  return {};
}

Status FolderIndexer::take(LoadedPicture picture) {
  using Kind = LoadedPicture::Kind;
  switch (picture.kind) {
    case Kind::kPrepared: staged_.push_back(std::move(picture)); return {};
    case Kind::kSame: waiting_.push_back(std::move(picture)); return {};
    case Kind::kUnreadable: skip(picture.path, picture.why); return {};
    case Kind::kDamaged: break;
  }
  skip(picture.path, picture.why);
  damaged_.emplace(picture.content, picture.why);
  return drop_damaged(picture.path);
}

Status FolderIndexer::flush() {
  SIMILE_TRY(infer_staged());
  SIMILE_TRY(write_rows());
  SIMILE_TRY(copy_waiting());
  SIMILE_TRY(write_rows());
  return skip_waiting_damaged();
}

Status FolderIndexer::infer_staged() {
  if (staged_.empty()) return {};
  const std::size_t dimension = card_.dimension;
  const std::size_t input_floats = embedder_->input_floats();
  std::vector<float> inputs;
  inputs.reserve(staged_.size() * input_floats);
  for (const LoadedPicture& picture : staged_) {
    inputs.insert(inputs.end(), picture.input.begin(), picture.input.end());
  }
  std::vector<float> features(staged_.size() * dimension);
  SIMILE_TRY(embedder_->infer(inputs, staged_.size(), features));
  for (std::size_t i = 0; i < staged_.size(); ++i) {
    LoadedPicture& picture = staged_[i];
    const std::span<const float> feature = std::span(features).subspan(i * dimension, dimension);
    if (!features::has_length(feature)) {
      const std::string why = "the model gives no usable feature for it";
      skip(picture.path, why);
      damaged_.emplace(picture.content, why);
      SIMILE_TRY(drop_damaged(picture.path));
      continue;
    }
    rows_.add({.path = std::move(picture.path),
               .content = std::move(picture.content),
               .bytes = picture.bytes,
               .modified = picture.modified,
               .width = picture.size.width,
               .height = picture.size.height},
              feature);
  }
  staged_.clear();
  return {};
}

Status FolderIndexer::write_rows() {
  if (rows_.size() == 0) return {};
  const Result<WriteResult> written =
      rows_.with_batch([&](const Batch& batch) { return collection_.upsert(batch); });
  SIMILE_TRY(written);
  for (const PictureRow& row : rows_.rows()) {
    count_written(row);
    new_sources_.emplace(row.content, row.path);
  }
  rows_.clear();
  report_progress();
  return {};
}

Status FolderIndexer::copy_waiting() {
  if (waiting_.empty()) return {};
  // The rows of before cannot change under us, whatever this run has written since.
  SIMILE_TRY(copy_from(*before_, known_sources_));
  if (waiting_.empty()) return {};
  return copy_from(*collection_.snapshot(), new_sources_);
}

Status FolderIndexer::copy_from(const Snapshot& snapshot,
                                const std::unordered_map<std::string, std::string>& sources) {
  std::vector<std::string_view> paths;
  for (const LoadedPicture& picture : waiting_) {
    const auto source = sources.find(picture.content);
    if (source != sources.end()) paths.push_back(source->second);
  }
  if (paths.empty()) return {};
  std::ranges::sort(paths);
  const auto repeated = std::ranges::unique(paths);
  paths.erase(repeated.begin(), repeated.end());
  SIMILE_ASSIGN(const Table table, snapshot.get(std::span<const std::string_view>(paths),
                                                {kPath, kFeature, kContent, kWidth, kHeight}));
  const Column* content = table.find(kContent);
  const Column* feature = table.find(kFeature);
  const Column* width = table.find(kWidth);
  const Column* height = table.find(kHeight);
  SIMILE_CHECK(content && feature && width && height);
  std::unordered_map<std::string_view, std::size_t> row_of;
  for (std::size_t row = 0; row < table.rows; ++row) row_of.emplace(content->strings[row], row);

  const std::size_t dimension = card_.dimension;
  std::vector<LoadedPicture> left;
  for (LoadedPicture& picture : waiting_) {
    const auto found = row_of.find(picture.content);
    if (found == row_of.end()) {
      left.push_back(std::move(picture));
      continue;
    }
    const std::size_t row = found->second;
    rows_.add({.path = std::move(picture.path),
               .content = std::move(picture.content),
               .bytes = picture.bytes,
               .modified = picture.modified,
               .width = width->values<std::int64_t>()[row],
               .height = height->values<std::int64_t>()[row]},
              feature->values<float>().subspan(row * dimension, dimension));
  }
  waiting_ = std::move(left);
  return {};
}

Status FolderIndexer::skip_waiting_damaged() {
  std::vector<LoadedPicture> left;
  for (LoadedPicture& picture : waiting_) {
    const auto damaged = damaged_.find(picture.content);
    if (damaged == damaged_.end()) {
      left.push_back(std::move(picture));
      continue;
    }
    skip(picture.path, damaged->second);
    SIMILE_TRY(drop_damaged(picture.path));
  }
  waiting_ = std::move(left);
  return {};
}

Status FolderIndexer::prune(const FolderContents& contents) {
  std::unordered_set<std::string_view> present;
  for (const FoundPicture& file : contents.pictures) present.insert(file.path);
  const auto is_gone = [&](const std::string& path) {
    return lies_below(path, contents.folder) && !present.contains(path) &&
           std::ranges::none_of(contents.unreadable, [&](const auto& unreadable) {
             return lies_below(path, unreadable.first);
           });
  };
  std::vector<std::string_view> gone;
  for (const auto& [path, picture] : known_) {
    if (is_gone(path)) gone.push_back(path);
  }
  if (gone.empty()) return {};
  std::ranges::sort(gone);
  const Result<WriteResult> erased = collection_.erase(std::span<const std::string_view>(gone));
  SIMILE_TRY(erased);
  report_.removed += gone.size();
  return {};
}

void FolderIndexer::skip(const std::string& path, const std::string& why) {
  ++report_.skipped;
  ++done_;
  if (options_.on_skipped) options_.on_skipped(path, why);
  report_progress();
}

/// The row of a file that is no picture any more shows what is not there.
Status FolderIndexer::drop_damaged(const std::string& path) {
  if (!known_.contains(path)) return {};
  const std::string_view key = path;
  const Result<WriteResult> erased = collection_.erase(std::span(&key, 1));
  SIMILE_TRY(erased);
  ++report_.removed;
  return {};
}

void FolderIndexer::count_written(const PictureRow& row) {
  ++done_;
  const auto known = known_.find(row.path);
  if (known != known_.end() && known->second.content == row.content) {
    ++report_.unchanged;  // only its time of change is another
    return;
  }
  ++(known == known_.end() ? report_.added : report_.updated);
  const bool reused = known_sources_.contains(row.content) || new_sources_.contains(row.content);
  if (reused) ++report_.reused;
}

void FolderIndexer::report_progress() {
  if (options_.progress) options_.progress(std::min(done_, report_.found), report_.found);
}

}  // namespace simile::pictures
