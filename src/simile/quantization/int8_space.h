#pragma once
/// Nodes of a graph as int8 codes, and distances between them and to queries.
///
/// A "space" is what a graph is built in and walked through: nodes 0..size(), a Scorer that gives
/// the distances of one query or node to many nodes, and append(). Two spaces exist: Int8Space for
/// float and int8 vectors, BitSpace (bit_space.h) for bits. Distances between nodes are the same on
/// every machine; those to queries need not be.

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "simile/base/growable_buffer.h"
#include "simile/kernels/distance.h"
#include "simile/quantization/int8_codec.h"
#include "simile/types.h"

namespace simile::quantization {

class Int8Space {
 public:
  /// Reused from query to query, one a thread.
  struct QueryBuffer {
    std::vector<float> projected;
    std::vector<std::int8_t> code;
  };

  class Scorer {
   public:
    /// Squared distance in units of the code, of each of `count` nodes. For a query it lacks a
    /// constant, and may be negative.
    void operator()(const std::uint32_t* nodes, std::size_t count, float* out) const {
      gather_(code_, space_->codes_.data(), space_->stride_, nodes, count, space_->stride_, out);
      for (std::size_t i = 0; i < count; ++i) {
        out[i] = (offset_ + space_->squared_[nodes[i]]) - factor_ * out[i];
      }
    }

   private:
    friend class Int8Space;
    const Int8Space* space_;
    kernels::GatherFunction gather_;
    const void* code_;
    float offset_;
    float factor_;
  };

  /// A query for walks over rows that carry codes with them; see index/graph/fused_walk.h.
  class FusedQuery {
   public:
    /// In code units, before rounding; code_dim() floats.
    const float* projected() const { return projected_.data(); }
    /// Squared distance, in code units, to a code with this squared length.
    float distance(const void* code, float squared) const {
      const float product = dot_(code_.data(), code, code_.size());
      return std::fmax(0.0f, (squared_ + squared) - factor_ * product);
    }

   private:
    friend class Int8Space;
    std::vector<float> projected_;
    std::vector<std::int8_t> code_;
    kernels::PairFunction dot_;
    float squared_ = 0;
    float factor_ = 0;
  };

  Int8Space(VectorType type, Metric metric, std::uint64_t seed);

  std::size_t size() const { return squared_.size(); }

  /// Encodes rows[which[i]] as node size() + i. The codec learns from all of `rows` at first use,
  /// and again (all nodes are then encoded anew: `nodes` lists the row of every node) while the
  /// rows grow fourfold and are few: then the result is true. Same rows and calls, same codes, for
  /// any `threads`.
  bool append(const MatrixView& rows, std::span<const float> inverse_lengths,
              std::span<const std::uint32_t> nodes, std::uint32_t threads);

  Scorer node_scorer(std::uint32_t node) const;
  /// `query` of query_type(type); the scorer lives as long as `buffer` is unchanged.
  Scorer query_scorer(const void* query, QueryBuffer& buffer) const;
  void prepare(const void* query, FusedQuery& out) const;

  /// Components of a code.
  std::size_t code_dim() const;
  const std::int8_t* code(std::uint32_t node) const {
    return codes_.as<std::int8_t>() + node * stride_;
  }
  float squared(std::uint32_t node) const { return squared_[node]; }

  std::uint64_t memory_bytes() const;
  std::span<const std::byte> code_bytes() const { return codes_.bytes(); }
  void write(ByteWriter& writer) const;
  /// Restores `nodes` nodes from write() and code_bytes(); kDataLoss where they do not fit.
  Status read(ByteReader& reader, std::span<const std::byte> codes, std::size_t nodes);

 private:
  void encode(const MatrixView& rows, std::span<const float> inverse_lengths,
              std::span<const std::uint32_t> nodes, std::size_t first, std::uint32_t threads);
  void measure(std::size_t first);

  VectorType type_;
  Metric metric_;
  std::uint64_t seed_;
  std::optional<Int8Codec> codec_;
  std::size_t trained_rows_ = 0;
  std::size_t stride_ = 0;  // bytes of a code, which is also its dimension
  GrowableBuffer codes_;
  std::vector<float> squared_;  // squared length of each code
  kernels::GatherFunction gather_;
  kernels::PairFunction dot_;
};

}  // namespace simile::quantization
