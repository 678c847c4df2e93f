// The map of a collection: rows spread over it, laid out along their principal components.
//   1. Take up to `rows` rows in equal strides of the order of insertion, whole blocks of them.
//   2. Centre them; of unit length where the metric is the angle.
//   3. Principal components by subspace iteration on the rows themselves: y = X v, v = X' y,
//      orthonormalised, 6 rounds. No covariance is formed, which would be dim x dim.
//   4. Within that subspace exactly: the scores are turned along the eigenvectors of their small
//      covariance (Rayleigh-Ritz), which Jacobi's rotations find.
// The first two components are the map at once; the others feed what the browser computes.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "simile/base/half.h"
#include "simile/base/text.h"
#include "simile/server/ui/page_call.h"
#include "simile/server/ui/page_rows.h"

namespace simile::server {

namespace {

constexpr std::uint64_t kRowsMax = 20'000;
constexpr std::size_t kComponents = 16;

struct Points {
  std::size_t rows = 0;
  std::size_t dim = 0;
  std::vector<float> values;
  float* row(std::size_t i) { return values.data() + i * dim; }
};

float component(const Column& column, std::size_t row, std::size_t i) {
  const std::size_t at = row * column.vector.dim + i;
  const auto half = [&] {
    std::uint16_t bits = 0;
    std::memcpy(&bits, column.fixed.data() + at * 2, 2);
    return bits;
  };
  switch (column.vector.element) {
    case ElementType::kFloat32: {
      float value = 0;
      std::memcpy(&value, column.fixed.data() + at * 4, 4);
      return value;
    }
    case ElementType::kFloat16: return float16_to_float(half());
    case ElementType::kBFloat16: return bfloat16_to_float(half());
    case ElementType::kInt8: return static_cast<float>(static_cast<signed char>(column.fixed[at]));
    default: {
      const std::byte byte = column.fixed[row * column.vector.bytes() + i / 8];
      return static_cast<float>(std::to_integer<int>(byte >> (7 - i % 8) & std::byte{1}));
    }
  }
}

/// Step 2.
Points points_of(const Column& column, const std::vector<std::size_t>& rows, bool unit) {
  Points points{.rows = rows.size(), .dim = column.vector.dim, .values = {}};
  points.values.resize(points.rows * points.dim);
  std::vector<double> mean(points.dim);
  for (std::size_t r = 0; r < points.rows; ++r) {
    float* to = points.row(r);
    double length = 0;
    for (std::size_t i = 0; i < points.dim; ++i) {
      to[i] = component(column, rows[r], i);
      length += static_cast<double>(to[i]) * static_cast<double>(to[i]);
    }
    const float scale = unit && length > 0 ? static_cast<float>(1 / std::sqrt(length)) : 1;
    for (std::size_t i = 0; i < points.dim; ++i) {
      to[i] *= scale;
      mean[i] += static_cast<double>(to[i]) / static_cast<double>(points.rows);
    }
  }
  for (std::size_t r = 0; r < points.rows; ++r) {
    for (std::size_t i = 0; i < points.dim; ++i) points.row(r)[i] -= static_cast<float>(mean[i]);
  }
  return points;
}

double dot(const float* a, const float* b, std::size_t count) {
  float sums[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::size_t j = 0; j < 8; ++j) sums[j] += a[i + j] * b[i + j];
  }
  double sum = 0;
  for (const float each : sums) sum += static_cast<double>(each);
  for (; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// Gram-Schmidt; a direction that vanishes becomes zero.
void orthonormalise(std::vector<std::vector<float>>& basis) {
  for (std::size_t c = 0; c < basis.size(); ++c) {
    std::vector<float>& v = basis[c];
    for (std::size_t before = 0; before < c; ++before) {
      const auto along = static_cast<float>(dot(v.data(), basis[before].data(), v.size()));
      for (std::size_t i = 0; i < v.size(); ++i) v[i] -= along * basis[before][i];
    }
    const double length = std::sqrt(dot(v.data(), v.data(), v.size()));
    const float scale = length > 1e-12 ? static_cast<float>(1 / length) : 0;
    for (float& each : v) each *= scale;
  }
}

struct Components {
  std::size_t count = 0;
  std::vector<float> scores;      ///< rows x count
  std::vector<double> variances;  ///< of each, and of everything last
};

/// One rotation of Jacobi: makes element (p, q) of the symmetric matrix zero.
void rotate(std::vector<std::vector<double>>& matrix, std::vector<std::vector<double>>& turned,
            std::size_t p, std::size_t q) {
  if (std::abs(matrix[p][q]) < 1e-300) return;
  const double theta = (matrix[q][q] - matrix[p][p]) / (2 * matrix[p][q]);
  const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double cosine = 1 / std::sqrt(t * t + 1);
  const double sine = t * cosine;
  const std::size_t count = matrix.size();
  for (std::size_t i = 0; i < count; ++i) {
    const double a = matrix[i][p];
    const double b = matrix[i][q];
    matrix[i][p] = cosine * a - sine * b;
    matrix[i][q] = sine * a + cosine * b;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const double a = matrix[p][i];
    const double b = matrix[q][i];
    matrix[p][i] = cosine * a - sine * b;
    matrix[q][i] = sine * a + cosine * b;
    const double c = turned[p][i];
    const double d = turned[q][i];
    turned[p][i] = cosine * c - sine * d;
    turned[q][i] = sine * c + cosine * d;
  }
}

/// Step 4.
void turn_scores(Components& found, std::size_t rows) {
  constexpr int kSweeps = 12;
  const std::size_t count = found.count;
  std::vector<std::vector<double>> matrix(count, std::vector<double>(count));
  auto vectors = matrix;
  for (std::size_t r = 0; r < rows; ++r) {
    const float* score = found.scores.data() + r * count;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) {
        matrix[i][j] += static_cast<double>(score[i]) * static_cast<double>(score[j]);
      }
    }
  }
  for (std::size_t i = 0; i < count; ++i) vectors[i][i] = 1;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (std::size_t p = 0; p < count; ++p) {
      for (std::size_t q = p + 1; q < count; ++q) rotate(matrix, vectors, p, q);
    }
  }
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return matrix[i][i]; });
  std::vector<double> turned(count);
  for (std::size_t r = 0; r < rows; ++r) {
    float* score = found.scores.data() + r * count;
    for (std::size_t c = 0; c < count; ++c) {
      turned[c] = 0;
      for (std::size_t i = 0; i < count; ++i) {
        turned[c] += vectors[order[c]][i] * static_cast<double>(score[i]);
      }
    }
    for (std::size_t c = 0; c < count; ++c) score[c] = static_cast<float>(turned[c]);
  }
}

