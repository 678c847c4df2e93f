// simile eval: the exact answer of all queries once, then for each beam width the same queries
// again, one by one on each thread, as an application would send them.

#include "simile/cli/eval_command.h"

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/parallel.h"
#include "simile/base/text.h"
#include "simile/cli/query_file.h"
#include "simile/cli/recall.h"
#include "simile/cli/text_format.h"
#include "simile/cli/text_table.h"
#include "simile/imports/import_rows.h"

namespace simile::cli {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct EvalOptions {
  DatabaseOption database;
  std::string collection;
  QueryFileOptions queries;
  std::string field;
  std::string where;
  std::uint32_t k = 10;
  std::vector<std::uint32_t> efforts = {16, 32, 64, 128, 256};
  std::uint32_t threads = 1;
  std::size_t limit = 1000;
};

struct Measurement {
  std::string label;
  double recall = 0;
  double queries_per_second = 0;
  std::vector<double> seconds;  // of each query
};

/// Queries in memory, and how each of them is asked.
struct Workload {
  const Snapshot& snapshot;
  MatrixView queries;
  SearchRequest request;
  std::uint32_t threads = 1;

  /// All queries one after the other on each thread; the results in the order of the queries.
  Result<Measurement> run(std::vector<SearchResult>& results) const;
};

Result<Measurement> Workload::run(std::vector<SearchResult>& results) const {
  Measurement measurement;
  measurement.seconds.resize(queries.rows);
  results.assign(queries.rows, {});
  std::vector<Status> failures(threads);
  std::atomic<bool> failed = false;
  const auto start = Clock::now();
  parallel_for(threads, queries.rows, 1, [&](std::size_t i, std::size_t, std::uint32_t worker) {
    if (failed.load(std::memory_order_relaxed)) return;
    SearchRequest one = request;
    one.queries = queries.slice(i, 1);
    one.threads = 1;
    const auto query_start = Clock::now();
    auto result = snapshot.search(one);
    measurement.seconds[i] = seconds_since(query_start);
    if (result) {
      results[i] = std::move(*result);
    } else {
      failures[worker] = std::unexpected(std::move(result).error());
      failed = true;
    }
  });
  measurement.queries_per_second = static_cast<double>(queries.rows) / seconds_since(start);
  for (const Status& failure : failures) SIMILE_TRY(failure);
  return measurement;
}

double mean_recall(const std::vector<SearchResult>& exact, const std::vector<SearchResult>& found) {
  double sum = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) sum += recall_of(exact[i], found[i]);
  return exact.empty() ? 1 : sum / static_cast<double>(exact.size());
}

Json json_of(Measurement& measurement) {
  return Json{{"search", measurement.label},
              {"recall", measurement.recall},
              {"queries_per_second", measurement.queries_per_second},
              {"p50_ms", percentile(measurement.seconds, 0.5) * 1e3},
              {"p99_ms", percentile(measurement.seconds, 0.99) * 1e3}};
}

void report(std::vector<Measurement>& measurements, const EvalOptions& options, std::size_t queries,
            const CollectionInfo& info, Session& session) {
  TextTable table;
  table.column("search");
  table.column(join_text("recall@", options.k), TextTable::Align::kRight);
  for (const char* heading : {"queries/s", "p50", "p99"}) {
    table.column(heading, TextTable::Align::kRight);
  }
  Json points = Json::array();
  for (Measurement& each : measurements) {
    Json point = json_of(each);
    char recall[16];
    std::snprintf(recall, sizeof recall, "%.4f", each.recall);
    table.row({each.label, recall, with_commas(static_cast<std::uint64_t>(each.queries_per_second)),
               readable_seconds(point["p50_ms"].get<double>() / 1e3),
               readable_seconds(point["p99_ms"].get<double>() / 1e3)});
    points.push_back(std::move(point));
  }
  session.console.result(
      Json{{"collection", info.name},
           {"rows", info.rows},
           {"indexed_rows", info.indexed_rows},
           {"queries", queries},
           {"k", options.k},
           {"threads", options.threads},
           {"points", std::move(points)}},
      join_text(with_commas(info.rows), " rows, ", with_commas(info.indexed_rows), " indexed; ",
                queries, " queries, k ", options.k, ", ", options.threads, " thread",
                options.threads == 1 ? "" : "s", "\n", table.text()));
}

