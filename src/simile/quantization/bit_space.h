#pragma once
/// Nodes of a graph as the bit vectors themselves; see int8_space.h for what a space is. Hamming
/// counts are integers, and a Jaccard distance is one division of two, so both are the same on
/// every machine.

#include <cstdint>
#include <span>
#include <vector>

#include "simile/base/bytes.h"
#include "simile/base/growable_buffer.h"
#include "simile/error.h"
#include "simile/kernels/distance.h"
#include "simile/progress.h"
#include "simile/types.h"

namespace simile::quantization {

class BitSpace {
 public:
  struct QueryBuffer {};

  class Scorer {
   public:
    void operator()(const std::uint32_t* nodes, std::size_t count, float* out) const {
      space_->gather_(code_, space_->rows_.data(), space_->stride_, nodes, count, space_->type_.dim,
                      out);
    }

    /// Of `count` codes, one after the other.
    void distances(const std::byte* codes, const float*, std::size_t count, float* out) const {
      space_->scan_(code_, codes, space_->type_.bytes(), count, space_->type_.dim, out);
    }

   private:
    friend class BitSpace;
    const BitSpace* space_;
    const void* code_;
  };

  BitSpace(VectorType type, Metric metric, std::uint64_t seed, std::size_t tail_bytes = 0);

  std::size_t size() const { return size_; }
  static constexpr bool learns_from(std::size_t) { return false; }
  void resize(std::size_t nodes);
  void encode(const MatrixView& rows, std::span<const float> inverse_lengths,
              std::span<const std::uint32_t> row_of, std::span<const std::uint32_t> nodes,
              std::uint32_t threads, const CancelToken* cancel = nullptr);
  Scorer node_scorer(std::uint32_t node) const;
  Scorer query_scorer(const void* query, QueryBuffer& buffer) const;

  void distances(const std::byte* code, float, const std::byte* codes, const float*,
                 std::size_t count, float* out) const {
    scan_(code, codes, type_.bytes(), count, type_.dim, out);
  }

  std::size_t code_bytes() const { return type_.bytes(); }
  std::size_t stride() const { return stride_; }
  const std::byte* row(std::uint32_t node) const { return rows_.data() + node * stride_; }
  std::byte* row(std::uint32_t node) { return rows_.data() + node * stride_; }
  float squared(std::uint32_t) const { return 0; }
  std::size_t sample_bytes() const { return code_bytes(); }
  float sample_squared(std::uint32_t) const { return 0; }

  std::uint64_t memory_bytes() const { return rows_.size(); }
  std::span<const std::byte> rows() const { return rows_.bytes(); }
  void write(ByteWriter& writer) const;
  Status read(ByteReader& reader, std::span<const std::byte> rows, std::size_t nodes);

 private:
  VectorType type_;
  std::size_t stride_;
  kernels::GatherFunction gather_;
  kernels::ScanFunction scan_;
  std::size_t size_ = 0;
  GrowableBuffer rows_;
};

}  // namespace simile::quantization
