#include "simile/segment/sealed_segment.h"

#include <algorithm>
#include <utility>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/default_column.h"
#include "simile/scalar/sealed_column.h"
#include "simile/segment/file_names.h"
#include "simile/segment/null_vectors.h"

namespace simile::segment {

std::string section_of(std::size_t field, std::string_view part) {
  return join_text(field, '.', part);
}

SealedSegment::SealedSegment(std::shared_ptr<io::Storage> storage,
                             std::shared_ptr<const Schema> schema, const SegmentEntry& entry)
    : storage_(std::move(storage)),
      schema_(std::move(schema)),
      id_(entry.id),
      rows_(entry.rows),
      stored_fields_(entry.fields == 0 ? schema_->fields().size() : entry.fields) {
  const auto& fields = schema_->fields();
  columns_.resize(fields.size());
  vectors_.resize(fields.size());
  sparse_.resize(fields.size());
  column_indexes_.resize(fields.size());
  key_field_ = static_cast<std::size_t>(&schema_->primary_key() - fields.data());
  keys_file_ = entry.derived_file(static_cast<std::uint32_t>(key_field_));
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::uint64_t file = entry.derived_file(static_cast<std::uint32_t>(i));
    if (fields[i].type == FieldType::kSparse) {
      sparse_[i] = std::make_unique<DerivedSlot<index::SparseIndex>>(file);
    }
    if (fields[i].scalar_index != ScalarIndex::kNone) {
      column_indexes_[i] = std::make_unique<DerivedSlot<scalar::ColumnIndex>>(file);
    }
    if (fields[i].type != FieldType::kVector) continue;
    vectors_[i] = std::make_unique<VectorField>();
    vectors_[i]->index_file = file;
  }
}

SealedSegment::~SealedSegment() {
  if (!retired_.load()) return;
  // A failure leaves garbage, which the next writer removes when it opens the database.
  for (const std::string& file : files()) static_cast<void>(storage_->remove(file));
}

std::vector<std::string> SealedSegment::files() const {
  std::vector<std::string> files = {rows_name(id_)};
  {
    const std::scoped_lock lock(keys_mutex_);
    if (keys_file_ != 0) files.push_back(keys_name(keys_file_));
  }
  for (const auto& field : vectors_) {
    if (!field) continue;
    const std::scoped_lock lock(field->mutex);
    if (field->index_file != 0) files.push_back(index_name(field->index_file));
  }
  for (const auto& slot : sparse_) {
    if (slot && slot->file() != 0) files.push_back(index_name(slot->file()));
  }
  for (const auto& slot : column_indexes_) {
    if (slot && slot->file() != 0) files.push_back(index_name(slot->file()));
  }
  return files;
}

std::uint64_t SealedSegment::disk_bytes() const {
  std::uint64_t bytes = 0;
  for (const std::string& file : files()) {
    if (const auto opened = storage_->open(file)) bytes += (*opened)->size();
  }
  return bytes;
}

Result<std::shared_ptr<SealedSegment>> SealedSegment::open(std::shared_ptr<io::Storage> storage,
                                                           std::shared_ptr<const Schema> schema,
                                                           const SegmentEntry& entry) {
  std::shared_ptr<SealedSegment> segment(
      new SealedSegment(std::move(storage), std::move(schema), entry));
  SIMILE_TRY(segment->open_rows());
  return segment;
}

Status SealedSegment::open_rows() {
  SIMILE_ASSIGN(auto file, storage_->open(rows_name(id_)));
  SIMILE_ASSIGN(file_, io::SectionReader::open(std::move(file), kRowsKind, kRowsFormat));
  SIMILE_TRY(check_meta());
  const auto& fields = schema_->fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (vectors_[i]) {
      SIMILE_TRY(open_vectors(i));
      if (!fields[i].nullable) continue;
      SIMILE_ASSIGN(columns_[i],
                    scalar::open_column(*file_, join_text(i), presence_field(fields[i]), rows_));
    } else if (i >= stored_fields_) {
      columns_[i] = scalar::make_default_column(fields[i]);
    } else {
      SIMILE_ASSIGN(columns_[i], scalar::open_column(*file_, join_text(i), fields[i], rows_));
    }
  }
  key_column_ = columns_[key_field_].get();
  return {};
}

Status SealedSegment::check_meta() const {
  SIMILE_ASSIGN(const auto bytes, file_->verified_section(kMetaSection));
  ByteReader reader(bytes);
  const auto id = reader.get<std::uint64_t>();
  const auto rows = reader.get<std::uint64_t>();
  if (!reader.ok() || id != id_ || rows != rows_) {
    return fail(
        ErrorCode::kDataLoss,
        join_text(rows_name(id_), " is not the file that the manifest names: it says segment ", id,
                  " of ", rows, " rows, not ", rows_));
  }
  return {};
}

Status SealedSegment::open_vectors(std::size_t field) {
  const VectorType type = schema_->fields()[field].vector;
  SIMILE_ASSIGN(const auto bytes, file_->section(section_of(field, "vectors")));
  if (bytes.size() != rows_ * type.bytes()) {
    return fail(ErrorCode::kDataLoss,
                join_text(rows_name(id_), ": section ", section_of(field, "vectors"), " is not of ",
                          rows_, " rows"));
  }
  vectors_[field]->rows = MatrixView(bytes.data(), rows_, type);
  return {};
}

