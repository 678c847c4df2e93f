/// The engine behind simile.Database, simile.Collection and simile.Snapshot: what the Python
/// classes of those names call, with columns in the layout of columns.h.

#include "simile/database.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>

#include "bindings.h"
#include "columns.h"
#include "database.h"
#include "interruptible.h"
#include "numpy_array.h"
#include "scalar_indexes.h"

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

/// (digits, file, command), as simile.encryption.parts_of makes it.
KeySource key_of(const nb::tuple& parts) {
  return {nb::cast<std::string>(parts[0]), nb::cast<std::string>(parts[1]),
          nb::cast<std::string>(parts[2])};
}

NativeDatabase open(const std::string& path, bool create, bool read_only, bool background,
                    std::uint32_t threads, const nb::tuple& key) {
  OpenOptions options;
  options.key = key_of(key);
  options.create = create;
  options.read_only = read_only;
  options.background = background;
  options.threads = threads;
  return {without_gil([&] { return Database::open(path, options); })};
}

/// A bool, a number or a text; JSON and whatever else fits comes as text.
DefaultValue default_of(nb::handle value) {
  if (value.is_none()) return {};
  if (nb::isinstance<nb::bool_>(value)) return nb::cast<bool>(value);
  if (nb::isinstance<nb::int_>(value)) return nb::cast<std::int64_t>(value);
  if (nb::isinstance<nb::float_>(value)) return nb::cast<double>(value);
  return nb::cast<std::string>(value);
}

/// (name, specification, default or None).
Field field_of(nb::handle entry) {
  const auto spec = nb::cast<nb::tuple>(entry);
  const auto name = nb::cast<std::string_view>(spec[0]);
  Field field = value_of(parse_field(name, nb::cast<std::string_view>(spec[1])));
  field.default_value = default_of(spec[2]);
  field.dynamic = name == kDynamicField;
  const bool is_float = field.type == FieldType::kFloat || field.type == FieldType::kDouble;
  if (const auto* integer = std::get_if<std::int64_t>(&field.default_value); integer && is_float) {
    field.default_value = static_cast<double>(*integer);
  }
  return field;
}

NativeCollection create_collection(const NativeDatabase& self, const std::string& name,
                                   const nb::list& specs, const Properties& properties) {
  std::vector<Field> fields;
  for (const nb::handle entry : specs) fields.push_back(field_of(entry));
  const Schema schema = value_of(Schema::make(std::move(fields)));
  return {self.database,
          without_gil([&] { return self.database->create_collection(name, schema, properties); })};
}

FilterValue filter_value_of(nb::handle value) {
  if (nb::isinstance<nb::bool_>(value)) return {nb::cast<bool>(value)};
  if (nb::isinstance<nb::int_>(value)) return {nb::cast<std::int64_t>(value)};
  if (nb::isinstance<nb::float_>(value)) return {nb::cast<double>(value)};
  if (nb::isinstance<nb::str>(value)) return {nb::cast<std::string>(value)};
  std::vector<FilterValue> list;
  for (const nb::handle each : value) list.push_back(filter_value_of(each));
  return {std::move(list)};
}

FilterValues filter_values_of(const nb::dict& values) {
  FilterValues found;
  for (const auto& [name, value] : values) {
    found[nb::cast<std::string>(name)] = filter_value_of(value);
  }
  return found;
}