/// Steps 3 and 4.
Components components_of(Points& points) {
  constexpr int kRounds = 6;
  Components result;
  result.count = std::min({kComponents, points.dim, std::max<std::size_t>(points.rows, 1)});
  std::vector<std::vector<float>> basis(result.count, std::vector<float>(points.dim));
  std::mt19937 random(1);  // the same map for the same rows
  std::normal_distribution<float> normal;
  for (auto& v : basis) std::ranges::generate(v, [&] { return normal(random); });
  orthonormalise(basis);
  result.scores.resize(points.rows * result.count);
  for (int round = 0; round <= kRounds; ++round) {
    std::vector<std::vector<float>> next(result.count, std::vector<float>(points.dim));
    for (std::size_t r = 0; r < points.rows; ++r) {
      const float* row = points.row(r);
      for (std::size_t c = 0; c < result.count; ++c) {
        const auto score = static_cast<float>(dot(row, basis[c].data(), points.dim));
        result.scores[r * result.count + c] = score;
        if (round == kRounds) continue;
        for (std::size_t i = 0; i < points.dim; ++i) next[c][i] += score * row[i];
      }
    }
    if (round == kRounds) break;
    basis = std::move(next);
    orthonormalise(basis);
  }
  turn_scores(result, points.rows);
  result.variances.assign(result.count + 1, 0);
  for (std::size_t r = 0; r < points.rows; ++r) {
    for (std::size_t c = 0; c < result.count; ++c) {
      const double score = static_cast<double>(result.scores[r * result.count + c]);
      result.variances[c] += score * score;
    }
    result.variances.back() += dot(points.row(r), points.row(r), points.dim);
  }
  return result;
}

