#include "simile/features/model_runtime.h"

#include "simile/base/check.h"
#include "simile/base/module.h"

namespace simile::features {

Result<const ModelRuntime*> model_runtime() {
  static const Result<const void*> module = load_module(
      {.file = "libsimile_openvino.so",
       .environment = "SIMILE_OPENVINO_MODULE",
       .remedy = "models need OpenVINO: pip install openvino==2026.4.1 into the Python that builds "
                 "Simile, and build Simile again"});
  SIMILE_TRY(module);
  return static_cast<const ModelRuntime*>(*module);
}

}  // namespace simile::features
