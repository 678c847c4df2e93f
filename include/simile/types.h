#pragma once
/// Vectors, metrics and borrowed matrices: the vocabulary of every other header.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "simile/error.h"

namespace simile {

/// How the nearness of two vectors is measured. A distance is always smaller for nearer vectors:
///   kL2            squared Euclidean distance (no root, as in Faiss)
///   kInnerProduct  minus the inner product
///   kCosine        1 - cosine similarity, in [0, 2]; 1 where a vector is zero, as if at right
///   angles kHamming       number of differing bits (bit vectors only) kJaccard       1 - |a & b| /
///   |a | b|, 0 for two empty sets (bit vectors only) kBm25          minus the BM25 score of a text
///   (fields that hold the words of one)
enum class Metric : std::uint8_t {
  kL2 = 0,
  kInnerProduct = 1,
  kCosine = 2,
  kHamming = 3,
  kJaccard = 4,
  kBm25 = 5,
};

/// The type of one component of a vector.
enum class ElementType : std::uint8_t {
  kFloat32 = 0,
  kFloat16 = 1,
  kBFloat16 = 2,
  kInt8 = 3,
  kBit = 4,
  // How a graph keeps float32 rows in memory; nothing else has these types.
  kUint8 = 5,    ///< 0..255, all that these rows contain
  kScaled16 = 6  ///< a float32 step, then int16 multiples of it
};

/// kInverted is for sparse vectors: exact, as kFlat.
enum class IndexKind : std::uint8_t { kFlat = 0, kGraph = 1, kInverted = 2 };

/// What a graph is made for. kMemory: its nodes are 4-bit codes and edges, about dim / 2 + 140
/// bytes a vector at degree 32, and exact rows are read from disk. Bit vectors have one form only.
enum class Optimize : std::uint8_t { kSpeed = 0, kMemory = 1 };

inline constexpr std::uint32_t kMaxDimension = 65'536;
inline constexpr std::uint32_t kMaxK = 16'384;

struct VectorType {
  ElementType element = ElementType::kFloat32;
  std::uint32_t dim = 0;  ///< components; bits for kBit, a multiple of 8

  friend bool operator==(const VectorType&, const VectorType&) = default;

  /// Bytes of one packed vector.
  constexpr std::size_t bytes() const {
    switch (element) {
      case ElementType::kFloat32: return std::size_t{dim} * 4;
      case ElementType::kFloat16:
      case ElementType::kBFloat16: return std::size_t{dim} * 2;
      case ElementType::kInt8:
      case ElementType::kUint8: return dim;
      case ElementType::kScaled16: return 4 + std::size_t{dim} * 2;
      case ElementType::kBit: return (std::size_t{dim} + 7) / 8;
    }
    return 0;
  }
};

/// A component of a sparse vector that is not 0. A vector is these in rising order of their index,
/// packed; vectors may be empty, and then are near to nothing.
struct SparseEntry {
  std::uint32_t index = 0;
  float value = 0;

  friend bool operator==(const SparseEntry&, const SparseEntry&) = default;
};
static_assert(sizeof(SparseEntry) == 8);

/// Borrowed rows of vectors. The caller keeps `data` alive and unchanged during the call.
/// Row i starts at data + i * stride; no alignment is needed.
struct MatrixView {
  const std::byte* data = nullptr;
  std::size_t rows = 0;
  std::size_t stride = 0;  ///< bytes from row to row, >= type.bytes()
  VectorType type;

  MatrixView() = default;
  MatrixView(const void* first, std::size_t row_count, VectorType vector_type)
      : data(static_cast<const std::byte*>(first)),
        rows(row_count),
        stride(vector_type.bytes()),
        type(vector_type) {}

  const std::byte* row(std::size_t i) const { return data + i * stride; }
  MatrixView slice(std::size_t first, std::size_t count) const {
    MatrixView part = *this;
    part.data = row(first);
    part.rows = count;
    return part;
  }
};

/// "l2", "ip", "cosine", "hamming", "jaccard", "bm25".
std::string_view name_of(Metric metric);
/// "float32", "float16", "bfloat16", "int8", "bit".
std::string_view name_of(ElementType type);
/// "flat", "graph", "inverted".
std::string_view name_of(IndexKind kind);
/// "speed", "memory".
std::string_view name_of(Optimize optimize);

/// The inverse of name_of; also takes "euclidean", "inner_product", "angular". The error lists
/// the names that are known.
Result<Metric> parse_metric(std::string_view name);
Result<ElementType> parse_element_type(std::string_view name);
Result<IndexKind> parse_index_kind(std::string_view name);
Result<Optimize> parse_optimize(std::string_view name);

/// Bit vectors go with hamming and jaccard, all others with l2, ip and cosine.
Status check_metric(Metric metric, ElementType element);

/// Refuses what cannot be stored or searched: NaN and Inf. The error names the first bad row,
/// counted from `first_row`.
Status check_vectors(const MatrixView& vectors, std::uint64_t first_row = 0);

/// What a graph has measured of itself: the share of the k nearest that a beam of this width finds,
/// less the standard error.
struct CalibrationPoint {
  std::uint32_t k = 0;
  std::uint32_t effort = 0;
  float recall = 0;

  friend bool operator==(const CalibrationPoint&, const CalibrationPoint&) = default;
};

/// A recall asked for is in [0, 1]; 0 asks for none.
Status check_recall(float recall);

}  // namespace simile
