#include "simile/cli/search_command.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/hit_output.h"
#include "simile/cli/query_file.h"
#include "simile/cli/text_format.h"
#include "simile/imports/import_rows.h"
#include "simile/vectorfile/sparse_text.h"

namespace simile::cli {

namespace {

struct SearchOptions {
  DatabaseOption database;
  std::string collection;
  QueryFileOptions queries;
  std::vector<std::string> sparse;
  std::vector<std::string> texts;
  SearchRequest request;
  HitOutputOptions output;
  std::uint64_t limit = ~std::uint64_t{0};
};

Status search_all(const SearchOptions& options, const Snapshot& snapshot,
                  vectorfile::VectorFile& file, HitOutput& output, Session& session) {
  constexpr std::size_t kBlockRows = 256;
  SearchRequest request = options.request;
  request.cancel = &session.cancel;
  const Progress progress =
      options.output.path.empty() ? Progress() : session.console.progress("searching", "queries");
  vectorfile::Block block;
  for (std::uint64_t done = 0; done < options.limit; done += block.rows) {
    const std::uint64_t rows = std::min<std::uint64_t>(kBlockRows, options.limit - done);
    SIMILE_TRY(file.next(static_cast<std::size_t>(rows), block));
    if (block.rows == 0) break;
    SIMILE_TRY(imports::check_block(file, block));
    request.queries = MatrixView(block.vectors.data(), block.rows, file.info().type);
    auto result = snapshot.search(request);
    if (!result) return std::unexpected(std::move(result).error());
    SIMILE_TRY(output.add(*result, done));
    if (progress) {
      progress(done + block.rows, std::min(options.limit, file.rows_estimate()));
    }
  }
  return output.finish();
}

/// Queries that were given on the command line.
Status search_sparse(const SearchOptions& options, const Snapshot& snapshot, HitOutput& output,
                     Session& session) {
  std::vector<std::string> packed;
  for (const std::string& json : options.sparse) {
    SIMILE_ASSIGN(std::string entries, vectorfile::parse_sparse(json));
    packed.push_back(std::move(entries));
  }
  const std::vector<std::string_view> queries(packed.begin(), packed.end());
  SearchRequest request = options.request;
  request.cancel = &session.cancel;
  const std::vector<std::string_view> texts(options.texts.begin(), options.texts.end());
  request.sparse = queries;
  request.texts = texts;
  SIMILE_ASSIGN(const SearchResult result, snapshot.search(request));
  SIMILE_TRY(output.add(result, 0));
  return output.finish();
}

Status check_queries(const SearchOptions& options, const Field& field) {
  const bool by_text = field.metric == Metric::kBm25;
  const bool by_sparse = field.type == FieldType::kSparse && !by_text;
  const bool by_file = !by_text && !by_sparse;
  if (options.texts.empty() != by_text && options.sparse.empty() != by_sparse &&
      options.queries.file.empty() != by_file) {
    return {};
  }
  return fail(ErrorCode::kInvalidArgument, join_text("field '", field.name, "' is searched with ",
                                                     by_text     ? "--text"
                                                     : by_sparse ? "--sparse"
                                                                 : "--queries",
                                                     ", and nothing beside it"));
}

Result<int> run_search(SearchOptions options, Session& session) {
  SIMILE_ASSIGN(const auto database, open_for_reading(options.database));
  SIMILE_ASSIGN(const auto collection, find_collection(*database, options.collection));
  const auto snapshot = collection->snapshot();
  SIMILE_ASSIGN(const Field* field, snapshot->schema().vector_field(options.request.field));
  SIMILE_TRY(check_queries(options, *field));
  std::unique_ptr<vectorfile::VectorFile> file;
  if (options.sparse.empty() && options.texts.empty()) {
    SIMILE_ASSIGN(file, open_queries(options.queries, *field));
  }
  options.output.k = options.request.k;
  options.output.integer_keys = snapshot->schema().primary_key().type == FieldType::kInt64;
  SIMILE_ASSIGN(auto output, HitOutput::open(options.output, session.console));
  const auto start = std::chrono::steady_clock::now();
  SIMILE_TRY(file ? search_all(options, *snapshot, *file, *output, session)
                  : search_sparse(options, *snapshot, *output, session));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const std::string& written =
      options.output.path.empty() ? options.output.distances_path : options.output.path;
  if (!written.empty()) {
    session.console.result(
        Json{{"output", written}, {"seconds", elapsed.count()}},
        join_text("wrote ", written, " in ", readable_seconds(elapsed.count()), "\n"));
  }
  return 0;
}

constexpr const char* kExamples =
    "  simile search --db a.simile --queries q.npy -k 5 --fields label\n"
    "  simile search --db a.simile -c images --queries q.fvecs --where \"year >= 2020 and label == "
    "'cat'\"\n"
    "  simile search --db a.simile --queries q.hdf5 -k 100 --output ids.npy --distances "
    "distances.npy\n"
    "  simile search --db a.simile --queries q.jsonl --exact --json\n\n"
    "A smaller distance is nearer: l2 is squared, ip is the negative product, cosine is 1 - "
    "cosine.\n"
    "Output to a terminal is a table for each query; --output writes .npy, .ivecs, .jsonl, .csv.\n";

}  // namespace

void add_search_command(CLI::App& program, Invocation& invocation) {
  auto options = std::make_shared<SearchOptions>();
  CLI::App* command = add_command(program, invocation, "search",
                                  "Find the rows nearest to query vectors", kExamples);
  add_database_option(*command, options->database);
  command->add_option("-c,--collection", options->collection, "Needed where there are several")
      ->type_name("NAME");
  add_query_options(*command, options->queries);
  command->add_option("--sparse", options->sparse,
                      "A query of a sparse field as {\"7\": 0.5}; may be given again");
  command->add_option("--text", options->texts,
                      "A query of a field of words (BM25); may be given again");
  SearchRequest& request = options->request;
  command->add_option("-k", request.k, "Hits a query")
      ->check(CLI::Range(1u, kMaxK))
      ->capture_default_str();
  command->add_option("--where,--filter", request.where, "Only rows that match, as an expression")
      ->type_name("EXPR");
  command->add_option("--fields", request.fields, "Fields to show beside the key")->delimiter(',');
  command->add_option("--ef", request.effort, "Beam width of a graph: more finds more, slower");
  command->add_option("--recall", request.recall, "Share of the k nearest to find, instead of --ef")
      ->check(CLI::Range(0.0f, 1.0f))
      ->excludes("--ef");
  command->add_flag("--exact", request.exact, "Compare with every row, use no index");
  command->add_option("--vector-field", request.field, "Vector field [the only one]");
  command->add_option("--threads", request.threads, "0 is every core [0]");
  command->add_option("--limit", options->limit, "Search at most so many queries");
  command->add_option("-o,--output", options->output.path, "Write ids to .npy .ivecs .jsonl .csv")
      ->type_name("FILE");
  command
      ->add_option("--distances", options->output.distances_path, "Write distances to .npy .fvecs")
      ->type_name("FILE");
  command->callback([options, &invocation] {
    invocation.action = [options](Session& session) { return run_search(*options, session); };
  });
}

}  // namespace simile::cli
