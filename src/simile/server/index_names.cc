#include "simile/server/index_names.h"

#include <algorithm>
#include <array>

#include "simile/base/text.h"

namespace simile::server {

namespace {

constexpr std::array<std::string_view, 4> kFlat = {"FLAT", "BIN_FLAT", "BRUTE_FORCE",
                                                   "GPU_BRUTE_FORCE"};
constexpr std::array<std::string_view, 21> kGraph = {"",
                                                     "AUTOINDEX",
                                                     "IVF_FLAT",
                                                     "IVF_SQ8",
                                                     "IVF_PQ",
                                                     "IVF_RABITQ",
                                                     "HNSW",
                                                     "HNSW_SQ",
                                                     "HNSW_PQ",
                                                     "HNSW_PRQ",
                                                     "SCANN",
                                                     "DISKANN",
                                                     "BIN_IVF_FLAT",
                                                     "MINHASH_LSH",
                                                     "GPU_CAGRA",
                                                     "GPU_IVF_FLAT",
                                                     "GPU_IVF_PQ",
                                                     "IVF_HNSW",
                                                     "RHNSW_FLAT",
                                                     "ANNOY",
                                                     "IVF_SQ8_HYBRID"};
constexpr std::array<std::string_view, 4> kSparse = {"", "AUTOINDEX", "SPARSE_INVERTED_INDEX",
                                                     "SPARSE_WAND"};
constexpr std::array<std::string_view, 9> kScalar = {
    "", "AUTOINDEX", "INVERTED", "BITMAP", "TRIE", "Trie", "STL_SORT", "NGRAM", "RTREE"};

}  // namespace

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

std::optional<IndexKind> vector_index_kind(std::string_view name) {
  const std::string upper = upper_case(name);
  if (std::ranges::find(kFlat, upper) != kFlat.end()) return IndexKind::kFlat;
  if (std::ranges::find(kGraph, upper) != kGraph.end()) return IndexKind::kGraph;
  return std::nullopt;
}

std::optional<IndexKind> index_kind_of(const Field& field, std::string_view name) {
  if (field.type != FieldType::kSparse) return vector_index_kind(name);
  if (std::ranges::find(kSparse, upper_case(name)) == kSparse.end()) return std::nullopt;
  return IndexKind::kInverted;
}

ScalarIndex scalar_index_of(const Field& field, std::string_view name) {
  // Keys have a table of their own. Where a partition key is fixed, its rows are found by its
  // index.
  if (field.partition_key) return ScalarIndex::kInverted;
  if (field.primary_key || field.type == FieldType::kJson) return ScalarIndex::kNone;
  if (upper_case(name) == "RTREE")
    return ScalarIndex::kNone;  // geometries are read from their texts
  const bool grams = upper_case(name) == "NGRAM" && field.type == FieldType::kString;
  return grams ? ScalarIndex::kNgram : ScalarIndex::kInverted;
}

bool is_scalar_index(std::string_view name) {
  return std::ranges::find(kScalar, upper_case(name)) != kScalar.end();
}

Answer<Metric> parse_wire_metric(std::string_view name) {
  const std::string upper = upper_case(name);
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine, Metric::kHamming,
                              Metric::kJaccard, Metric::kBm25}) {
    if (upper == wire_name(metric)) return metric;
  }
  return refuse_parameter(
      join_text("invalid metric type ", name, "; known: L2, IP, COSINE, HAMMING, JACCARD, BM25"));
}

std::string_view wire_name(Metric metric) {
  switch (metric) {
    case Metric::kL2: return "L2";
    case Metric::kInnerProduct: return "IP";
    case Metric::kCosine: return "COSINE";
    case Metric::kHamming: return "HAMMING";
    case Metric::kJaccard: return "JACCARD";
    case Metric::kBm25: return "BM25";
  }
  return "";
}

bool larger_is_nearer(Metric metric) {
  return metric == Metric::kInnerProduct || metric == Metric::kCosine || metric == Metric::kBm25;
}

float score_of(Metric metric, float distance) {
  if (metric == Metric::kInnerProduct || metric == Metric::kBm25) return -distance;
  if (metric == Metric::kCosine) return 1.0F - distance;
  return distance;
}

float distance_of(Metric metric, float score) { return score_of(metric, score); }

}  // namespace simile::server