const scalar::ColumnReader* SealedSegment::column(std::string_view field) const {
  const Field* found = schema_->find(field);
  return found == nullptr
             ? nullptr
             : columns_[static_cast<std::size_t>(found - schema_->fields().data())].get();
}

std::span<const float> SealedSegment::lengths(std::size_t field) const {
  VectorField& state = *vectors_[field];
  if (state.lengths_ready.load(std::memory_order_acquire)) return state.lengths;
  const std::scoped_lock lock(state.mutex);
  if (state.lengths_ready.load(std::memory_order_relaxed)) return state.lengths;
  const auto bytes = file_->verified_section(section_of(field, "lengths"));
  if (bytes && bytes->size() == rows_ * sizeof(float)) {
    state.lengths = {reinterpret_cast<const float*>(bytes->data()), rows_};
  } else {
    state.computed_lengths.resize(rows_);
    index::inverse_lengths(state.rows, state.computed_lengths);
    state.lengths = state.computed_lengths;
    state.lengths_are_damaged.store(true);
  }
  state.lengths_ready.store(true, std::memory_order_release);
  return state.lengths;
}

std::vector<index::Rows> SealedSegment::vectors(std::size_t field, std::size_t rows) const {
  index::Rows all{vectors_[field]->rows.slice(0, rows), {}, true};
  if (schema_->fields()[field].metric == Metric::kCosine) {
    all.inverse_lengths = lengths(field).first(rows);
  }
  return {all};
}

Result<const KeyMap*> SealedSegment::keys() const {
  if (const KeyMap* ready = keys_ready_.load(std::memory_order_acquire)) return ready;
  const std::scoped_lock lock(keys_mutex_);
  if (keys_) return keys_.get();
  SIMILE_TRY(key_column_->check());
  auto opened = keys_file_ == 0 ? Result<std::unique_ptr<KeyMap>>(fail(ErrorCode::kNotFound, ""))
                                : KeyMap::open(*storage_, keys_name(keys_file_), rows_);
  keys_are_damaged_.store(!opened);
  keys_ = opened ? *std::move(opened) : KeyMap::build(*key_column_, rows_);
  keys_ready_.store(keys_.get(), std::memory_order_release);
  return keys_.get();
}

Result<RowId> SealedSegment::find(const Key& key, std::uint64_t hash,
                                  const RowsInSight& sight) const {
  SIMILE_ASSIGN(const KeyMap* map, keys());
  scalar::BlockScratch scratch;
  return map->find(hash, [&](RowId row) {
    return sight.contains(row) && key_at(*key_column_, row, scratch) == key;
  });
}

Result<std::unique_ptr<index::VectorIndex>> SealedSegment::load_index(std::size_t field) const {
  const VectorField& state = *vectors_[field];
  SIMILE_ASSIGN(auto file, storage_->open(index_name(state.index_file)));
  SIMILE_ASSIGN(auto reader, io::SectionReader::open(std::move(file), kIndexKind, kIndexFormat));
  return index::load_graph(*reader, vectors(field, rows_)[0], schema_->fields()[field].metric);
}

const index::VectorIndex* SealedSegment::index(std::size_t field) const {
  VectorField& state = *vectors_[field];
  if (state.index_ready.load(std::memory_order_acquire)) return state.index.load();
  if (schema_->fields()[field].metric == Metric::kCosine) lengths(field);  // has the same mutex
  const std::scoped_lock lock(state.mutex);
  if (state.index_ready.load(std::memory_order_relaxed)) return state.index.load();
  if (state.index_file != 0) {
    if (auto loaded = load_index(field)) {
      state.index.store(loaded->get());
      state.indexes.push_back(*std::move(loaded));
    }
  }
  state.index_ready.store(true, std::memory_order_release);
  return state.index.load();
}

Result<std::unique_ptr<index::SparseIndex>> SealedSegment::load_sparse(std::uint64_t file) const {
  SIMILE_ASSIGN(auto opened, storage_->open(index_name(file)));
  SIMILE_ASSIGN(auto reader, io::SectionReader::open(std::move(opened), kIndexKind, kIndexFormat));
  return index::SparseIndex::load(std::move(reader), rows_);
}

const index::SparseIndex* SealedSegment::sparse_index(std::size_t field) const {
  return sparse_[field]->get([this](std::uint64_t file) { return load_sparse(file); });
}

void SealedSegment::set_sparse_index(std::size_t field, std::uint64_t file,
                                     std::unique_ptr<index::SparseIndex> index) {
  sparse_[field]->set(file, std::move(index));
}

Result<std::unique_ptr<scalar::ColumnIndex>> SealedSegment::load_column_index(
    std::size_t field, std::uint64_t file) const {
  SIMILE_ASSIGN(auto opened, storage_->open(index_name(file)));
  SIMILE_ASSIGN(auto reader, io::SectionReader::open(std::move(opened), kIndexKind, kIndexFormat));
  return scalar::ColumnIndex::load(std::move(reader), schema_->fields()[field], rows_);
}

