#pragma once
/// What the page's calls share beside the databases.

#include <string>
#include <vector>

#include "simile/server/ui/growth.h"
#include "simile/server/ui/jobs.h"
#include "simile/server/ui/page_pictures.h"
#include "simile/server/ui/uploads.h"

namespace simile::server {

struct PageOptions {
  std::string database_path;
  std::string grpc_address;  ///< empty: no gRPC
  /// Folders of this machine whose pictures may be read: for thumbnails and to be indexed.
  std::vector<std::string> picture_folders;
  std::uint64_t upload_bytes_max = 4ull << 30;
};

class PageState {
 public:
  PageState(PageOptions options, Catalog& catalog)
      : options_(std::move(options)), uploads_(options_.upload_bytes_max), growth_(catalog) {}

  const PageOptions& options() const { return options_; }
  Jobs& jobs() { return jobs_; }
  Uploads& uploads() { return uploads_; }
  OpenModels& models() { return models_; }
  Growth& growth() { return growth_; }

 private:
  const PageOptions options_;
  Uploads uploads_;
  OpenModels models_;
  Growth growth_;
  Jobs jobs_;  ///< last, so that it ends before what its work uses
};

}  // namespace simile::server
