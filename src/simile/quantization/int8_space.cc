#include "simile/quantization/int8_space.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "simile/base/ids.h"
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
      sample_dim_(std::min(code_dim_, kSampleDim)),
      stride_(code_dim_ + tail_bytes) {
  const auto& kernel = kernels::distance_functions(kernels::Op::kInnerProduct, ElementType::kInt8);
  gather_ = kernels::distance_functions(kernels::Op::kL2, ElementType::kInt8).gather;
  dot_ = kernel.pair;
  scan_ = kernel.scan;
}

bool Int8Space::learns_from(std::size_t rows) const {
  return !codec_ || (trained_rows_ < kRetrainBelow && rows >= trained_rows_ * 4);
}

void Int8Space::resize(std::size_t nodes) { rows_.resize(nodes * stride_); }

void Int8Space::encode(const MatrixView& rows, std::span<const float> inverse_lengths,
                       std::span<const std::uint32_t> row_of, std::span<const std::uint32_t> nodes,
                       std::uint32_t threads, const CancelToken* cancel) {
  std::vector<std::uint32_t> all;
  if (learns_from(rows.rows)) {
    codec_ = Int8Codec::train(rows, inverse_lengths, metric_, seed_);
    trained_rows_ = rows.rows;
    for (std::uint32_t node = 0; node < row_of.size(); ++node) {
      if (row_of[node] != value_of(kNoRow)) all.push_back(node);
    }
    nodes = all;
  }
  parallel_for(threads, nodes.size(), kEncodeGrain,
               [&](std::size_t begin, std::size_t end, std::uint32_t) {
                 if (cancel != nullptr && cancel->cancelled()) return;
                 std::vector<float> projected(codec_->projected_floats());
                 for (std::size_t i = begin; i < end; ++i) {
                   const std::uint32_t row = row_of[nodes[i]];
                   const float inverse = inverse_lengths.empty() ? 1.0f : inverse_lengths[row];
                   std::byte* code = rows_.data() + nodes[i] * stride_;
                   codec_->project_row(rows.row(row), rows.type.element, inverse, projected.data());
                   codec_->quantize(projected.data(), reinterpret_cast<std::int8_t*>(code));
                 }
               });
}

bool Int8Space::append(const MatrixView& rows, std::span<const float> inverse_lengths,
                       std::span<const std::uint32_t> row_of, std::uint32_t threads) {
  const bool all = learns_from(rows.rows);
  std::vector<std::uint32_t> nodes;
  for (std::size_t node = size(); node < row_of.size(); ++node) {
    nodes.push_back(static_cast<std::uint32_t>(node));
  }
  resize(row_of.size());
  encode(rows, inverse_lengths, row_of, nodes, threads);
  return all;
}

Int8Space::Scorer Int8Space::node_scorer(std::uint32_t node) const {
  Scorer scorer;
  scorer.space_ = this;
  scorer.gather_ = gather_;
  scorer.code_ = row(node);
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
  finish_query(scale, out);
}

void Int8Space::prepare_node(std::uint32_t node, FusedQuery& out) const {
  out.code_.assign(code(node), code(node) + code_dim_);
  out.projected_.assign(code(node), code(node) + code_dim_);
  finish_query(1, out);
}

void Int8Space::finish_query(float scale, FusedQuery& out) const {
  const std::int8_t* code = out.code_.data();
  out.scan_ = scan_;
  out.squared_ = dot_(code, code, code_dim_) / (scale * scale);
  out.factor_ = 2 / scale;
  out.sample_dim_ = sample_dim_;
  out.sample_squared_ = dot_(code, code, sample_dim_) / (scale * scale);
  out.sample_factor_ = static_cast<float>(code_dim_) / static_cast<float>(sample_dim_);
}

std::uint64_t Int8Space::memory_bytes() const { return rows_.size(); }

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
  return {};
}

}  // namespace simile::quantization
