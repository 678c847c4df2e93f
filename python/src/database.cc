/// The engine behind simile.Database, simile.Collection and simile.Snapshot: what the Python
/// classes of those names call, with columns in the layout of columns.h.

#include "simile/database.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>

#include "bindings.h"
#include "columns.h"
#include "database.h"
#include "interruptible.h"
#include "numpy_array.h"

namespace simile::python {
namespace {

using namespace nb::literals;

struct NativeCollection {
  std::shared_ptr<Database> owner;  ///< outlives the collection
  std::shared_ptr<Collection> collection;
};

struct NativeSnapshot {
  std::shared_ptr<Database> owner;
  std::shared_ptr<const Snapshot> snapshot;
};

/// `work()` without the GIL, its value or the exception with it.
template <class Work>
auto without_gil(Work&& work) {
  auto result = [&] {
    const nb::gil_scoped_release no_gil;
    return work();
  }();
  return value_of(std::move(result));
}

NativeDatabase open(const std::string& path, bool create, bool read_only, bool background,
                    std::uint32_t threads) {
  OpenOptions options;
  options.create = create;
  options.read_only = read_only;
  options.background = background;
  options.threads = threads;
  return {without_gil([&] { return Database::open(path, options); })};
}

NativeCollection create_collection(const NativeDatabase& self, const std::string& name,
                                   const nb::list& specs) {
  std::vector<Field> fields;
  for (const nb::handle entry : specs) {
    const auto spec = nb::cast<nb::tuple>(entry);
    fields.push_back(value_of(
        parse_field(nb::cast<std::string_view>(spec[0]), nb::cast<std::string_view>(spec[1]))));
  }
  const Schema schema = value_of(Schema::make(std::move(fields)));
  return {self.database,
          without_gil([&] { return self.database->create_collection(name, schema); })};
}

nb::dict describe_collection(const CollectionInfo& info) {
  nb::dict values;
  values["name"] = info.name;
  values["rows"] = info.rows;
  values["deleted_rows"] = info.deleted_rows;
  values["sealed_segments"] = info.sealed_segments;
  values["growing_rows"] = info.growing_rows;
  values["indexed_rows"] = info.indexed_rows;
  values["disk_bytes"] = info.disk_bytes;
  values["memory_bytes"] = info.memory_bytes;
  return values;
}

nb::dict describe_database(const NativeDatabase& self) {
  const DatabaseInfo info = self.database->info();
  nb::list collections;
  for (const CollectionInfo& collection : info.collections) {
    collections.append(describe_collection(collection));
  }
  nb::dict values;
  values["path"] = info.path;
  values["sequence"] = info.sequence;
  values["wal_bytes"] = info.wal_bytes;
  values["disk_bytes"] = info.disk_bytes;
  values["open_seconds"] = info.open_seconds;
  values["collections"] = collections;
  return values;
}

nb::tuple written(WriteResult&& result) {
  nb::object ids = nb::none();
  if (!result.ids.empty()) ids = array_of(std::move(result.ids));
  return nb::make_tuple(result.sequence, result.rows, ids);
}

/// `operations`: tuples ("insert" | "upsert", collection, rows, columns) or
/// ("delete", collection, keys).
nb::tuple write(const NativeDatabase& self, const nb::list& operations) {
  std::deque<BorrowedBatch> batches;
  std::deque<BorrowedKeys> keys;
  std::vector<WriteOperation> parsed;
  for (const nb::handle entry : operations) {
    const auto given = nb::cast<nb::tuple>(entry);
    const auto kind = nb::cast<std::string_view>(given[0]);
    WriteOperation operation;
    operation.collection = nb::cast<std::string>(given[1]);
    const auto collection = value_of(self.database->collection(operation.collection));
    if (kind == "delete") {
      operation.kind = WriteOperation::Kind::kErase;
      operation.keys = keys.emplace_back(collection->schema(), given[2]).view();
    } else {
      operation.kind =
          kind == "insert" ? WriteOperation::Kind::kInsert : WriteOperation::Kind::kUpsert;
      const auto rows = nb::cast<std::size_t>(given[2]);
      operation.rows = batches.emplace_back(collection->schema(), rows, given[3]).batch();
    }
    parsed.push_back(std::move(operation));
  }
  return written(without_gil([&] { return self.database->write(parsed); }));
}

nb::tuple upsert(const NativeCollection& self, std::size_t rows, nb::handle columns) {
  const BorrowedBatch batch(self.collection->schema(), rows, columns);
  return written(without_gil([&] { return self.collection->upsert(batch.batch()); }));
}

nb::tuple insert(const NativeCollection& self, std::size_t rows, nb::handle columns) {
  const BorrowedBatch batch(self.collection->schema(), rows, columns);
  return written(without_gil([&] { return self.collection->insert(batch.batch()); }));
}

nb::tuple erase(const NativeCollection& self, nb::handle keys) {
  const BorrowedKeys borrowed(self.collection->schema(), keys);
  return written(without_gil([&] { return self.collection->erase(borrowed.view()); }));
}

nb::tuple erase_where(const NativeCollection& self, const std::string& where) {
  return written(without_gil([&] { return self.collection->erase_where(where); }));
}

using LongOperation = Status (Collection::*)(const Progress&, const CancelToken*);

void run_long(const NativeCollection& self, LongOperation operation, nb::handle progress) {
  Status status;
  run_interruptibly(progress, [&](const LongCall& call) {
    status = (self.collection.get()->*operation)(call.progress, &call.cancel);
  });
  value_of(std::move(status));
}

/// Queries, returned as (offsets, distances, columns, whether one vector was given).
nb::tuple search(const NativeSnapshot& self, nb::handle q, SearchRequest& request) {
  const Field* field = value_of(self.snapshot->schema().vector_field(request.field));
  const RowsArgument queries = queries_argument(q, field->vector, "q");
  request.queries = queries.view;
  Result<SearchResult> result = fail(ErrorCode::kUnknown, "");
  const auto work = [&] { result = self.snapshot->search(request); };
  if (queries.view.rows <= 64) {  // soon over, and a thread would cost more than the search
    const nb::gil_scoped_release no_gil;
    work();
  } else {
    run_interruptibly(nb::none(), [&](const LongCall& call) {
      request.cancel = &call.cancel;
      work();
    });
  }
  SearchResult found = value_of(std::move(result));
  return nb::make_tuple(array_of(std::move(found.offsets)), array_of(std::move(found.distances)),
                        columns_of(std::move(found.rows)), queries.single);
}

nb::tuple rows_of(Table&& table) {
  const std::size_t rows = table.rows;
  return nb::make_tuple(rows, columns_of(std::move(table)));
}

nb::tuple get(const NativeSnapshot& self, nb::handle keys, const std::vector<std::string>& fields) {
  const BorrowedKeys borrowed(self.snapshot->schema(), keys);
  return rows_of(without_gil([&] { return self.snapshot->get(borrowed.view(), fields); }));
}

nb::tuple query(const NativeSnapshot& self, const std::string& where,
                const std::vector<std::string>& fields, std::uint64_t limit, std::uint64_t offset) {
  return rows_of(without_gil([&] { return self.snapshot->query(where, fields, limit, offset); }));
}

nb::dict verify(const std::string& path, nb::handle progress) {
  Result<VerifyReport> report = fail(ErrorCode::kUnknown, "");
  run_interruptibly(progress, [&](const LongCall& call) {
    report = verify_database(path, call.progress, &call.cancel);
  });
  const VerifyReport found = value_of(std::move(report));
  nb::list damages;
  for (const Damage& damage : found.damages) {
    damages.append(nb::make_tuple(damage.file, damage.what, damage.repairable));
  }
  nb::dict values;
  values["files"] = found.files;
  values["bytes"] = found.bytes;
  values["rows"] = found.rows;
  values["damages"] = damages;
  return values;
}

void bind_collection(nb::module_& module) {
  nb::class_<NativeCollection>(module, "NativeCollection")
      .def_prop_ro("name", [](const NativeCollection& self) { return self.collection->name(); })
      .def("fields",
           [](const NativeCollection& self) { return fields_of(self.collection->schema()); })
      .def("insert", &insert)
      .def("upsert", &upsert)
      .def("delete", &erase)
      .def("delete_where", &erase_where)
      .def("snapshot",
           [](const NativeCollection& self) {
             return NativeSnapshot{self.owner, self.collection->snapshot()};
           })
      .def(
          "flush",
          [](const NativeCollection& self, nb::handle progress) {
            run_long(self, &Collection::flush, progress);
          },
          "progress"_a.none())
      .def(
          "compact",
          [](const NativeCollection& self, nb::handle progress) {
            run_long(self, &Collection::compact, progress);
          },
          "progress"_a.none())
      .def("info", [](const NativeCollection& self) {
        return describe_collection(self.collection->info());
      });
}

void bind_snapshot(nb::module_& module) {
  nb::class_<SearchRequest>(module, "NativeRequest")
      .def(nb::init<>())
      .def_rw("field", &SearchRequest::field)
      .def_rw("k", &SearchRequest::k)
      .def_rw("where", &SearchRequest::where)
      .def_rw("fields", &SearchRequest::fields)
      .def_rw("effort", &SearchRequest::effort)
      .def_rw("exact", &SearchRequest::exact)
      .def_rw("threads", &SearchRequest::threads)
      .def_rw("model_sha256", &SearchRequest::model_sha256);
  nb::class_<NativeSnapshot>(module, "NativeSnapshot")
      .def("fields", [](const NativeSnapshot& self) { return fields_of(self.snapshot->schema()); })
      .def_prop_ro("sequence", [](const NativeSnapshot& self) { return self.snapshot->sequence(); })
      .def("search", &search)
      .def("get", &get)
      .def("query", &query)
      .def("count", [](const NativeSnapshot& self, const std::string& where) {
        return without_gil([&] { return self.snapshot->count(where); });
      });
}

}  // namespace

void bind_database(nb::module_& module) {
  bind_collection(module);
  bind_snapshot(module);
  nb::class_<NativeDatabase>(module, "NativeDatabase")
      .def("create_collection", &create_collection)
      .def("collection",
           [](const NativeDatabase& self, const std::string& name) {
             return NativeCollection{self.database, value_of(self.database->collection(name))};
           })
      .def("drop_collection",
           [](const NativeDatabase& self, const std::string& name) {
             without_gil([&] { return self.database->drop_collection(name); });
           })
      .def("collections", [](const NativeDatabase& self) { return self.database->collections(); })
      .def("write", &write)
      .def(
          "refresh",
          [](const NativeDatabase& self) { without_gil([&] { return self.database->refresh(); }); })
      .def("info", &describe_database)
      .def("close", [](const NativeDatabase& self) {
        Status status;
        run_interruptibly(
            nb::none(), [&](const LongCall& call) { status = self.database->close(&call.cancel); });
        value_of(std::move(status));
      });
  module.def("open", &open);
  module.def("verify", &verify, "path"_a, "progress"_a.none());
}

}  // namespace simile::python
