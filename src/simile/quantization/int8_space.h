#pragma once
/// Nodes of a graph as int8 codes, and distances between them and to queries.
///
/// A "space" is what a graph is built in and walked through: nodes 0..size(), a Scorer that gives
/// the distances of one node to many nodes, and append(). Two spaces exist: Int8Space for
/// float and int8 vectors, BitSpace (bit_space.h) for bits. Distances between nodes are the same on
/// every machine; those to queries need not be.
///
/// A node's row in memory is its code and then `tail_bytes` that belong to whoever made the space:
/// a graph keeps there what a walk needs beside the code, so that both come with one access.

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "simile/base/growable_buffer.h"
#include "simile/kernels/distance.h"
#include "simile/kernels/neighbor_codes.h"
#include "simile/progress.h"
#include "simile/quantization/int8_codec.h"
#include "simile/types.h"

namespace simile::quantization {

class Int8Space {
 public:
  class Scorer {
   public:
    /// Squared distance in units of the code, of each of `count` nodes.
    void operator()(const std::uint32_t* nodes, std::size_t count, float* out) const {
      gather_(code_, space_->rows_.data(), space_->stride_, nodes, count, space_->code_dim_, out);
    }

   private:
    friend class Int8Space;
    const Int8Space* space_;
    kernels::GatherFunction gather_;
    const void* code_;
  };

  /// A query, or a node, for walks over rows whose tails hold codes of neighbours.
  class FusedQuery {
   public:
    /// In code units, before rounding; code_dim() floats.
    const float* projected() const { return projected_.data(); }
    /// Squared distance, in code units, to a code. The length of the code is not kept anywhere:
    /// once it is read, this costs less than the wait for another line.
    float distance(const void* code) const {
      const kernels::Products products =
          multiply_(static_cast<const std::int8_t*>(code), code_.data(), code_.size());
      const float distance = (squared_ + static_cast<float>(products.with_itself)) -
                             factor_ * static_cast<float>(products.with_other);
      return distance > 0 ? distance : 0;
    }
    /// An estimate of the same for `count` samples (see sample_bytes()), one after the other, with
    /// their squared lengths.
    void distances(const std::byte* samples, const float* squared, std::size_t count,
                   float* out) const {
      scan_(code_.data(), samples, sample_dim_, count, sample_dim_, out);
      for (std::size_t i = 0; i < count; ++i) {
        const float distance = (sample_squared_ + squared[i]) - factor_ * out[i];
        out[i] = distance > 0 ? distance * sample_factor_ : 0;
      }
    }

   private:
    friend class Int8Space;
    std::vector<float> projected_;
    std::vector<std::int8_t> code_;
    kernels::ProductsFunction multiply_ = kernels::neighbor_code_functions().multiply;
    kernels::ScanFunction scan_;
    float squared_ = 0;
    float factor_ = 0;
    std::size_t sample_dim_ = 0;
    float sample_squared_ = 0;
    float sample_factor_ = 0;  // all components over those of a sample
  };

  Int8Space(VectorType type, Metric metric, std::uint64_t seed, std::size_t tail_bytes = 0);

  std::size_t size() const { return rows_.size() / stride_; }

  /// Whether encode() will learn the codec from all of `rows`, so many of them, and encode all
  /// nodes: at first use, and again while the rows grow fourfold and are few. Then the codes of all
  /// change.
  bool learns_from(std::size_t rows) const;
  /// Rows and lengths for `nodes` nodes, those that are new being 0. Moves them.
  void resize(std::size_t nodes);
  /// Encodes rows[row_of[n]] as node n, for each of `nodes`, or for all nodes that have a row where
  /// the codec learns anew. Same rows and calls, same codes, for any `threads`. Cancelled, it
  /// leaves codes as they are, some of them.
  void encode(const MatrixView& rows, std::span<const float> inverse_lengths,
              std::span<const std::uint32_t> row_of, std::span<const std::uint32_t> nodes,
              std::uint32_t threads, const CancelToken* cancel = nullptr);
  /// Encodes rows[row_of[n]] as nodes [size(), row_of.size()); true where the codes of all changed.
  bool append(const MatrixView& rows, std::span<const float> inverse_lengths,
              std::span<const std::uint32_t> row_of, std::uint32_t threads);

  Scorer node_scorer(std::uint32_t node) const;
  /// `query` of query_type(type).
  void prepare(const void* query, FusedQuery& out) const;
  void prepare_node(std::uint32_t node, FusedQuery& out) const;

  /// Squared distances from one code to `count` codes that lie one after the other, given the
  /// squared lengths of all.
  void distances(const std::byte* code, float squared, const std::byte* codes, const float* squares,
                 std::size_t count, float* out) const {
    scan_(code, codes, code_dim_, count, code_dim_, out);
    for (std::size_t i = 0; i < count; ++i) out[i] = (squared + squares[i]) - 2 * out[i];
  }

  /// A sample of a code is its first sample_bytes() components: after the rotation any part of a
  /// code tells as much as any other.
  std::size_t sample_bytes() const { return sample_dim_; }
  float sample_squared(std::uint32_t node) const { return dot_(row(node), row(node), sample_dim_); }
  /// Components of a code, and its bytes.
  std::size_t code_dim() const { return code_dim_; }
  std::size_t code_bytes() const { return code_dim_; }
  std::size_t stride() const { return stride_; }
  const std::byte* row(std::uint32_t node) const { return rows_.data() + node * stride_; }
  std::byte* row(std::uint32_t node) { return rows_.data() + node * stride_; }
  const std::int8_t* code(std::uint32_t node) const {
    return reinterpret_cast<const std::int8_t*>(row(node));
  }
  /// Squared length of a code.
  float squared(std::uint32_t node) const { return dot_(row(node), row(node), code_dim_); }

  std::uint64_t memory_bytes() const;
  /// Of all nodes, tails included.
  std::span<const std::byte> rows() const { return rows_.bytes(); }
  void write(ByteWriter& writer) const;
  /// Restores `nodes` nodes from write() and rows(); kDataLoss where they do not fit.
  Status read(ByteReader& reader, std::span<const std::byte> rows, std::size_t nodes);

 private:
  // What follows from the code of a query and its scale.
  void finish_query(float scale, FusedQuery& out) const;

  VectorType type_;
  Metric metric_;
  std::uint64_t seed_;
  std::optional<Int8Codec> codec_;
  std::size_t trained_rows_ = 0;
  static constexpr std::size_t kSampleDim = 128;

  std::size_t code_dim_;
  std::size_t sample_dim_;
  std::size_t stride_;  // bytes of a row
  GrowableBuffer rows_;
  kernels::GatherFunction gather_;
  kernels::PairFunction dot_;
  kernels::ScanFunction scan_;
};

}  // namespace simile::quantization
