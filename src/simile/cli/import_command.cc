// simile import:
// 1. Open the file before anything is created, so that a bad file changes nothing.
// 2. Find the collection, or plan its schema and create it.
// 3. Write batch after batch. Each is durable when it is counted, so that what an interruption or
//    an error leaves behind is a whole number of rows, which the last line names.
// 4. Seal what was written into a segment with its index.

#include "simile/cli/import_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/text_format.h"
#include "simile/imports/import_plan.h"
#include "simile/imports/import_rows.h"

namespace simile::cli {

namespace {

using imports::ImportWishes;
using vectorfile::VectorFile;

struct ImportOptions {
  std::string file;
  DatabaseOption database;
  std::string collection;
  std::string metric;
  std::string type;
  std::string index;
  std::string ids;
  std::string dataset;
  std::string vector_column = "vector";
  std::string vector_field;
  std::vector<std::string> fields;
  std::vector<std::string> skip_fields;
  std::size_t batch_rows = 0;
  std::uint64_t skip = 0;
  std::uint64_t limit = ~std::uint64_t{0};
  std::int64_t first_id = 0;
  std::uint32_t threads = 0;
  bool upsert = false;
  bool no_index = false;
};

bool is_file(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

Result<ImportWishes> wishes_of(const ImportOptions& options) {
  ImportWishes wishes;
  if (!options.metric.empty()) {
    SIMILE_ASSIGN(wishes.metric, parse_metric(options.metric));
  }
  if (!options.type.empty()) {
    SIMILE_ASSIGN(wishes.element, parse_element_type(options.type));
  }
  if (!options.index.empty()) {
    SIMILE_ASSIGN(wishes.index, parse_index_kind(options.index));
  }
  SIMILE_ASSIGN(wishes.fields, imports::parse_declared_fields(options.fields));
  wishes.vector_field = options.vector_field;
  if (!options.ids.empty() && !is_file(options.ids)) {
    wishes.id_column = options.ids;
    wishes.needs_id_column = true;
  }
  return wishes;
}

Result<std::unique_ptr<Database>> open_for_import(const ImportOptions& options) {
  OpenOptions open;
  open.threads = options.threads;
  open.key = options.database.key;
  open.background = !options.no_index;  // else closing it finishes the indexes
  return Database::open(options.database.path, open);
}

/// The database, where there is one already.
Result<std::unique_ptr<Database>> open_if_there(const ImportOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::exists(options.database.path, ignored)) return nullptr;
  return open_for_import(options);
}

Result<std::shared_ptr<Collection>> collection_if_there(const Database* database,
                                                        const std::string& name) {
  if (database == nullptr) return nullptr;
  const std::vector<std::string> names = database->collections();
  if (std::ranges::count(names, name) == 0) return nullptr;
  return database->collection(name);
}

Result<std::unique_ptr<vectorfile::IdFile>> open_ids(const ImportOptions& options,
                                                     const Schema* schema) {
  if (!is_file(options.ids)) return nullptr;
  std::optional<FieldType> type;
  if (schema != nullptr) type = schema->primary_key().type;
  return vectorfile::IdFile::open(options.ids, type);
}

/// Where the rows come from and where they go.
struct Import {
  std::unique_ptr<Database> database;
  std::shared_ptr<Collection> collection;
  std::unique_ptr<VectorFile> file;
  std::unique_ptr<vectorfile::IdFile> ids;
  bool created = false;
};

/// Steps 1 and 2.
Result<Import> prepare(const ImportOptions& options) {
  SIMILE_ASSIGN(ImportWishes wishes, wishes_of(options));
  Import import;
  SIMILE_ASSIGN(import.database, open_if_there(options));
  SIMILE_ASSIGN(import.collection, collection_if_there(import.database.get(), options.collection));
  const Schema* schema = import.collection ? &import.collection->schema() : nullptr;
  vectorfile::OpenOptions open = imports::open_options_for(wishes, schema);
  open.dataset = options.dataset;
  open.vector_column = options.vector_column;
  open.skip_columns = options.skip_fields;
  SIMILE_ASSIGN(import.file, VectorFile::open(options.file, open));
  SIMILE_ASSIGN(import.ids, open_ids(options, schema));
  if (schema != nullptr) {
    SIMILE_TRY(imports::check_schema(*schema, import.file->info(), wishes));
    return import;
  }
  if (import.ids) wishes.ids = import.ids->type();
  SIMILE_ASSIGN(const Schema planned, imports::plan_schema(import.file->info(), wishes));
  if (!import.database) {
    SIMILE_ASSIGN(import.database, open_for_import(options));
  }
  SIMILE_ASSIGN(import.collection, import.database->create_collection(options.collection, planned));
  import.created = true;
  return import;
}

/// The engine counts rows from the start of a batch, and does not know of files.
std::unexpected<Error> refused(const Error& error, const ImportOptions& options,
                               std::uint64_t first_row, std::size_t rows) {
  if (error.code != ErrorCode::kInvalidArgument) return std::unexpected(error);
  return fail(error.code, join_text(options.file, ", batch of ", counted(rows, "row"), " from row ",
                                    first_row, " on: ", error.message));
}

/// Step 3. `rows` counts what is stored, also where an error stops it.
Status write_rows(Import& import, const ImportOptions& options, Session& session,
                  std::uint64_t& rows) {
  const bool named = !options.ids.empty() && !is_file(options.ids);
  imports::RowReader reader(*import.file, import.ids.get(), import.collection->schema(),
                            {options.vector_field, named ? options.ids : "id", options.first_id});
  const std::size_t batch_rows = options.batch_rows > 0
                                     ? options.batch_rows
                                     : imports::default_batch_rows(import.file->info().type);
  SIMILE_TRY(reader.skip(options.skip, batch_rows));
  const Progress progress = session.console.progress("importing", "rows");
  while (rows < options.limit) {
    if (session.cancel.cancelled()) return fail(ErrorCode::kCancelled, "stopped");
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(batch_rows, options.limit - rows));
    SIMILE_ASSIGN(const Batch batch, reader.next(wanted));
    if (batch.rows == 0) break;
    auto written =
        options.upsert ? import.collection->upsert(batch) : import.collection->insert(batch);
    if (!written) return refused(written.error(), options, options.skip + rows, batch.rows);
    rows += batch.rows;
    const std::uint64_t total = import.file->rows_estimate();
    if (progress) progress(rows, std::min(options.limit, total - std::min(total, options.skip)));
  }
  return {};
}

/// The error of an import that stopped in the middle says how to go on.
std::unexpected<Error> stopped(const Error& error, const ImportOptions& options,
                               std::uint64_t rows) {
  if (rows == 0) return std::unexpected(error);
  return fail(error.code,
              join_text(error.message, "; the first ", options.skip + rows,
                        " rows are stored, go on after them with --skip ", options.skip + rows));
}

Result<int> run_import(const ImportOptions& options, Session& session) {
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  SIMILE_ASSIGN(Import import, prepare(options));
  std::uint64_t rows = 0;
  const Status written = write_rows(import, options, session, rows);
  session.console.end_progress();
  if (!written) {
    // A collection of no rows would hold the name, with a schema that the first rows belie.
    if (import.created && rows == 0) {
      SIMILE_TRY(import.database->drop_collection(options.collection));
    }
    return stopped(written.error(), options, rows);
  }
  const double write_seconds = elapsed();
  if (!options.no_index) {
    const Progress progress = session.console.progress("building the index", "rows");
    const Status flushed = import.collection->flush(progress, &session.cancel);
    session.console.end_progress();
    if (!flushed) {
      return fail(flushed.error().code,
                  join_text(flushed.error().message, "; all ", rows,
                            " rows are stored, build the index with simile compact"));
    }
  }
  const CollectionInfo info = import.collection->info();
  SIMILE_TRY(import.database->close(&session.cancel));
  const double rate = write_seconds > 0 ? static_cast<double>(rows) / write_seconds : 0;
  session.console.result(
      Json{{"file", options.file},
           {"collection", options.collection},
           {"created", import.created},
           {"imported", rows},
           {"rows", info.rows},
           {"write_seconds", write_seconds},
           {"seconds", elapsed()}},
      join_text("imported ", counted(rows, "row"), " in ", readable_seconds(elapsed()), " (",
                with_commas(static_cast<std::uint64_t>(rate)), " rows/s written); '",
                options.collection, "' has ", with_commas(info.rows), "\n"));
  return 0;
}

constexpr const char* kExamples =
    "  simile import sift.hdf5 --db bench.simile --collection sift\n"
    "  simile import features.npy --db a.simile --collection images --metric cosine --ids "
    "names.txt\n"
    "  simile import rows.csv --db a.simile --collection rows --metric l2 --ids sku --field "
    "year=int32\n"
    "  simile import rows.jsonl --db a.simile --collection rows --metric cosine --vector "
    "embedding --upsert\n"
    "  simile import codes.npy --db a.simile --collection codes --metric hamming --type bit\n\n"
    "Files: .npy .npz .fvecs .bvecs .ivecs .hdf5 .csv .tsv .jsonl, read in a stream.\n"
    "float64, uint8 and int32 are stored as float32 unless --type says otherwise.\n"
    "Rows without keys of their own get their number in the file as key.\n";

void add_source_options(CLI::App& command, ImportOptions& options) {
  command.add_option("file", options.file, "The file of vectors")->required()->type_name("FILE");
  add_database_option(command, options.database);
  command.add_option("-c,--collection", options.collection, "The collection; made where absent")
      ->required()
      ->type_name("NAME");
  command
      .add_option("--ids", options.ids,
                  "Keys: a file (.npy, or text with one a line), or a column of the file")
      ->type_name("FILE|COLUMN");
  command.add_option("--dataset", options.dataset, "Array of an .npz or .hdf5 file [train]");
  command.add_option("--vector", options.vector_column,
                     "Column, or prefix of the columns, of the vector in .csv and .jsonl [vector]");
  command
      .add_option("--field", options.fields,
                  "Type of a column of .csv or .jsonl, NAME=TYPE; else found out from the rows")
      ->type_name("NAME=TYPE");
  command.add_option("--skip-field", options.skip_fields, "Leave a column out")->type_name("NAME");
}

void add_target_options(CLI::App& command, ImportOptions& options) {
  command.add_option("-m,--metric", options.metric,
                     "l2, ip, cosine, hamming or jaccard; needed for a new collection");
  command.add_option("--type", options.type, "Store as float32, float16, bfloat16, int8 or bit");
  command.add_option("--index", options.index, "graph (fast) or flat (exact) [graph]");
  command.add_option("--vector-field", options.vector_field,
                     "Vector field of the collection [vector]");
  command.add_flag("--upsert", options.upsert, "Replace rows whose key is there already");
  command.add_option("--batch", options.batch_rows, "Rows a batch; each batch is atomic")
      ->check(CLI::Range(1, 1'000'000));
  command.add_option("--skip", options.skip,
                     "Leave out the first rows, to go on where one stopped");
  command.add_option("--limit", options.limit, "Import at most so many rows")->check(refuse_zero);
  command.add_option("--first-id", options.first_id, "Key of row 0 where rows have none [0]");
  command.add_option("--threads", options.threads, "For building the index; 0 is every core [0]");
  command.add_flag("--no-index", options.no_index, "Build no index; simile compact does later");
}

}  // namespace

void add_import_command(CLI::App& program, Invocation& invocation) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = add_command(program, invocation, "import",
                                  "Read a file of vectors into a collection", kExamples);
  add_source_options(*command, *options);
  add_target_options(*command, *options);
  command->callback([options, &invocation] {
    invocation.action = [options](Session& session) { return run_import(*options, session); };
  });
}

}  // namespace simile::cli
