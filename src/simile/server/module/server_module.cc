/// libsimile_server.so: what `simile serve` loads.

#include "simile/server/server_module.h"

#include "simile/base/module.h"
#include "simile/server/serve.h"

namespace simile::server {
namespace {

class GrpcServerModule final : public ServerModule {
 public:
  Result<int> serve(const ServeArguments& arguments, const CancelToken& cancel) const override {
    return server::serve(arguments, cancel);
  }
};

}  // namespace
}  // namespace simile::server

extern "C" __attribute__((visibility("default"))) simile::ModuleEntry simile_module() {
  static const simile::server::GrpcServerModule module;
  const simile::server::ServerModule* object = &module;
  return {.version = SIMILE_VERSION, .object = object};
}
