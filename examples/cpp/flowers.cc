/// Opens a database, writes a thousand vectors with labels, finds the nearest to one of them.
///   flowers [DIRECTORY]     default: flowers.simile

#include <simile/simile.h>

#include <cstdint>
#include <cstdio>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::uint32_t kDim = 64;
constexpr std::size_t kRows = 1000;

/// The collection "flowers", made where the database is new.
simile::Result<std::shared_ptr<simile::Collection>> open_flowers(simile::Database& database) {
  auto existing = database.collection("flowers");
  if (existing || existing.error().code != simile::ErrorCode::kNotFound) return existing;
  std::vector<simile::Field> fields;
  for (const auto& [name, type] :
       {std::pair{"id", "int64 primary key"}, std::pair{"feature", "float32[64] l2"},
        std::pair{"label", "string"}}) {
    auto field = simile::parse_field(name, type);
    if (!field) return std::unexpected(field.error());
    fields.push_back(*field);
  }
  auto schema = simile::Schema::make(fields);
  if (!schema) return std::unexpected(schema.error());
  return database.create_collection("flowers", *schema);
}

simile::Status run(const std::string& directory) {
  auto database = simile::Database::open(directory);
  if (!database) return std::unexpected(database.error());
  auto flowers = open_flowers(**database);
  if (!flowers) return std::unexpected(flowers.error());

  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> features(kRows * kDim);
  for (float& value : features) value = normal(random);
  std::vector<std::int64_t> ids(kRows);
  std::vector<std::string_view> labels(kRows);
  for (std::size_t row = 0; row < kRows; ++row) {
    ids[row] = static_cast<std::int64_t>(row);
    labels[row] = row % 2 == 0 ? "rose" : "tulip";
  }

  // A batch borrows its columns, and is durable when upsert returns.
  simile::Batch batch{.rows = kRows, .columns = {}};
  batch.columns.push_back({.field = "id", .fixed = std::as_bytes(std::span(ids))});
  batch.columns.push_back({.field = "feature",
                           .type = simile::FieldType::kVector,
                           .vector = {.dim = kDim},
                           .fixed = std::as_bytes(std::span(features))});
  batch.columns.push_back(
      {.field = "label", .type = simile::FieldType::kString, .strings = labels});
  if (auto written = (*flowers)->upsert(batch); !written) return std::unexpected(written.error());

  simile::SearchRequest request;
  request.queries = {features.data(), 1, {.dim = kDim}};
  request.k = 5;
  request.where = "label == 'rose'";
  request.fields = {"label"};
  auto result = (*flowers)->snapshot()->search(request);
  if (!result) return std::unexpected(result.error());
  const auto keys = result->rows.find("id")->values<std::int64_t>();
  for (std::size_t hit = 0; hit < result->distances.size(); ++hit) {
    std::printf("%lld %s %g\n", static_cast<long long>(keys[hit]),
                result->rows.find("label")->strings[hit].c_str(),
                static_cast<double>(result->distances[hit]));
  }
  return (*database)->close();
}

}  // namespace

int main(int argc, char** argv) {
  const auto status = run(argc > 1 ? argv[1] : "flowers.simile");
  if (!status) std::fprintf(stderr, "flowers: %s\n", status.error().message.c_str());
  return status ? 0 : 1;
}
