#include "simile/quantization/int8_space.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "simile/base/parallel.h"
#include "simile/base/text.h"

namespace simile::quantization {

namespace {

// Above this many rows more of them do not change mean and scale to speak of.
constexpr std::size_t kRetrainBelow = 65'536;
constexpr std::size_t kEncodeGrain = 256;

}  // namespace

Int8Space::Int8Space(VectorType type, Metric metric, std::uint64_t seed, std::size_t tail_bytes)
    : type_(type),
      metric_(metric),
      seed_(seed),
      code_dim_(Int8Codec::code_dim_of(type, metric)),
      stride_(code_dim_ + tail_bytes) {
  const auto& kernel = kernels::distance_functions(kernels::Op::kInnerProduct, ElementType::kInt8);
  gather_ = kernel.gather;
  dot_ = kernel.pair;
  scan_ = kernel.scan;
}

bool Int8Space::append(const MatrixView& rows, std::span<const float> inverse_lengths,
                       std::span<const std::uint32_t> nodes, std::uint32_t threads) {
  std::size_t first = size();
  if (!codec_ || (trained_rows_ < kRetrainBelow && rows.rows >= trained_rows_ * 4)) {
    codec_ = Int8Codec::train(rows, inverse_lengths, metric_, seed_);
    trained_rows_ = rows.rows;
    first = 0;
  }
  rows_.resize(nodes.size() * stride_);
  squared_.resize(nodes.size());
  encode(rows, inverse_lengths, nodes, first, threads);
  measure(first);
  return first == 0;
}

void Int8Space::encode(const MatrixView& rows, std::span<const float> inverse_lengths,
                       std::span<const std::uint32_t> nodes, std::size_t first,
                       std::uint32_t threads) {
  parallel_for(threads, nodes.size() - first, kEncodeGrain,
               [&](std::size_t begin, std::size_t end, std::uint32_t) {
                 std::vector<float> projected(codec_->projected_floats());
                 for (std::size_t i = first + begin; i < first + end; ++i) {
                   const std::uint32_t row = nodes[i];
                   const float inverse = inverse_lengths.empty() ? 1.0f : inverse_lengths[row];
                   codec_->project_row(rows.row(row), rows.type.element, inverse, projected.data());
                   codec_->quantize(projected.data(), rows_.as<std::int8_t>() + i * stride_);
                 }
               });
}

void Int8Space::measure(std::size_t first) {
  for (std::size_t i = first; i < squared_.size(); ++i) {
    const std::byte* code = rows_.data() + i * stride_;
    squared_[i] = dot_(code, code, code_dim_);
  }
}

Int8Space::Scorer Int8Space::node_scorer(std::uint32_t node) const {
  Scorer scorer;
  scorer.space_ = this;
  scorer.gather_ = gather_;
  scorer.code_ = row(node);
  scorer.squared_ = squared_[node];
  return scorer;
}

void Int8Space::prepare(const void* query, FusedQuery& out) const {
  out.projected_.resize(codec_->projected_floats());
  out.code_.resize(code_dim_);
  codec_->project_query(query, out.projected_.data());
  const float largest = kernels::transform_functions().scale_all(
      out.projected_.data(), codec_->scale(), out.projected_.size());
  // A scale of its own: a query may lie far outside of the rows, where clamping would bend its
  // direction.
  const float scale = largest > 0 ? 127.0f / largest : 1.0f;
  codec_->quantize(out.projected_.data(), scale, out.code_.data());
  out.dot_ = dot_;
  out.scan_ = scan_;
  out.squared_ = dot_(out.code_.data(), out.code_.data(), code_dim_) / (scale * scale);
  out.factor_ = 2 / scale;
}

void Int8Space::prepare_node(std::uint32_t node, FusedQuery& out) const {
  out.code_.assign(code(node), code(node) + code_dim_);
  out.projected_.assign(code(node), code(node) + code_dim_);
  out.dot_ = dot_;
  out.scan_ = scan_;
  out.squared_ = squared_[node];
  out.factor_ = 2;
}

std::uint64_t Int8Space::memory_bytes() const {
  return rows_.size() + squared_.capacity() * sizeof(float);
}

void Int8Space::write(ByteWriter& writer) const {
  writer.put(static_cast<std::uint64_t>(trained_rows_));
  if (codec_) codec_->write(writer);
}

Status Int8Space::read(ByteReader& reader, std::span<const std::byte> rows, std::size_t nodes) {
  trained_rows_ = reader.get<std::uint64_t>();
  if (nodes == 0) return {};
  auto codec = Int8Codec::read(reader, type_, metric_);
  if (!codec) return std::unexpected(codec.error());
  codec_ = *std::move(codec);
  if (rows.size() / stride_ != nodes || rows.size() % stride_ != 0) {
    return fail(ErrorCode::kDataLoss, join_text("rows of ", nodes, " vectors should be ",
                                                nodes * stride_, " bytes, but are ", rows.size()));
  }
  rows_.resize(rows.size());
  std::memcpy(rows_.data(), rows.data(), rows.size());
  squared_.resize(nodes);
  measure(0);
  return {};
}

}  // namespace simile::quantization
