#pragma once
/// Models and pictures of the page.

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "simile/features.h"
#include "simile/schema.h"
#include "simile/server/fault.h"

namespace simile::server {

/// A nullable text of a collection of pictures: a small JPEG in base64, of pictures that came
/// through the page and have no file on this machine.
inline constexpr const char* kThumbnail = "thumbnail";

/// Models stay open between requests: opening one takes longer than a hundred searches.
/// Thread rule: any call from any thread.
class OpenModels {
 public:
  Answer<std::shared_ptr<const PictureEmbedder>> open(const RegisteredModel& model);

 private:
  static constexpr std::size_t kKept = 3;
  std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<const PictureEmbedder>>> open_;  ///< by card
};

/// The model that made a vector field, by its card; only models of the registry are ever opened.
Answer<RegisteredModel> model_of(const Field& field);

/// Limits for pictures from browsers: 64 MiB, 100 megapixels.
PictureLimits page_limits();

/// True where `path` lies in one of `folders`, after links are followed.
bool is_below(const std::string& path, const std::vector<std::string>& folders);

}  // namespace simile::server
