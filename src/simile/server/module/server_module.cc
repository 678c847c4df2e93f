/// libsimile_server.so: what `simile serve` loads.

#include "simile/server/server_module.h"

#include "simile/base/module.h"
#include "simile/server/manage_users.h"
#include "simile/server/serve.h"

namespace simile::server {
namespace {

class GrpcServerModule final : public ServerModule {
 public:
  Result<int> serve(const ServeArguments& arguments, const CancelToken& cancel) const override {
    return server::serve(arguments, cancel);
  }
  Result<std::string> manage_users(const UserArguments& arguments) const override {
    return server::manage_users(arguments);
  }
  Result<std::string> verify_audit(const std::string& path) const override {
    return server::audit_report(path);
  }
};

}  // namespace
}  // namespace simile::server

extern "C" __attribute__((visibility("default"))) simile::ModuleEntry simile_module() {
  static const simile::server::GrpcServerModule module;
  const simile::server::ServerModule* object = &module;
  return {.version = SIMILE_VERSION, .object = object};
}