/// Step 1: one table of rows in blocks that are spread evenly.
Answer<Table> spread_rows(const Snapshot& snapshot, QueryRequest request, std::uint64_t wanted,
                          std::uint64_t matching) {
  if (matching <= wanted) {
    request.limit = wanted;
    SIMILE_ASSIGN(Table all, snapshot.query(request));
    return all;
  }
  constexpr std::uint64_t kBlocks = 40;
  Table all;
  for (std::uint64_t block = 0; block < kBlocks; ++block) {
    request.offset = matching * block / kBlocks;
    request.limit = wanted / kBlocks;
    SIMILE_ASSIGN(Table part, snapshot.query(request));
    if (all.columns.empty()) {
      all = std::move(part);
      continue;
    }
    all.rows += part.rows;
    for (std::size_t i = 0; i < all.columns.size(); ++i) {
      Column& to = all.columns[i];
      Column& from = part.columns[i];
      if (!to.valid.empty() || !from.valid.empty()) {
        to.valid.resize(to.rows, 1);
        from.valid.resize(from.rows, 1);
        to.valid.insert(to.valid.end(), from.valid.begin(), from.valid.end());
      }
      to.rows += from.rows;
      to.fixed.insert(to.fixed.end(), from.fixed.begin(), from.fixed.end());
      std::ranges::move(from.strings, std::back_inserter(to.strings));
    }
  }
  return all;
}

bool can_colour(const Field& field) {
  return !field.is_searched() && field.type != FieldType::kArray && field.type != FieldType::kJson;
}

/// The field to draw: the first of dense vectors, unless one is named.
Answer<const Field*> dense_field(const std::string& name, const Schema& schema) {
  for (const Field& field : schema.fields()) {
    if (field.type == FieldType::kVector && (name.empty() || field.name == name)) return &field;
  }
  return refuse_parameter("a map needs a field of dense vectors");
}

Answer<PageReply> map(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  const auto snapshot = handle.collection->snapshot();
  const Schema& schema = snapshot->schema();
  SIMILE_ASSIGN(const Field* field, dense_field(call.text("field"), schema));
  SIMILE_ASSIGN(const std::uint64_t wanted, call.number("rows", 3000, kRowsMax));
  QueryRequest request;
  request.filter.where = call.text("filter");
  request.filter.cancel = call.context.cancel;
  request.call_bytes_max = call.service().limits().bytes_max;
  request.fields = {field->name};
  const std::string colour = call.text("colour");
  if (!colour.empty()) {
    const Field* known = schema.find(colour);
    if (known == nullptr || !can_colour(*known)) {
      return refuse_parameter(join_text("'", colour, "' is no field that can colour a map"));
    }
    if (!known->primary_key) request.fields.push_back(colour);
  }
  SIMILE_ASSIGN(const std::uint64_t matching, snapshot->count(request.filter));
  SIMILE_ASSIGN(const Table rows, spread_rows(*snapshot, request, wanted, matching));
  const Column* vectors = rows.find(field->name);
  const Column* keys = rows.find(schema.primary_key().name);
  const Column* colours = colour.empty() ? nullptr : rows.find(colour);
  std::vector<std::size_t> present;
  Json names = Json::array();
  Json values = Json::array();
  for (std::size_t row = 0; row < rows.rows; ++row) {
    if (vectors->is_null(row)) continue;
    present.push_back(row);
    const Json key = page_value(*keys, row);
    names.push_back(key.is_string() ? key : Json(key.dump()));
    if (colours != nullptr) values.push_back(page_value(*colours, row));
  }
  Points points = points_of(*vectors, present, field->metric == Metric::kCosine);
  const Components found = components_of(points);
  Json scores = Json::array();
  for (const float score : found.scores) scores.push_back(short_float(score));
  return Json{{"keys", names},
              {"colours", values},
              {"scores", scores},
              {"components", found.count},
              {"matching", matching},
              {"rows", handle.collection->info().rows},
              {"variances", found.variances}};
}

}  // namespace

void add_map_routes(std::vector<PageRoute>& routes) {
  routes.push_back({"POST", "/ui/api/map", on_collection("Query"), map});
}

}  // namespace simile::server
