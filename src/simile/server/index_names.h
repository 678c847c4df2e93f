#pragma once
/// Every index that Milvus has a name for, and what serves it here.

#include <optional>
#include <string_view>

#include "simile/schema.h"
#include "simile/server/collection_meta.h"
#include "simile/server/fault.h"
#include "simile/types.h"

namespace simile::server {

/// The kind of vector index behind Milvus' name, or nothing for a name that is not known. Exact
/// ones are scans; all others are the graph, which needs no parameters.
std::optional<IndexKind> vector_index_kind(std::string_view name);
/// The same for a field: a sparse one has names of its own beside the common ones.
std::optional<IndexKind> index_kind_of(const Field& field, std::string_view name);
/// What serves a scalar field for which such an index is asked; kNone: filters look at every row.
ScalarIndex scalar_index_of(const Field& field, std::string_view name);
/// True for the names of indexes on scalar fields.
bool is_scalar_index(std::string_view name);

/// The metric by Milvus' name in any case: L2, IP, COSINE, HAMMING, JACCARD.
Answer<Metric> parse_wire_metric(std::string_view name);
std::string_view wire_name(Metric metric);
/// True where larger scores are nearer.
bool larger_is_nearer(Metric metric);
/// Milvus' score of a distance of the engine, and the other way round.
float score_of(Metric metric, float distance);
float distance_of(Metric metric, float score);

/// The metric that scores are in: that of the index, else of the field.
std::string upper_case(std::string_view text);

}  // namespace simile::server
