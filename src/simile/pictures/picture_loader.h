#pragma once
/// Threads that read and decode files, ahead of the one that runs the model and writes.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "simile/features.h"
#include "simile/pictures/bounded_queue.h"
#include "simile/pictures/folder_walk.h"
#include "simile/progress.h"

namespace simile::pictures {

/// What became of one file.
struct LoadedPicture {
  enum class Kind : std::uint8_t {
    kPrepared,    ///< `input` is ready for the model
    kSame,        ///< bytes that the collection knows or another file of this run has
    kUnreadable,  ///< the file could not be read; `why`
    kDamaged,     ///< the file was read and is no picture; `why`
  };
  Kind kind = Kind::kPrepared;
  std::string path;
  std::string content;  ///< SHA-256; empty for kUnreadable
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;
  PictureSize size;
  std::vector<float> input;
  std::string why;
};

struct LoaderOptions {
  std::uint32_t threads = 1;
  std::size_t ahead = 64;  ///< pictures that may wait for the model
  PictureLimits limits;
  const CancelToken* cancel = nullptr;
};

/// Gives each file once, in no fixed order. Of files with the same bytes one is prepared.
class PictureLoader {
 public:
  /// Files of a content in `known` are kSame. Everything passed must outlive the loader.
  PictureLoader(const PictureEmbedder& embedder, const std::vector<FoundPicture>& files,
                std::unordered_set<std::string> known, const LoaderOptions& options);
  PictureLoader(const PictureLoader&) = delete;
  PictureLoader& operator=(const PictureLoader&) = delete;
  ~PictureLoader();

  /// The next file that is done; nothing after the last, or after the cancel.
  std::optional<LoadedPicture> next() { return queue_.pop(); }

 private:
  void work();
  LoadedPicture load(const FoundPicture& file);

  const PictureEmbedder& embedder_;
  const std::vector<FoundPicture>& files_;
  LoaderOptions options_;
  std::atomic<std::size_t> next_file_{0};
  std::atomic<std::uint32_t> working_{0};
  std::mutex claimed_mutex_;
  std::unordered_set<std::string> claimed_;  ///< contents that are known or being prepared
  BoundedQueue<LoadedPicture> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace simile::pictures
