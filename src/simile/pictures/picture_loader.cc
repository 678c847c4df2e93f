#include "simile/pictures/picture_loader.h"

#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/features/sha256.h"
#include "simile/pictures/file_bytes.h"

namespace simile::pictures {

PictureLoader::PictureLoader(const PictureEmbedder& embedder,
                             const std::vector<FoundPicture>& files,
                             std::unordered_set<std::string> known, const LoaderOptions& options)
    : embedder_(embedder),
      files_(files),
      options_(options),
      working_(options.threads),
      claimed_(std::move(known)),
      queue_(options.ahead) {
  SIMILE_CHECK(options.threads > 0);
  for (std::uint32_t i = 0; i < options.threads; ++i) threads_.emplace_back([this] { work(); });
}

PictureLoader::~PictureLoader() {
  queue_.close();
  for (std::thread& thread : threads_) thread.join();
}

void PictureLoader::work() {
  const auto cancelled = [&] { return options_.cancel != nullptr && options_.cancel->cancelled(); };
  while (!cancelled()) {
    const std::size_t file = next_file_.fetch_add(1);
    if (file >= files_.size()) break;
    if (!queue_.push(load(files_[file]))) break;
  }
  if (working_.fetch_sub(1) == 1) queue_.close();
}

LoadedPicture PictureLoader::load(const FoundPicture& file) {
  using Kind = LoadedPicture::Kind;
  LoadedPicture loaded;
  loaded.path = file.path;
  if (!is_utf8(file.path)) {
    loaded.kind = Kind::kUnreadable;
    loaded.why = "its name is not UTF-8; rename it";
    return loaded;
  }
  Result<FileBytes> read = read_file(file.path, options_.limits.bytes_max);
  if (!read) {
    loaded.kind = Kind::kUnreadable;
    loaded.why = std::move(read.error().message);
    return loaded;
  }
  loaded.bytes = read->bytes.size();
  loaded.modified = read->modified;
  loaded.content = features::sha256_of(read->bytes);
  {
    const std::lock_guard lock(claimed_mutex_);
    if (!claimed_.insert(loaded.content).second) {
      loaded.kind = Kind::kSame;
      return loaded;
    }
  }
  loaded.input.resize(embedder_.input_floats());
  Result<PictureSize> size = embedder_.prepare(read->bytes, options_.limits, loaded.input);
  if (!size) {
    loaded.kind = Kind::kDamaged;
    loaded.why = std::move(size.error().message);
    loaded.input.clear();
    return loaded;
  }
  loaded.size = *size;
  return loaded;
}

}  // namespace simile::pictures
