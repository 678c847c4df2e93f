/// filter_bench [FOLDER]
///
/// Filters over ROWS=1000000 rows with and without indexes: the time of a count, which is that of
/// the filter, and of a search of one thread among the rows of one tenant of 1,000; the best of
/// REPEATS=7, both ways in turn, in the same rows: snapshots from before and after the indexes were
/// made. FOLDER is for the database, which is removed again; by default one below the folder for
/// temporary files.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "simile/database.h"

namespace {

using namespace simile;

double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

std::size_t number_of(const char* name, std::size_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

void must(const Status& status) {
  if (!status) std::fprintf(stderr, "%s\n", status.error().message.c_str()), std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) must(Status(std::unexpected(result.error())));
  return *std::move(result);
}

constexpr std::uint32_t kDim = 64;

Schema schema() {
  return must(Schema::make(
      {must(parse_field("id", "int64 primary key")), must(parse_field("v", "float32[64] l2 flat")),
       must(parse_field("taken", "int64")), must(parse_field("price", "double")),
       must(parse_field("kind", "string")), must(parse_field("file", "string")),
       must(parse_field("text", "string")), must(parse_field("tags", "array<int32>")),
       must(parse_field("tenant", "string"))}));
}

/// Rows from `first` on: `taken` differs in every row, there are 20 kinds, texts are of 6 words of
/// 5,000, and 3 tags of 1,000.
void insert(Collection& collection, std::size_t first, std::size_t rows, std::mt19937_64& random) {
  std::vector<std::int64_t> ids, taken;
  std::vector<float> vectors(rows * kDim);
  for (float& value : vectors) value = static_cast<float>(random() % 1000);
  std::vector<double> prices;
  std::vector<std::string> kinds, files, texts, tenants;
  std::vector<std::int32_t> tags;
  std::vector<std::uint64_t> tag_starts = {0};
  for (std::size_t i = 0; i < rows; ++i) {
    ids.push_back(static_cast<std::int64_t>(first + i));
    taken.push_back(static_cast<std::int64_t>(random() % 1'000'000'000));
    prices.push_back(static_cast<double>(random() % 100'000) / 100);
    tenants.push_back("tenant" + std::to_string(random() % 1000));
    kinds.push_back("kind" + std::to_string(random() % 20));
    files.push_back("folder" + std::to_string(random() % 1000) + "/" + std::to_string(first + i));
    std::string text;
    for (int word = 0; word < 6; ++word) {
      std::uint64_t letters = (random() % 5000) * 7919;
      for (int letter = 0; letter < 7; ++letter, letters /= 26) {
        text += static_cast<char>('a' + letters % 26);
      }
      text += ' ';
    }
    texts.push_back(text);
    for (int tag = 0; tag < 3; ++tag) tags.push_back(static_cast<std::int32_t>(random() % 1000));
    tag_starts.push_back(tags.size());
  }
  const auto views = [](const std::vector<std::string>& of) {
    return std::vector<std::string_view>(of.begin(), of.end());
  };
  const auto kind_views = views(kinds), file_views = views(files), text_views = views(texts),
             tenant_views = views(tenants);
  Batch batch;
  batch.rows = rows;
  const auto add = [&](std::string_view field, FieldType type) -> ColumnView& {
    ColumnView& column = batch.columns.emplace_back();
    column.field = field;
    column.type = type;
    return column;
  };
  add("id", FieldType::kInt64).fixed = std::as_bytes(std::span(ids));
  ColumnView& vector = add("v", FieldType::kVector);
  vector.vector = {ElementType::kFloat32, kDim};
  vector.fixed = std::as_bytes(std::span(vectors));
  add("taken", FieldType::kInt64).fixed = std::as_bytes(std::span(taken));
  add("price", FieldType::kDouble).fixed = std::as_bytes(std::span(prices));
  add("kind", FieldType::kString).strings = kind_views;
  add("file", FieldType::kString).strings = file_views;
  add("text", FieldType::kString).strings = text_views;
  ColumnView& arrays = add("tags", FieldType::kArray);
  arrays.element_type = FieldType::kInt32;
  arrays.fixed = std::as_bytes(std::span(tags));
  arrays.offsets = tag_starts;
  add("tenant", FieldType::kString).strings = tenant_views;
  must(collection.insert(batch));
}

/// Of each of two ways, in turn.
template <class Run>
std::pair<double, double> best_milliseconds(const Snapshot& plain, const Snapshot& indexed,
                                            Run&& run) {
  double best[2] = {1e9, 1e9};
  for (std::size_t i = number_of("REPEATS", 7) + 1; i > 0; --i) {
    for (int way = 0; way < 2; ++way) {
      const double start = seconds();
      run(way == 0 ? plain : indexed);
      best[way] = std::min(best[way], seconds() - start);
    }
  }
  return {best[0] * 1e3, best[1] * 1e3};
}

void measure_counts(const Snapshot& plain, const Snapshot& indexed) {
  std::printf("\n| filter | rows | without, ms | with, ms | times | read |\n");
  std::printf("|---|--:|--:|--:|--:|--:|\n");
  for (const char* where : {"taken == 123456789",
                            "taken < 1000000",
                            "taken < 10000000",
                            "taken < 100000000",
                            "taken < 500000000",
                            "price in [1.5, 2.5, 99.99]",
                            "990 <= price < 995",
                            "kind == 'kind7'",
                            "kind in ['kind1', 'kind2', 'kind3']",
                            "file like 'folder77/%'",
                            "file == 'folder7/7'",
                            "text like '%abc%'",
                            "text like '%abcde%'",
                            "text like '%q%z%'",
                            "array_contains(tags, 7)",
                            "array_contains_any(tags, [7, 8, 9])",
                            "array_contains_all(tags, [7, 8])",
                            "kind == 'kind7' and taken < 10000000",
                            "kind == 'kind7' and price < 500",
                            "text like '%abc%' and kind == 'kind7'",
                            "taken < 1000000 and taken % 7 == 3",
                            "tenant == 'tenant7'"}) {
    std::uint64_t found[2] = {0, 0};
    const auto [without, with] = best_milliseconds(plain, indexed, [&](const Snapshot& snapshot) {
      found[&snapshot == &plain ? 0 : 1] = must(snapshot.count(where));
    });
    const FilterPlan plan = must(indexed.explain({where, {}, {}}));
    if (found[0] != found[1]) std::printf("WRONG: ");
    std::printf("| `%s` | %llu | %.3f | %.3f | %.1f | %llu |\n", where,
                static_cast<unsigned long long>(found[0]), without, with, without / with,
                static_cast<unsigned long long>(plan.looked_at));
  }
}

void measure_search(const Snapshot& plain, const Snapshot& indexed) {
  const std::vector<float> query(kDim, 500);
  std::printf("\n| search for the 10 nearest | without, ms | with, ms | times |\n");
  std::printf("|---|--:|--:|--:|\n");
  for (const char* where : {"", "tenant == 'tenant7'", "tenant in ['tenant7', 'tenant8']"}) {
    SearchRequest request;
    request.queries = MatrixView(query.data(), 1, {ElementType::kFloat32, kDim});
    request.where = where;
    request.threads = 1;
    const auto [without, with] = best_milliseconds(
        plain, indexed, [&](const Snapshot& snapshot) { must(snapshot.search(request)); });
    std::printf("| `%s` | %.3f | %.3f | %.1f |\n", where, without, with, without / with);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t rows = number_of("ROWS", 1'000'000);
  const std::filesystem::path folder =
      argc > 1 ? argv[1] : std::filesystem::temp_directory_path() / "simile_filter_bench";
  std::filesystem::remove_all(folder);
  {
    OpenOptions options;
    options.background = false;
    const auto database = must(Database::open(folder.string(), options));
    const auto collection = must(database->create_collection("c", schema()));
    std::mt19937_64 random(1);
    constexpr std::size_t kBatch = 50'000;
    for (std::size_t first = 0; first < rows; first += kBatch) {
      insert(*collection, first, std::min(kBatch, rows - first), random);
    }
    must(collection->compact());
    const auto plain = collection->snapshot();
    std::printf("%zu rows in %llu segments\n\n", rows,
                static_cast<unsigned long long>(collection->info().sealed_segments));
    std::printf("| index of | kind | s to build | bytes a row |\n|---|---|--:|--:|\n");
    for (const char* field : {"taken", "price", "kind", "file", "text", "tags", "tenant"}) {
      const bool grams = std::string_view(field) == "text";
      const ScalarIndex kind = grams ? ScalarIndex::kNgram : ScalarIndex::kInverted;
      must(collection->change_scalar_index(field, kind));
      const double start = seconds();
      must(collection->flush());
      const double took = seconds() - start;
      for (const ScalarIndexInfo& info : collection->scalar_indexes()) {
        if (info.field != field) continue;
        std::printf("| %s | %s | %.1f | %.1f |\n", field, std::string(name_of(kind)).c_str(), took,
                    static_cast<double>(info.disk_bytes) / static_cast<double>(info.rows));
      }
    }
    const auto indexed = collection->snapshot();
    measure_counts(*plain, *indexed);
    measure_search(*plain, *indexed);
    must(database->close());
  }
  std::filesystem::remove_all(folder);
  return 0;
}
