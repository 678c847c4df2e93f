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
#include "simile/types.h"

namespace simile::quantization {

class BitSpace {
 public:
  struct QueryBuffer {};

  class Scorer {
   public:
    void operator()(const std::uint32_t* nodes, std::size_t count, float* out) const {
      space_->gather_(code_, space_->codes_.data(), space_->type_.bytes(), nodes, count,
                      space_->type_.dim, out);
    }

   private:
    friend class BitSpace;
    const BitSpace* space_;
    const void* code_;
  };

  BitSpace(VectorType type, Metric metric, std::uint64_t seed);

  std::size_t size() const { return size_; }
  bool append(const MatrixView& rows, std::span<const float> inverse_lengths,
              std::span<const std::uint32_t> nodes, std::uint32_t threads);
  Scorer node_scorer(std::uint32_t node) const;
  Scorer query_scorer(const void* query, QueryBuffer& buffer) const;

  std::uint64_t memory_bytes() const { return codes_.size(); }
  std::span<const std::byte> code_bytes() const { return codes_.bytes(); }
  void write(ByteWriter& writer) const;
  Status read(ByteReader& reader, std::span<const std::byte> codes, std::size_t nodes);

 private:
  VectorType type_;
  kernels::GatherFunction gather_;
  std::size_t size_ = 0;
  GrowableBuffer codes_;
};

}  // namespace simile::quantization