const scalar::ColumnIndex* SealedSegment::column_index(std::string_view field) const {
  const Field* found = schema_->find(field);
  if (found == nullptr) return nullptr;
  const auto position = static_cast<std::size_t>(found - schema_->fields().data());
  if (!column_indexes_[position]) return nullptr;
  return column_indexes_[position]->get(
      [&](std::uint64_t file) { return load_column_index(position, file); });
}

SealedSegment::ColumnIndexState SealedSegment::column_index_state(std::size_t field) const {
  const auto& slot = column_indexes_[field];
  ColumnIndexState state;
  if (!slot || slot->file() == 0) return state;
  state.is_there = true;
  if (const auto opened = storage_->open(index_name(slot->file()))) state.bytes = (*opened)->size();
  if (const scalar::ColumnIndex* index = slot->loaded()) {
    state.uses = index->uses();
    state.rows_spared = index->rows_spared();
  }
  return state;
}

void SealedSegment::set_column_index(std::size_t field, std::uint64_t file,
                                     std::unique_ptr<scalar::ColumnIndex> index) {
  column_indexes_[field]->set(file, std::move(index));
}

bool SealedSegment::has_index(std::size_t field) const {
  if (column_indexes_[field]) return column_indexes_[field]->file() != 0;
  if (sparse_[field]) return sparse_[field]->file() != 0;
  const std::scoped_lock lock(vectors_[field]->mutex);
  return vectors_[field]->index_file != 0;
}

void SealedSegment::set_index(std::size_t field, std::uint64_t file,
                              std::unique_ptr<index::VectorIndex> index) {
  VectorField& state = *vectors_[field];
  const std::scoped_lock lock(state.mutex);
  state.index_file = file;
  state.index.store(index.get());
  state.indexes.push_back(std::move(index));
  state.index_ready.store(true, std::memory_order_release);
}

void SealedSegment::set_keys_file(std::uint64_t file) {
  const std::scoped_lock lock(keys_mutex_);
  keys_file_ = file;
  keys_are_damaged_.store(false);
}

std::uint64_t SealedSegment::memory_bytes() const {
  std::uint64_t bytes = 0;
  if (const KeyMap* keys = keys_ready_.load()) bytes += keys->memory_bytes();
  for (const auto& column : columns_) bytes += column ? column->memory_bytes() : 0;
  for (const auto& field : vectors_) {
    if (!field) continue;
    if (const auto* index = field->index.load()) bytes += index->memory_bytes();
    if (field->lengths_ready.load()) bytes += field->computed_lengths.size() * sizeof(float);
  }
  for (const auto& slot : column_indexes_) {
    if (const scalar::ColumnIndex* index = slot ? slot->loaded() : nullptr) {
      bytes += index->memory_bytes();
    }
  }
  return bytes;
}

bool SealedSegment::lengths_are_damaged() const {
  return std::ranges::any_of(
      vectors_, [](const auto& field) { return field && field->lengths_are_damaged.load(); });
}

void SealedSegment::for_each_damage(
    const std::function<void(const Error&, bool derived)>& note) const {
  for (const io::SectionReader::Section& section : file_->sections()) {
    if (Status sound = file_->verify(section.name); !sound) {
      note(sound.error(), section.name.ends_with(".lengths"));
    }
  }
}

Status SealedSegment::verify_rows() const {
  Status result;
  for_each_damage([&](const Error& error, bool derived) {
    if (!derived && result) result = std::unexpected(error);
  });
  rows_are_damaged_.store(!result);
  return result;
}

Status SealedSegment::check_index(std::size_t field) const {
  if (sparse_[field]) {
    const auto loaded = load_sparse(sparse_[field]->file());
    return loaded ? Status{} : std::unexpected(loaded.error());
  }
  if (column_indexes_[field]) {
    const auto loaded = load_column_index(field, column_indexes_[field]->file());
    return loaded ? Status{} : std::unexpected(loaded.error());
  }
  const auto loaded = load_index(field);
  return loaded ? Status{} : std::unexpected(loaded.error());
}

SealedSegment::Repairs SealedSegment::repairs() const {
  Repairs repairs;
  repairs.write_keys = keys().has_value() && keys_are_damaged_.load();
  for (std::size_t i = 0; i < vectors_.size(); ++i) {
    const Field& field = schema_->fields()[i];
    if (sparse_[i] && field.index == IndexKind::kInverted && sparse_index(i) == nullptr) {
      repairs.build_indexes.push_back(static_cast<std::uint32_t>(i));
    }
    if (column_indexes_[i] && column_index(field.name) == nullptr) {
      repairs.build_indexes.push_back(static_cast<std::uint32_t>(i));
    }
    if (!vectors_[i]) continue;
    if (field.metric == Metric::kCosine) lengths(i);
    if (field.index == IndexKind::kGraph && index(i) == nullptr) {
      repairs.build_indexes.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return repairs;
}

}  // namespace simile::segment
