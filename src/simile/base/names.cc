/// Names and checks of the vocabulary in include/simile/types.h and error.h.

#include <array>
#include <utility>

#include "simile/base/text.h"
#include "simile/error.h"
#include "simile/types.h"
#include "simile/version.h"

namespace simile {

namespace {

template <class Enum, std::size_t N>
using NameTable = std::array<std::pair<std::string_view, Enum>, N>;

// The first name of a value is the one it is printed with.
constexpr NameTable<Metric, 9> kMetrics{{{"l2", Metric::kL2},
                                         {"ip", Metric::kInnerProduct},
                                         {"cosine", Metric::kCosine},
                                         {"hamming", Metric::kHamming},
                                         {"jaccard", Metric::kJaccard},
                                         {"bm25", Metric::kBm25},
                                         {"euclidean", Metric::kL2},
                                         {"inner_product", Metric::kInnerProduct},
                                         {"angular", Metric::kCosine}}};
constexpr NameTable<ElementType, 5> kElements{{{"float32", ElementType::kFloat32},
                                               {"float16", ElementType::kFloat16},
                                               {"bfloat16", ElementType::kBFloat16},
                                               {"int8", ElementType::kInt8},
                                               {"bit", ElementType::kBit}}};
constexpr NameTable<IndexKind, 3> kKinds{
    {{"flat", IndexKind::kFlat}, {"graph", IndexKind::kGraph}, {"inverted", IndexKind::kInverted}}};
constexpr NameTable<Optimize, 2> kOptimizes{
    {{"speed", Optimize::kSpeed}, {"memory", Optimize::kMemory}}};
constexpr std::array<std::string_view, 16> kCodes = {
    "ok",        "cancelled",      "unknown",           "invalid_argument",   "deadline_exceeded",
    "not_found", "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
    "aborted",   "out_of_range",   "unimplemented",     "internal",           "unavailable",
    "data_loss"};

template <class Enum, std::size_t N>
std::string_view find_name(const NameTable<Enum, N>& table, Enum value) {
  for (const auto& [name, entry] : table) {
    if (entry == value) return name;
  }
  return "unknown";
}

template <class Enum, std::size_t N>
Result<Enum> find_value(const NameTable<Enum, N>& table, std::string_view what,
                        std::string_view name) {
  for (const auto& [entry_name, value] : table) {
    if (entry_name == name) return value;
  }
  std::string known;
  for (const auto& entry : table) known += (known.empty() ? "" : ", ") + std::string(entry.first);
  return fail(ErrorCode::kInvalidArgument,
              join_text("unknown ", what, " '", name, "'; known: ", known));
}

}  // namespace

std::string_view name_of(ErrorCode code) { return kCodes[static_cast<std::size_t>(code)]; }
std::string_view name_of(Metric metric) { return find_name(kMetrics, metric); }
std::string_view name_of(ElementType type) { return find_name(kElements, type); }
std::string_view name_of(IndexKind kind) { return find_name(kKinds, kind); }
std::string_view name_of(Optimize optimize) { return find_name(kOptimizes, optimize); }

Result<Metric> parse_metric(std::string_view name) { return find_value(kMetrics, "metric", name); }
Result<ElementType> parse_element_type(std::string_view name) {
  return find_value(kElements, "element type", name);
}
Result<IndexKind> parse_index_kind(std::string_view name) {
  return find_value(kKinds, "index kind", name);
}

Result<Optimize> parse_optimize(std::string_view name) {
  return find_value(kOptimizes, "optimize", name);
}

Status check_metric(Metric metric, ElementType element) {
  if (element > ElementType::kBit) {
    return fail(ErrorCode::kInvalidArgument,
                "vectors are float32, float16, bfloat16, int8 or bit; other types are internal");
  }
  const bool of_bits = metric == Metric::kHamming || metric == Metric::kJaccard;
  if (metric != Metric::kBm25 && of_bits == (element == ElementType::kBit)) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      join_text("metric ", name_of(metric), " does not fit ", name_of(element), " vectors; use ",
                element == ElementType::kBit ? "hamming or jaccard" : "l2, ip or cosine"));
}

std::string_view version() { return SIMILE_VERSION; }

}  // namespace simile
