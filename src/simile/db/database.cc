#include "simile/database.h"

#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/database_key.h"
#include "simile/db/engine.h"
#include "simile/db/matching_rows.h"
#include "simile/db/open_database.h"
#include "simile/db/snapshot.h"
#include "simile/io/encrypted_storage.h"
#include "simile/io/storage.h"

namespace simile {

namespace db {
namespace {

using Kind = RequestedOperation::Kind;

class CollectionHandle final : public Collection {
 public:
  CollectionHandle(std::shared_ptr<Engine> engine, const CollectionState& state)
      : engine_(std::move(engine)), id_(state.id()), name_(state.name()), schema_(state.schema()) {}

  const std::string& name() const override { return name_; }
  const Schema& schema() const override { return *schema_; }

  Properties properties() const override {
    const auto collection = engine_->find(id_);
    return collection ? collection->properties() : Properties{};
  }
  Status change_properties(const PropertyChanges& changes) override {
    return engine_->change_properties(id_, changes);
  }

  Result<WriteResult> insert(const Batch& batch) override {
    return write_rows(Kind::kInsert, batch);
  }
  Result<WriteResult> upsert(const Batch& batch) override {
    return write_rows(Kind::kUpsert, batch);
  }

  Result<WriteResult> update(const Batch& batch) override {
    return write_rows(Kind::kUpdate, batch);
  }

  Result<WriteResult> erase(const KeysView& keys) override {
    SIMILE_ASSIGN(auto collection, state());
    WriteRequest request;
    RequestedOperation& operation = request.operations.emplace_back();
    operation.kind = Kind::kErase;
    operation.collection = std::move(collection);
    operation.keys = keys;
    return engine_->write(request);
  }

  Result<WriteResult> erase_where(const RowFilter& filter) override {
    SIMILE_ASSIGN(auto collection, state());
    WriteRequest request;
    RequestedOperation& operation = request.operations.emplace_back();
    operation.kind = Kind::kEraseWhere;
    operation.collection = collection;
    const auto view = collection->view();
    SIMILE_ASSIGN(operation.where, compile_filter(filter, *view));
    if (operation.where->is_sample()) {  // which rows are gone would be known to nobody
      return fail(ErrorCode::kInvalidArgument,
                  "filter: random_sample cannot say what is deleted; query for keys, then delete "
                  "these");
    }
    SIMILE_ASSIGN(operation.matched, KeyCopies::matching(*view, *operation.where));
    operation.matched_at = view->sequence;
    operation.keys = operation.matched.view();
    return engine_->write(request);
  }

  Status truncate() override {
    SIMILE_TRY(engine_->truncate(id_));
    return engine_->erase_from_logs();
  }

  Status add_field(const Field& field) override { return engine_->add_field(id_, field); }
  Status change_vector_index(std::string_view field, Metric metric, IndexKind kind) override {
    return engine_->change_vector_index(id_, field, metric, kind);
  }

  Status change_scalar_index(std::string_view field, ScalarIndex index) override {
    return engine_->change_scalar_index(id_, field, index);
  }
  std::vector<ScalarIndexInfo> scalar_indexes() const override {
    const auto collection = engine_->find(id_);
    return collection ? engine_->scalar_indexes_of(*collection) : std::vector<ScalarIndexInfo>();
  }

  std::vector<std::string> partitions() const override {
    std::vector<std::string> names = {std::string(kDefaultPartition)};
    const auto collection = engine_->find(id_);
    if (!collection) return names;
    for (const auto& entry : collection->partitions()->entries) names.push_back(entry.name);
    return names;
  }
  Status create_partition(std::string_view name) override {
    return engine_->create_partition(id_, name);
  }
  Status drop_partition(std::string_view name) override {
    return engine_->drop_partition(id_, name);
  }

  std::shared_ptr<const Snapshot> snapshot() const override {
    if (const auto collection = engine_->find(id_)) return make_snapshot(collection->view());
    return make_snapshot(std::make_shared<CollectionView>(CollectionView{
        name_, schema_, engine_->sequence(), {}, std::make_shared<const segment::Partitions>()}));
  }

  Status flush(const Progress& progress, const CancelToken* cancel) override {
    SIMILE_ASSIGN(const auto collection, state());
    SIMILE_TRY(engine_->seal(*collection, cancel));
    SIMILE_ASSIGN(const auto lock, engine_->lock_build(cancel));
    return engine_->repair(*collection, progress, cancel);
  }

  Status compact(const Progress& progress, const CancelToken* cancel) override {
    SIMILE_ASSIGN(const auto collection, state());
    SIMILE_TRY(engine_->seal(*collection, cancel));
    SIMILE_ASSIGN(const auto lock, engine_->lock_build(cancel));
    SIMILE_TRY(engine_->compact(*collection, true, cancel));
    return engine_->repair(*collection, progress, cancel);
  }

