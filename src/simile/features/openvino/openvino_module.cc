/// libsimile_openvino.so: the model runtime, loaded when the first model is opened.

#include <exception>
#include <openvino/frontend/manager.hpp>
#include <openvino/runtime/core.hpp>
#include <openvino/runtime/properties.hpp>

#include "simile/base/check.h"
#include "simile/base/module.h"
#include "simile/base/parallel.h"
#include "simile/base/text.h"
#include "simile/features/model_runtime.h"
#include "simile/features/openvino/compiled_model.h"
#include "simile/features/openvino/model_shape.h"

namespace simile::features {
namespace {

class OpenVinoRuntime final : public ModelRuntime {
 public:
  Result<std::unique_ptr<LoadedModel>> load(const std::string& path, const ModelCard& card,
                                            std::uint32_t threads) const override {
    try {
      std::size_t output = 0;
      Result<std::shared_ptr<ov::Model>> model = fit_to_card(read(path), card, output);
      if (!model) return fail(model.error().code, join_text(path, ": ", model.error().message));
      return std::make_unique<CompiledModel>(compile(*model, threads), output);
    } catch (const std::exception& error) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text(path, ": not a model that OpenVINO can run: ", one_line(error.what())));
    }
  }

 private:
  /// By its ending where that says enough: read_model() shows a file that is none of ONNX to every
  /// reader in turn, and that of TensorFlow prints the whole of it.
  std::shared_ptr<ov::Model> read(const std::string& path) const {
    if (!path.ends_with(".onnx")) return core_.read_model(path);
    const auto reader = ov::frontend::FrontEndManager().load_by_framework("onnx");
    return reader->convert(reader->load(path));
  }

  /// `count` compiled models of one stream and one thread each; see compiled_model.h.
  std::vector<ov::CompiledModel> compile(const std::shared_ptr<ov::Model>& model,
                                         std::uint32_t count) const {
    std::vector<ov::CompiledModel> compiled(count);
    std::vector<std::exception_ptr> errors(count);
    parallel_for(count, count, 1, [&](std::size_t first, std::size_t, std::uint32_t) {
      try {
        // The CPU's own choice may be bfloat16: features would differ in the third digit from
        // machine to machine. Pinned threads would queue behind the decoding ones.
        compiled[first] = core_.compile_model(
            model, "CPU", ov::hint::inference_precision(ov::element::f32),
            ov::hint::execution_mode(ov::hint::ExecutionMode::ACCURACY), ov::num_streams(1),
            ov::inference_num_threads(1), ov::hint::enable_cpu_pinning(false));
      } catch (const std::exception&) {
        errors[first] = std::current_exception();
      }
    });
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
    return compiled;
  }

  mutable ov::Core core_;
};

}  // namespace
}  // namespace simile::features

extern "C" __attribute__((visibility("default"))) simile::ModuleEntry simile_module() {
  // Never destroyed: at exit the threads of its libraries may be gone already.
  static const simile::features::ModelRuntime* runtime = new simile::features::OpenVinoRuntime;
  return {.version = SIMILE_VERSION, .object = runtime};
}
