// Files of vectors: sent in pieces, looked at, then imported by a job.

#include <algorithm>

#include "simile/base/text.h"
#include "simile/imports/import_plan.h"
#include "simile/imports/import_rows.h"
#include "simile/server/ui/page_call.h"
#include "simile/server/ui/page_rows.h"
#include "simile/server/ui/page_state.h"

namespace simile::server {

namespace {

using vectorfile::VectorFile;
using File = std::shared_ptr<const Uploads::File>;

Answer<PageReply> begin_upload(PageCall& call) {
  SIMILE_ASSIGN(const std::string name, call.needed("name"));
  SIMILE_ASSIGN(const std::uint64_t size, call.number("size", 0, ~std::uint64_t{0} >> 1));
  SIMILE_ASSIGN(const std::string token, call.state.uploads().begin(name, size));
  return Json{{"upload", token}};
}

Answer<PageReply> append_upload(PageCall& call) {
  SIMILE_ASSIGN(const std::uint64_t offset, call.number("offset", 0, ~std::uint64_t{0} >> 1));
  SIMILE_ASSIGN(const std::uint64_t received,
                call.state.uploads().append(call.text("upload"), offset, call.bytes));
  return Json{{"received", received}};
}

Answer<PageReply> drop_upload(PageCall& call) {
  call.state.uploads().remove(call.text("upload"));
  return Json::object();
}

/// What the request says about the collection to be.
Answer<imports::ImportWishes> wishes_of(const PageCall& call) {
  imports::ImportWishes wishes;
  if (const std::string metric = call.text("metric"); !metric.empty()) {
    SIMILE_ASSIGN(wishes.metric, parse_metric(metric));
  }
  if (const std::string index = call.text("index"); !index.empty()) {
    SIMILE_ASSIGN(wishes.index, parse_index_kind(index));
  }
  if (const std::string key = call.text("key_column"); !key.empty()) {
    wishes.id_column = key;
    wishes.needs_id_column = true;
  }
  return wishes;
}

/// Errors name the file as its sender knows it.
Fault renamed(const Error& error, const Uploads::File& file) {
  Fault fault(error);
  // Whatever is wrong with it, the file came with the request.
  if (fault.code == FaultCode::kUnexpected) fault.code = FaultCode::kInvalidParameter;
  for (std::size_t at = fault.message.find(file.path); at != std::string::npos;
       at = fault.message.find(file.path, at + file.name.size())) {
    fault.message.replace(at, file.path.size(), file.name);
  }
  return fault;
}

struct Source {
  File upload;
  std::unique_ptr<VectorFile> file;
};

Answer<Source> open_source(PageCall& call, const imports::ImportWishes& wishes,
                           const Schema* existing) {
  Source source;
  SIMILE_ASSIGN(source.upload, call.state.uploads().find(call.text("upload")));
  vectorfile::OpenOptions options = imports::open_options_for(wishes, existing);
  if (const std::string column = call.text("vector_column"); !column.empty()) {
    options.vector_column = column;
  }
  auto opened = VectorFile::open(source.upload->path, options);
  if (!opened) return std::unexpected(renamed(opened.error(), *source.upload));
  source.file = *std::move(opened);
  return source;
}

/// What a file holds, before anything is made of it.
Answer<PageReply> inspect(PageCall& call) {
  SIMILE_ASSIGN(const imports::ImportWishes wishes, wishes_of(call));
  SIMILE_ASSIGN(const Source source, open_source(call, wishes, nullptr));
  const vectorfile::FileInfo& info = source.file->info();
  Json columns = Json::array();
  for (const Field& column : info.columns) {
    columns.push_back({{"name", column.name}, {"type", describe(column)}});
  }
  Json answer = {{"name", source.upload->name},
                 {"format", info.format},
                 {"stored_type", info.stored_type},
                 {"element", name_of(info.type.element)},
                 {"dimension", info.type.dim},
                 {"rows", nullptr},
                 {"metric", nullptr},
                 {"columns", columns}};
  if (info.rows) answer["rows"] = *info.rows;
  if (info.metric) answer["metric"] = name_of(*info.metric);
  return answer;
}

Status write_rows(Source& source, const CollectionHandle& handle, const std::string& id_column,
                  Job& job) {
  job.set_phase("rows");
  imports::RowReader reader(*source.file, nullptr, handle.schema(), {"", id_column, 0});
  const std::size_t batch_rows = imports::default_batch_rows(source.file->info().type);
  std::uint64_t rows = 0;
  while (true) {
    if (job.cancel().cancelled()) {
      return fail(ErrorCode::kCancelled, join_text("stopped; ", rows, " rows are stored"));
    }
    const Result<Batch> batch = reader.next(batch_rows);
    Status written;
    if (!batch) {
      written = std::unexpected(batch.error());
    } else if (batch->rows > 0) {
      const auto done = handle.collection->upsert(*batch);
      if (!done) written = std::unexpected(done.error());
    }
    if (!written) {
      const Fault fault = renamed(written.error(), *source.upload);
      return fail(written.error().code,
                  rows == 0 ? fault.message
                            : join_text(fault.message, "; the first ", rows, " rows are stored"));
    }
    if (batch->rows == 0) break;
    rows += batch->rows;
    job.set_progress(rows, std::max(rows, source.file->rows_estimate()));
  }
  job.set_result({{"collection", handle.name()}, {"rows", rows}});
  return {};
}

Answer<PageReply> import(PageCall& call) {
  SIMILE_ASSIGN(const std::string name, call.needed("collection"));
  Catalog& catalog = call.service().catalog();
  SIMILE_ASSIGN(const imports::ImportWishes wishes, wishes_of(call));
  const bool exists = catalog.has_collection(call.database(), name);
  std::optional<CollectionHandle> handle;
  if (exists) {
    SIMILE_ASSIGN(handle, catalog.find(call.database(), name));
  }
  SIMILE_ASSIGN(Source opened, open_source(call, wishes, exists ? &handle->schema() : nullptr));
  const vectorfile::FileInfo& info = opened.file->info();
  if (exists) {
    const Status fits = imports::check_schema(handle->schema(), info, wishes);
    if (!fits) return std::unexpected(renamed(fits.error(), *opened.upload));
  } else {
    const auto planned = imports::plan_schema(info, wishes);
    if (!planned) return std::unexpected(renamed(planned.error(), *opened.upload));
    SIMILE_ASSIGN(handle, catalog.create_collection(call.database(), name, *planned,
                                                    searchable_meta(*planned)));
  }
  auto source = std::make_shared<Source>(std::move(opened));
  auto work = [source, handle = *handle, exists, &catalog,
               id_column = wishes.id_column](Job& job) -> Status {
    const Status written = write_rows(*source, handle, id_column, job);
    if (!written) {
      // A collection of no rows would hold the name, with a schema that the first rows belie.
      if (!exists && handle.collection->info().rows == 0) {
        static_cast<void>(catalog.drop_collection(handle.database, handle.name()));
      }
      return written;
    }
    job.set_phase("index");
    job.set_progress(0, 0);
    return handle.collection->flush(
        [&](std::uint64_t done, std::uint64_t total) { job.set_progress(done, total); },
        &job.cancel());
  };
  SIMILE_ASSIGN(const std::uint64_t number,
                call.state.jobs().start("import", source->upload->name, std::move(work)));
  call.state.uploads().remove(call.text("upload"));
  return Json{{"job", number}, {"collection", name}, {"created", !exists}};
}

}  // namespace

void add_import_routes(std::vector<PageRoute>& routes) {
  routes.push_back({"POST", "/ui/api/upload", on_database("CreateCollection"), begin_upload});
  routes.push_back({"POST", "/ui/api/upload/part", on_database("CreateCollection"), append_upload});
  routes.push_back({"POST", "/ui/api/upload/drop", on_database("CreateCollection"), drop_upload});
  routes.push_back({"POST", "/ui/api/inspect", on_database("CreateCollection"), inspect});
  routes.push_back({"POST", "/ui/api/import", on_database("CreateCollection"), import});
}

}  // namespace simile::server
