#include "simile/features/openvino/compiled_model.h"

#include <algorithm>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/features/openvino/model_shape.h"

namespace simile::features {

class CompiledModel::Lease {
 public:
  Lease(const CompiledModel& owner, std::size_t count) : owner_(owner) {
    std::unique_lock lock(owner.mutex_);
    owner.returned_.wait(lock, [&] { return !owner.idle_.empty(); });
    for (; count > 0 && !owner.idle_.empty(); --count) {
      requests_.push_back(std::move(owner.idle_.back()));
      owner.idle_.pop_back();
    }
    running_.resize(requests_.size());
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      try {
        finish(i);  // after an error others still write into the caller's memory
      } catch (const std::exception&) {
      }
    }
    {
      const std::lock_guard lock(owner_.mutex_);
      std::ranges::move(requests_, std::back_inserter(owner_.idle_));
    }
    owner_.returned_.notify_all();
  }

  std::size_t size() const { return requests_.size(); }

  void start(std::size_t i, const ov::Tensor& input, const ov::Tensor& output) {
    finish(i);
    requests_[i].set_input_tensor(input);
    requests_[i].set_output_tensor(owner_.output_, output);
    requests_[i].start_async();
    running_[i] = true;
  }
  void finish(std::size_t i) {
    if (!running_[i]) return;
    running_[i] = false;
    requests_[i].wait();
  }

 private:
  const CompiledModel& owner_;
  std::vector<ov::InferRequest> requests_;
  std::vector<bool> running_;
};

CompiledModel::CompiledModel(std::vector<ov::CompiledModel> models, std::size_t output)
    : models_(std::move(models)), output_(output) {
  for (ov::CompiledModel& model : models_) idle_.push_back(model.create_infer_request());
}

Status CompiledModel::infer(std::span<const float> inputs, std::size_t count,
                            std::span<float> features) const {
  if (count == 0) return {};
  const ov::Shape input_shape = models_.front().input().get_shape();
  const ov::Shape output_shape = models_.front().output(output_).get_shape();
  const std::size_t input_floats = ov::shape_size(input_shape);
  const std::size_t dimension = ov::shape_size(output_shape);
  SIMILE_CHECK(inputs.size() == count * input_floats && features.size() == count * dimension);
  try {
    Lease lease(*this, count);
    for (std::size_t i = 0; i < count; ++i) {
      // OpenVINO only reads its inputs; its tensors know no const.
      auto* input = const_cast<float*>(inputs.data() + i * input_floats);  // NOLINT
      lease.start(i % lease.size(), ov::Tensor(ov::element::f32, input_shape, input),
                  ov::Tensor(ov::element::f32, output_shape, features.data() + i * dimension));
    }
    for (std::size_t i = 0; i < lease.size(); ++i) lease.finish(i);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInternal, join_text("running the model: ", one_line(error.what())));
  }
  return {};
}

}  // namespace simile::features