  CollectionInfo info() const override {
    if (const auto collection = engine_->find(id_)) return engine_->info_of(*collection);
    CollectionInfo info;
    info.name = name_;
    return info;
  }

 private:
  Result<std::shared_ptr<CollectionState>> state() const {
    if (auto collection = engine_->find(id_)) return collection;
    return fail(ErrorCode::kNotFound, join_text("collection '", name_, "' was dropped"));
  }

  Result<WriteResult> write_rows(Kind kind, const Batch& batch) {
    SIMILE_ASSIGN(auto collection, state());
    WriteRequest request;
    RequestedOperation& operation = request.operations.emplace_back();
    operation.kind = kind;
    operation.collection = std::move(collection);
    operation.rows = &batch;
    return engine_->write(request);
  }

  const std::shared_ptr<Engine> engine_;
  const std::uint32_t id_;
  const std::string name_;
  const std::shared_ptr<const Schema> schema_;
};

class EngineDatabase final : public Database {
 public:
  EngineDatabase(std::shared_ptr<Engine> engine, std::shared_ptr<io::EncryptedStorage> encrypted)
      : engine_(std::move(engine)), encrypted_(std::move(encrypted)) {}
  // Collections that outlive it may hold the engine: they find it closed.
  ~EngineDatabase() override { static_cast<void>(engine_->close(false)); }

  Result<std::shared_ptr<Collection>> create_collection(std::string_view name, const Schema& schema,
                                                        const Properties& properties) override {
    SIMILE_ASSIGN(const auto state, engine_->create_collection(name, schema, properties));
    return std::make_shared<CollectionHandle>(engine_, *state);
  }
  Result<std::shared_ptr<Collection>> collection(std::string_view name) const override {
    SIMILE_ASSIGN(const auto state, engine_->find(name));
    return std::make_shared<CollectionHandle>(engine_, *state);
  }
  Status drop_collection(std::string_view name) override {
    SIMILE_TRY(engine_->drop_collection(name));
    return engine_->erase_from_logs();
  }

  Status rename_collection(std::string_view from, std::string_view to) override {
    return engine_->rename_collection(from, to);
  }
  Properties properties() const override { return engine_->properties(); }
  Status change_properties(const PropertyChanges& changes) override {
    return engine_->change_properties(changes);
  }

  std::vector<std::string> collections() const override {
    std::vector<std::string> names;
    for (const auto& collection : engine_->all()) names.push_back(collection->name());
    return names;
  }

  Result<WriteResult> write(const std::vector<WriteOperation>& operations) override {
    WriteRequest request;
    for (const WriteOperation& each : operations) {
      RequestedOperation& operation = request.operations.emplace_back();
      SIMILE_ASSIGN(operation.collection, engine_->find(each.collection));
      switch (each.kind) {
        case WriteOperation::Kind::kInsert: operation.kind = Kind::kInsert; break;
        case WriteOperation::Kind::kUpsert: operation.kind = Kind::kUpsert; break;
        case WriteOperation::Kind::kUpdate: operation.kind = Kind::kUpdate; break;
        case WriteOperation::Kind::kErase: operation.kind = Kind::kErase; break;
      }
      if (operation.kind == Kind::kErase) {
        operation.keys = each.keys;
      } else {
        operation.rows = &each.rows;
      }
    }
    return engine_->write(request);
  }

  Status change_key(const KeySource& key) override {
    if (encrypted_ == nullptr) {
      return fail(ErrorCode::kFailedPrecondition,
                  join_text(engine_->info().path,
                            " is not encrypted; make an encrypted copy of it with simile encrypt"));
    }
    if (engine_->options().read_only) {
      return fail(ErrorCode::kFailedPrecondition, "the database is open for reading only");
    }
    SIMILE_ASSIGN(const io::SecretKey master, read_key(key));
    return encrypted_->change_master(master);
  }

  Status refresh() override { return engine_->refresh(); }
  DatabaseInfo info() const override { return engine_->info(); }
  Status close(const CancelToken* cancel) override { return engine_->close(true, cancel); }

 private:
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<io::EncryptedStorage> encrypted_;  ///< null where it is not
};

}  // namespace

Result<std::unique_ptr<Database>> open_database(std::shared_ptr<io::Storage> storage,
                                                const OpenOptions& options) {
  auto encrypted = std::dynamic_pointer_cast<io::EncryptedStorage>(storage);
  SIMILE_ASSIGN(auto engine, Engine::open(std::move(storage), options));
  return std::make_unique<EngineDatabase>(std::move(engine), std::move(encrypted));
}

}  // namespace db

Result<std::unique_ptr<Database>> Database::open(const std::string& path,
                                                 const OpenOptions& options) {
  const bool create = options.create && !options.read_only;
  SIMILE_ASSIGN(auto storage, db::open_storage(path, create, options.key));
  OpenOptions without_key = options;
  without_key.key = {};
  return db::open_database(std::move(storage), without_key);
}

}  // namespace simile
