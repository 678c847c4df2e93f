#include "simile/quantization/int4_space.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "simile/base/ids.h"
#include "simile/base/parallel.h"
#include "simile/base/text.h"
#include "simile/kernels/transform.h"

namespace simile::quantization {

namespace {

// Above this many rows more of them do not change mean and step to speak of.
constexpr std::size_t kRetrainBelow = 65'536;
constexpr std::size_t kStepRows = 8'192;
constexpr double kStepShare = 0.34;  // of the root mean square of the components
constexpr std::size_t kEncodeGrain = 256;
constexpr std::size_t kCodeUnit = 64;  // what the kernels take; components past the codec's are 0

}  // namespace

Int4Space::Int4Space(VectorType type, Metric metric, std::uint64_t seed, std::size_t tail_bytes)
    : type_(type),
      metric_(metric),
      seed_(seed),
      code_dim_((Int8Codec::code_dim_of(type, metric) + kCodeUnit - 1) / kCodeUnit * kCodeUnit),
      stride_(code_dim_ / 2 + tail_bytes),
      kernels_(&kernels::nibble_functions()) {}

bool Int4Space::learns_from(std::size_t rows) const {
  return !codec_ || (trained_rows_ < kRetrainBelow && rows >= trained_rows_ * 4);
}

void Int4Space::resize(std::size_t nodes) {
  rows_.resize(nodes * stride_);
  size_ = nodes;
}

bool Int4Space::append(const MatrixView& rows, std::span<const float> inverse_lengths,
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

// In order and in double: the same on every machine.
void Int4Space::train(const MatrixView& rows, std::span<const float> inverse_lengths) {
  codec_ = Int8Codec::train(rows, inverse_lengths, metric_, seed_);
  trained_rows_ = rows.rows;
  const std::size_t count = std::min(rows.rows, kStepRows);
  std::vector<float> projected(codec_->projected_floats());
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = i * rows.rows / count;
    const float inverse = inverse_lengths.empty() ? 1.0f : inverse_lengths[row];
    codec_->project_row(rows.row(row), rows.type.element, inverse, projected.data());
    for (const float value : projected) sum += static_cast<double>(value) * value;
  }
  const double mean_square = sum / static_cast<double>(count * projected.size());
  inverse_step_ = static_cast<float>(1 / (kStepShare * std::sqrt(mean_square)));
  if (!std::isfinite(inverse_step_)) inverse_step_ = 1;
}

void Int4Space::encode(const MatrixView& rows, std::span<const float> inverse_lengths,
                       std::span<const std::uint32_t> row_of, std::span<const std::uint32_t> nodes,
                       std::uint32_t threads, const CancelToken* cancel) {
  std::vector<std::uint32_t> all;
  if (learns_from(rows.rows)) {
    train(rows, inverse_lengths);
    for (std::uint32_t node = 0; node < row_of.size(); ++node) {
      if (row_of[node] != value_of(kNoRow)) all.push_back(node);
    }
    nodes = all;
  }
  parallel_for(threads, nodes.size(), kEncodeGrain,
               [&](std::size_t begin, std::size_t end, std::uint32_t) {
                 if (cancel != nullptr && cancel->cancelled()) return;
                 std::vector<float> projected(code_dim_);
                 for (std::size_t i = begin; i < end; ++i) {
                   const std::uint32_t row = row_of[nodes[i]];
                   const float inverse = inverse_lengths.empty() ? 1.0f : inverse_lengths[row];
                   codec_->project_row(rows.row(row), rows.type.element, inverse, projected.data());
                   kernels_->encode(projected.data(), inverse_step_, code_bytes(),
                                    rows_.as<std::uint8_t>() + nodes[i] * stride_);
                 }
               });
}

Int4Space::Scorer Int4Space::node_scorer(std::uint32_t node) const {
  Scorer scorer;
  scorer.space_ = this;
  scorer.code_ = row(node);
  return scorer;
}

Int4Space::QueryScorer Int4Space::query_scorer(const void* query, QueryBuffer& buffer) const {
  buffer.projected.resize(codec_->projected_floats());
  buffer.code.assign(code_dim_, 0);
  codec_->project_query(query, buffer.projected.data());
  const float largest = kernels::transform_functions().scale_all(
      buffer.projected.data(), inverse_step_, buffer.projected.size());
  // A scale of its own, since a query may lie far outside of the rows.
  const float scale = largest > 0 ? 127.0f / largest : 1.0f;
  codec_->quantize(buffer.projected.data(), scale, buffer.code.data());
  // Integers: sum of (c / t + m)^2 = sum of c^2 / t^2 + 2 m sum of c / t + m^2 * dim.
  std::int64_t sum = 0;
  std::int64_t squares = 0;
  for (const std::int8_t c : buffer.code) {
    sum += c;
    squares += c * c;
  }
  const double t = static_cast<double>(scale);
  constexpr double kMiddle = static_cast<double>(kernels::kNibbleCentre);
  const double base = static_cast<double>(squares) / (t * t) +
                      2 * kMiddle * static_cast<double>(sum) / t +
                      kMiddle * kMiddle * static_cast<double>(code_dim_);
  QueryScorer scorer;
  scorer.space_ = this;
  scorer.query_ = {buffer.code.data(), static_cast<float>(base), 2 / scale};
  return scorer;
}

void Int4Space::write(ByteWriter& writer) const {
  writer.put(static_cast<std::uint64_t>(trained_rows_));
  if (!codec_) return;
  writer.put(inverse_step_);
  codec_->write(writer);
}

Status Int4Space::read(ByteReader& reader, std::span<const std::byte> rows, std::size_t nodes) {
  trained_rows_ = reader.get<std::uint64_t>();
  if (nodes == 0) return {};
  inverse_step_ = reader.get<float>();
  auto codec = Int8Codec::read(reader, type_, metric_);
  if (!codec) return std::unexpected(codec.error());
  codec_ = *std::move(codec);
  if (!(inverse_step_ > 0) || !std::isfinite(inverse_step_)) {
    return fail(ErrorCode::kDataLoss, "the step of the 4-bit codes is damaged");
  }
  if (rows.size() / stride_ != nodes || rows.size() % stride_ != 0) {
    return fail(ErrorCode::kDataLoss, join_text("rows of ", nodes, " vectors should be ",
                                                nodes * stride_, " bytes, but are ", rows.size()));
  }
  rows_.resize(rows.size());
  std::memcpy(rows_.data(), rows.data(), rows.size());
  size_ = nodes;
  return {};
}

}  // namespace simile::quantization