Result<int> run_eval(EvalOptions options, Session& session) {
  options.threads = resolve_threads(options.threads);
  SIMILE_ASSIGN(const auto database, open_for_reading(options.database));
  SIMILE_ASSIGN(const auto collection, find_collection(*database, options.collection));
  const auto snapshot = collection->snapshot();
  SIMILE_ASSIGN(const Field* field, snapshot->schema().vector_field(options.field));
  SIMILE_ASSIGN(auto file, open_queries(options.queries, *field));
  vectorfile::Block block;
  SIMILE_TRY(file->next(options.limit, block));
  if (block.rows == 0) {
    return fail(ErrorCode::kInvalidArgument, join_text(options.queries.file, ": holds no query"));
  }
  SIMILE_TRY(imports::check_block(*file, block));

  Workload workload{*snapshot,
                    MatrixView(block.vectors.data(), block.rows, file->info().type),
                    {},
                    options.threads};
  workload.request.field = options.field;
  workload.request.where = options.where;
  workload.request.k = options.k;
  workload.request.cancel = &session.cancel;
  workload.request.exact = true;
  std::vector<Measurement> measurements;
  std::vector<SearchResult> exact;
  // The first search of all reads pages and builds tables; it would be the slowest of any run.
  SearchRequest first = workload.request;
  first.queries = workload.queries.slice(0, 1);
  SIMILE_TRY(snapshot->search(first));
  session.console.note(join_text("finding the exact neighbours of ", block.rows, " queries"));
  SIMILE_ASSIGN(Measurement truth, workload.run(exact));
  truth.label = "exact";
  truth.recall = 1;
  measurements.push_back(std::move(truth));
  workload.request.exact = false;
  const bool graph = field->index == IndexKind::kGraph;
  for (const std::uint32_t effort : graph ? options.efforts : std::vector<std::uint32_t>{0}) {
    std::vector<SearchResult> found;
    workload.request.effort = effort;
    SIMILE_ASSIGN(Measurement measurement, workload.run(found));
    measurement.label = graph ? join_text("ef ", effort) : "flat";
    measurement.recall = mean_recall(exact, found);
    measurements.push_back(std::move(measurement));
  }
  report(measurements, options, block.rows, collection->info(), session);
  return 0;
}

constexpr const char* kExamples =
    "  simile eval --db bench.simile -c sift --queries sift.hdf5 -k 10\n"
    "  simile eval --db a.simile --queries q.npy --ef 32,64,128 --threads 8 --limit 10000 "
    "--json\n\n"
    "Recall counts hits that are no farther than the true k-th (ties count). Each thread asks one\n"
    "query at a time: queries/s is of all threads together, p50 and p99 are of single queries.\n";

}  // namespace

void add_eval_command(CLI::App& program, Invocation& invocation) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command = add_command(program, invocation, "eval",
                                  "Measure recall and speed of searches on your data", kExamples);
  add_database_option(*command, options->database);
  command->add_option("-c,--collection", options->collection, "Needed where there are several")
      ->type_name("NAME");
  add_query_options(*command, options->queries);
  command->get_option("--queries")->required();
  command->add_option("-k", options->k, "Hits a query")
      ->check(CLI::Range(1u, kMaxK))
      ->capture_default_str();
  command->add_option("--ef", options->efforts, "Beam widths to measure [16,32,64,128,256]")
      ->delimiter(',')
      ->check(refuse_zero);
  command->add_option("--where,--filter", options->where, "Only rows that match")
      ->type_name("EXPR");
  command->add_option("--vector-field", options->field, "Vector field [the only one]");
  command->add_option("--threads", options->threads, "Threads that ask; 0 is every core [1]");
  command->add_option("--limit", options->limit, "Use at most so many queries [1000]")
      ->check(CLI::Range(1, 1'000'000));
  command->callback([options, &invocation] {
    invocation.action = [options](Session& session) { return run_eval(*options, session); };
  });
}

}  // namespace simile::cli
