#include "simile/db/bind_search.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/count_words.h"
#include "simile/db/matching_rows.h"
#include "simile/kernels/distance.h"
#include "simile/scalar/group_key.h"
#include "simile/scalar/sparse_value.h"
#include "simile/text/analyzer.h"

namespace simile::db {

namespace {

bool is_float(ElementType type) {
  return type == ElementType::kFloat32 || type == ElementType::kFloat16 ||
         type == ElementType::kBFloat16;
}

Status check_numbers(const SearchRequest& request) {
  if (request.k == 0 || request.k > kMaxK) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("k is ", request.k, "; it must be from 1 to ", kMaxK));
  }
  return check_recall(request.recall);
}

Status check_shape(const Field& field, const SearchRequest& request) {
  const VectorType& have = request.queries.type;
  if (!request.sparse.empty() || !request.texts.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("field '", field.name, "' is searched by vectors of dimension ",
                          field.vector.dim, ", not by sparse ones or texts"));
  }
  if (have.dim != field.vector.dim) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("queries have dimension ", have.dim, ", field '", field.name, "' has ",
                          field.vector.dim));
  }
  const bool fits = have.element == field.vector.element ||
                    (is_float(have.element) && is_float(field.vector.element));
  if (!fits) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("queries are ", name_of(have.element), ", field '", field.name, "' is ",
                          name_of(field.vector.element)));
  }
  return {};
}

Status check_model(const Field& field, const std::string& sha256) {
  if (sha256.empty() || field.model_card.empty()) return {};
  const auto card = nlohmann::json::parse(field.model_card, nullptr, false);
  if (!card.is_object()) return {};
  const std::string own = card.value("sha256", "");
  if (own.empty() || own == sha256) return {};
  return fail(
      ErrorCode::kFailedPrecondition,
      join_text("field '", field.name, "' holds vectors of model '", card.value("name", "?"),
                "' (sha256 ", own.substr(0, 12), "), the query is of another one (sha256 ",
                sha256.substr(0, 12), "): use the same model for both"));
}

/// Texts, and the counts of all rows that can be seen.
Status bind_texts(const CollectionView& view, const SearchRequest& request, BoundSearch& bound) {
  const Field& field = *bound.field;
  if (request.queries.rows != 0 || !request.sparse.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("field '", field.name, "' holds the words of '", field.source,
                          "' and is searched by texts"));
  }
  SIMILE_ASSIGN(const auto analyzer, text::analyzer_of(view.schema->find(field.source)->analyzer));
  for (const std::string_view query : request.texts) {
    if (!is_utf8(query)) return fail(ErrorCode::kInvalidArgument, "the query is not UTF-8");
    const std::string terms = analyzer->term_counts(query);
    index::SparseQuery& bound_query = bound.sparse.emplace_back(index::SparseRow(terms));
    SIMILE_ASSIGN(const index::Bm25Counts counts,
                  count_words(view, bound.position, bound_query.terms()));
    bound_query.use_bm25({field.bm25_k1, field.bm25_b}, counts);
  }
  bound.queries.rows = bound.sparse.size();
  return {};
}

Status bind_sparse(const Field& field, const SearchRequest& request, BoundSearch& bound) {
  if (request.queries.rows != 0 || !request.texts.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("field '", field.name, "' is searched by sparse vectors"));
  }
  for (std::size_t i = 0; i < request.sparse.size(); ++i) {
    if (const char* fault = scalar::find_sparse_fault(request.sparse[i])) {
      return fail(ErrorCode::kInvalidArgument, join_text("query ", i, " ", fault));
    }
    bound.sparse.emplace_back(index::SparseRow(request.sparse[i]));
  }
  bound.queries.rows = bound.sparse.size();
  return {};
}

/// Float queries of any width as float32, which every float index takes.
void convert_queries(BoundSearch& bound, const MatrixView& from) {
  bound.queries = from;
  if (!is_float(from.type.element) || from.type.element == ElementType::kFloat32) return;
  const VectorType type{ElementType::kFloat32, from.type.dim};
  bound.converted = AlignedBuffer(from.rows * type.bytes());
  bound.queries = MatrixView(bound.converted.data(), from.rows, type);
  for (std::size_t i = 0; i < from.rows; ++i) {
    kernels::to_float32(from.type.element, from.row(i), type.dim,
                        bound.converted.as<float>() + i * type.dim);
  }
}

}  // namespace

Result<BoundSearch> bind_search(const CollectionView& view, const SearchRequest& request) {
  const Schema& schema = *view.schema;
  SIMILE_ASSIGN(const Field* field, schema.vector_field(request.field));
  SIMILE_TRY(check_numbers(request));
  SIMILE_TRY(check_model(*field, request.model_sha256));
  SIMILE_ASSIGN(scalar::Filter filter, compile_filter(request.where, request.values,
                                                      request.partitions, view, request.cancel));
  const auto position = static_cast<std::size_t>(field - schema.fields().data());
  BoundSearch bound{field, position, {}, {}, {}, std::move(filter)};
  if (field->metric == Metric::kBm25) {
    SIMILE_TRY(bind_texts(view, request, bound));
    return bound;
  }
  if (field->type == FieldType::kSparse) {
    SIMILE_TRY(bind_sparse(*field, request, bound));
    return bound;
  }
  SIMILE_TRY(check_shape(*field, request));
  SIMILE_TRY(check_vectors(request.queries));
  convert_queries(bound, request.queries);
  return bound;
}

Status check_choice(const Schema& schema, const SearchRequest& request) {
  const auto refuse = [](std::string why) {
    return fail(ErrorCode::kInvalidArgument, std::move(why));
  };
  if (request.offset > kMaxK - std::min(request.k, kMaxK)) {
    return refuse(
        join_text("offset ", request.offset, " and k ", request.k, ": together at most ", kMaxK));
  }
  for (const auto& bound : {request.distance_min, request.distance_max}) {
    if (bound && std::isnan(*bound)) return refuse("a bound of the distance is NaN");
  }
  if (request.group_by.empty()) return {};
  SIMILE_TRY(scalar::GroupKey::parse(request.group_by, schema));
  if (request.group_size == 0 || request.group_size > kMaxK) {
    return refuse(
        join_text("group_size is ", request.group_size, "; it must be from 1 to ", kMaxK));
  }
  return {};
}

}  // namespace simile::db