RowFilter filter_of(const std::string& where, const nb::dict& values,
                    const std::vector<std::string>& partitions) {
  return {where, filter_values_of(values), partitions};
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

using WriteRows = Result<WriteResult> (Collection::*)(const Batch&);

nb::tuple write_rows(const NativeCollection& self, WriteRows operation, std::size_t rows,
                     nb::handle columns, const std::string& partition) {
  const BorrowedBatch borrowed(self.collection->schema(), rows, columns);
  Batch batch = borrowed.batch();
  batch.partition = partition;
  return written(without_gil([&] { return (self.collection.get()->*operation)(batch); }));
}

nb::tuple erase(const NativeCollection& self, nb::handle keys) {
  const BorrowedKeys borrowed(self.collection->schema(), keys);
  return written(without_gil([&] { return self.collection->erase(borrowed.view()); }));
}

nb::tuple erase_where(const NativeCollection& self, const std::string& where,
                      const nb::dict& values, const std::vector<std::string>& partitions) {
  const RowFilter filter = filter_of(where, values, partitions);
  return written(without_gil([&] { return self.collection->erase_where(filter); }));
}

/// Afterwards the schema is another one.
void add_field(NativeCollection& self, const nb::tuple& spec) {
  const Field field = field_of(spec);
  without_gil([&] { return self.collection->add_field(field); });
  self.collection = value_of(self.owner->collection(self.collection->name()));
}

void change_index(NativeCollection& self, const std::string& field, const std::string& metric,
                  const std::string& index) {
  const Metric to = value_of(parse_metric(metric));
  const IndexKind kind = value_of(parse_index_kind(index));
  without_gil([&] { return self.collection->change_vector_index(field, to, kind); });
  self.collection = value_of(self.owner->collection(self.collection->name()));
}

void change_scalar_index(NativeCollection& self, const std::string& field,
                         const std::string& kind) {
  const ScalarIndex index = value_of(parse_scalar_index(kind));
  without_gil([&] { return self.collection->change_scalar_index(field, index); });
  self.collection = value_of(self.owner->collection(self.collection->name()));
}

using LongOperation = Status (Collection::*)(const Progress&, const CancelToken*);

void run_long(const NativeCollection& self, LongOperation operation, nb::handle progress) {
  Status status;
  run_interruptibly(progress, [&](const LongCall& call) {
    status = (self.collection.get()->*operation)(call.progress, &call.cancel);
  });
  value_of(std::move(status));
}

/// What a request is to find, borrowed of a Python object.
class Queries {
 public:
  Queries(const NativeSnapshot& snapshot, nb::handle q, SearchRequest& request) {
    const Field* field = value_of(snapshot.snapshot->schema().vector_field(request.field));
    if (field->type == FieldType::kVector) {
      rows_ = queries_argument(q, field->vector, "q");
      request.queries = rows_.view;
      single_ = rows_.single;
      count_ = rows_.view.rows;
      return;
    }
    texts_.emplace(q, *field);
    (field->metric == Metric::kBm25 ? request.texts : request.sparse) = texts_->views;
    single_ = texts_->single;
    count_ = texts_->views.size();
  }
  bool single() const { return single_; }
  std::size_t count() const { return count_; }

 private:
  RowsArgument rows_;
  std::optional<BorrowedQueries> texts_;
  bool single_ = false;
  std::size_t count_ = 0;
};

/// Queries, returned as (offsets, distances, columns, whether one vector was given).
nb::tuple search(const NativeSnapshot& self, nb::handle q, SearchRequest& request) {
  const Queries queries(self, q, request);
  Result<SearchResult> result = fail(ErrorCode::kUnknown, "");
  const auto work = [&] { result = self.snapshot->search(request); };
  if (queries.count() <= 64) {  // soon over, and a thread would cost more than the search
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
                        columns_of(std::move(found.rows)), queries.single());
}

/// Holds the query that the engine has copied, and gives hits as (distances, columns).
struct NativeIterator {
  std::shared_ptr<Database> owner;
  std::unique_ptr<SearchIterator> iterator;
};

NativeIterator iterate(const NativeSnapshot& self, nb::handle q, SearchRequest& request) {
  const Queries queries(self, q, request);
  return {self.owner, without_gil([&] { return self.snapshot->iterate(request); })};
}

nb::tuple next_hits(const NativeIterator& self, std::uint32_t count) {
  SearchResult found = without_gil([&] { return self.iterator->next(count); });
  return nb::make_tuple(array_of(std::move(found.distances)), columns_of(std::move(found.rows)));
}

nb::tuple rows_of(Table&& table) {
  const std::size_t rows = table.rows;
  return nb::make_tuple(rows, columns_of(std::move(table)));
}

nb::tuple get(const NativeSnapshot& self, nb::handle keys, const std::vector<std::string>& fields) {
  const BorrowedKeys borrowed(self.snapshot->schema(), keys);
  return rows_of(without_gil([&] { return self.snapshot->get(borrowed.view(), fields); }));
}

nb::tuple query(const NativeSnapshot& self, const std::string& where, const nb::dict& values,
                const std::vector<std::string>& partitions, const std::vector<std::string>& fields,
                std::uint64_t limit, std::uint64_t offset, bool by_key) {
  const QueryRequest request{filter_of(where, values, partitions), fields, limit, offset, by_key};
  return rows_of(without_gil([&] { return self.snapshot->query(request); }));
}

std::uint64_t count(const NativeSnapshot& self, const std::string& where, const nb::dict& values,
                    const std::vector<std::string>& partitions) {
  const RowFilter filter = filter_of(where, values, partitions);
  return without_gil([&] { return self.snapshot->count(filter); });
}

nb::dict explain(const NativeSnapshot& self, const std::string& where, const nb::dict& values,
                 const std::vector<std::string>& partitions) {
  const RowFilter filter = filter_of(where, values, partitions);
  return plan_of(without_gil([&] { return self.snapshot->explain(filter); }));
}

void copy(const std::string& from, const nb::tuple& from_key, const std::string& to,
          const nb::tuple& to_key, nb::handle progress) {
  Status copied;
  const KeySource source = key_of(from_key);
  const KeySource target = key_of(to_key);
  run_interruptibly(progress, [&](const LongCall& call) {
    copied = copy_database(from, source, to, target, call.progress, &call.cancel);
  });
  value_of(std::move(copied));
}

nb::dict verify(const std::string& path, nb::handle progress, const nb::tuple& key) {
  const KeySource source = key_of(key);
  Result<VerifyReport> report = fail(ErrorCode::kUnknown, "");
  run_interruptibly(progress, [&](const LongCall& call) {
    report = verify_database(path, call.progress, &call.cancel, source);
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

void bind_shape(nb::class_<NativeCollection>& collection) {
  collection.def("add_field", &add_field)
      .def("change_index", &change_index)
      .def("change_scalar_index", &change_scalar_index)
      .def("scalar_indexes",
           [](const NativeCollection& self) {
             return scalar_indexes_of(self.collection->scalar_indexes());
           })
      .def("properties", [](const NativeCollection& self) { return self.collection->properties(); })
      .def("change_properties",
           [](const NativeCollection& self, const PropertyChanges& changes) {
             without_gil([&] { return self.collection->change_properties(changes); });
           })
      .def("partitions", [](const NativeCollection& self) { return self.collection->partitions(); })
      .def("create_partition",
           [](const NativeCollection& self, const std::string& name) {
             without_gil([&] { return self.collection->create_partition(name); });
           })
      .def("drop_partition",
           [](const NativeCollection& self, const std::string& name) {
             without_gil([&] { return self.collection->drop_partition(name); });
           })
      .def("truncate", [](const NativeCollection& self) {
        without_gil([&] { return self.collection->truncate(); });
      });
}

NativeSnapshot snapshot_of(const NativeCollection& self) {
  return {self.owner, self.collection->snapshot()};
}

void bind_collection(nb::module_& module) {
  nb::class_<NativeCollection> collection(module, "NativeCollection");
  bind_shape(collection);
  collection
      .def_prop_ro("name", [](const NativeCollection& self) { return self.collection->name(); })
      .def("fields",
           [](const NativeCollection& self) { return fields_of(self.collection->schema()); })
      .def("insert",
           [](const NativeCollection& self, std::size_t rows, nb::handle columns,
              const std::string& partition) {
             return write_rows(self, &Collection::insert, rows, columns, partition);
           })
      .def("upsert",
           [](const NativeCollection& self, std::size_t rows, nb::handle columns,
              const std::string& partition) {
             return write_rows(self, &Collection::upsert, rows, columns, partition);
           })
      .def("update",
           [](const NativeCollection& self, std::size_t rows, nb::handle columns) {
             return write_rows(self, &Collection::update, rows, columns, "");
           })
      .def("delete", &erase)
      .def("delete_where", &erase_where)
      .def("snapshot", &snapshot_of)
      .def("reader", &snapshot_of)  // what a single call reads; of a connection it is another thing
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
      .def_rw("recall", &SearchRequest::recall)
      .def_rw("exact", &SearchRequest::exact)
      .def_rw("threads", &SearchRequest::threads)
      .def_rw("partitions", &SearchRequest::partitions)
      .def_rw("distance_min", &SearchRequest::distance_min)
      .def_rw("distance_max", &SearchRequest::distance_max)
      .def_rw("offset", &SearchRequest::offset)
      .def_rw("group_by", &SearchRequest::group_by)
      .def_rw("group_size", &SearchRequest::group_size)
      .def_rw("strict_groups", &SearchRequest::strict_groups)
      .def("set_values", [](SearchRequest& self,
                            const nb::dict& values) { self.values = filter_values_of(values); })
      .def_rw("model_sha256", &SearchRequest::model_sha256);
  nb::class_<NativeSnapshot>(module, "NativeSnapshot")
      .def("fields", [](const NativeSnapshot& self) { return fields_of(self.snapshot->schema()); })
      .def_prop_ro("sequence", [](const NativeSnapshot& self) { return self.snapshot->sequence(); })
      .def_static("request", [] { return SearchRequest(); })
      .def("search", &search)
      .def("get", &get)
      .def("iterate", &iterate)
      .def("query", &query)
      .def("count", &count)
      .def("explain", &explain);
  nb::class_<NativeIterator>(module, "NativeIterator").def("next", &next_hits);
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
      .def("rename_collection",
           [](const NativeDatabase& self, const std::string& from, const std::string& to) {
             without_gil([&] { return self.database->rename_collection(from, to); });
           })
      .def("properties", [](const NativeDatabase& self) { return self.database->properties(); })
      .def("change_properties",
           [](const NativeDatabase& self, const PropertyChanges& changes) {
             without_gil([&] { return self.database->change_properties(changes); });
           })
      .def("collections", [](const NativeDatabase& self) { return self.database->collections(); })
      .def("write", &write)
      .def(
          "refresh",
          [](const NativeDatabase& self) { without_gil([&] { return self.database->refresh(); }); })
      .def("change_key",
           [](const NativeDatabase& self, const nb::tuple& key) {
             without_gil([&, source = key_of(key)] { return self.database->change_key(source); });
           })
      .def("info", &describe_database)
      .def("close", [](const NativeDatabase& self) {
        Status status;
        run_interruptibly(
            nb::none(), [&](const LongCall& call) { status = self.database->close(&call.cancel); });
        value_of(std::move(status));
      });
  module.def("open", &open);
  module.def("parse_scalar_index", [](const std::string& name) {
    return std::string(name_of(value_of(parse_scalar_index(name))));
  });
  module.def("parse_field", [](const std::string& name, const std::string& spec) {
    return described(value_of(parse_field(name, spec)));
  });
  module.def("verify", &verify, "path"_a, "progress"_a.none(), "key"_a);
  module.def("copy_database", &copy, "from"_a, "from_key"_a, "to"_a, "to_key"_a,
             "progress"_a.none());
  module.def("make_key", [] { return value_of(make_key()); });
}

}  // namespace simile::python
