#pragma once
/// Rows in a file that is never changed, read where it is mapped. docs/formats/segment.md.
///
/// Invariants:
/// 1. Opening looks at headers and sizes only, so that it costs the same for any number of rows.
///    What is small beside the vectors (a column, the lengths, the key map, an index) is verified
///    when it is first used; vectors are verified by compaction and by verify_database().
/// 2. Derived data (key map, indexes, lengths) is never a reason to fail: where it is missing or
///    damaged it is computed in memory, or done without, and repairs() tells what to write anew.
/// 3. Files that nothing refers to any more go when the last reader of the segment goes.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "simile/io/section_file.h"
#include "simile/scalar/column_index.h"
#include "simile/schema.h"
#include "simile/segment/derived_slot.h"
#include "simile/segment/key_map.h"
#include "simile/segment/manifest.h"
#include "simile/segment/segment.h"

namespace simile::segment {

inline constexpr std::string_view kRowsKind = "rows";
inline constexpr std::uint32_t kRowsFormat = 1;
inline constexpr std::string_view kMetaSection = "meta";
inline constexpr std::string_view kIndexKind = "index";
inline constexpr std::uint32_t kIndexFormat = 1;
/// "3.vectors", "3.lengths"; columns are named "3" (sealed_column.h).
std::string section_of(std::size_t field, std::string_view part);

class SealedSegment final : public Segment {
 public:
  /// kDataLoss where the rows file is damaged or does not fit the schema or the entry.
  static Result<std::shared_ptr<SealedSegment>> open(std::shared_ptr<io::Storage> storage,
                                                     std::shared_ptr<const Schema> schema,
                                                     const SegmentEntry& entry);
  ~SealedSegment() override;

  std::uint64_t id() const { return id_; }
  std::size_t rows() const { return rows_; }

  const scalar::ColumnReader* column(std::string_view field) const override;
  const scalar::ColumnIndex* column_index(std::string_view field) const override;
  std::vector<index::Rows> vectors(std::size_t field, std::size_t rows) const override;
  Result<RowId> find(const Key& key, std::uint64_t hash, const RowsInSight& sight) const override;
  const index::VectorIndex* index(std::size_t field) const override;
  const index::SparseIndex* sparse_index(std::size_t field) const override;
  std::uint64_t memory_bytes() const override;

  /// Reads the whole rows file and compares every checksum but those of derived sections.
  Status verify_rows() const;
  /// Calls note(error, derived) for every section of the rows file that is damaged.
  void for_each_damage(const std::function<void(const Error&, bool derived)>& note) const;
  /// Loads the index of a field and drops it.
  Status check_index(std::size_t field) const;

  /// What derived data is to be written again, lengths apart. Loads it all, which may take a while.
  struct Repairs {
    bool write_keys = false;
    std::vector<std::uint32_t> build_indexes;  ///< fields, by position
  };
  Repairs repairs() const;

  /// The key map was written to another file; readers may go on with the old one.
  void set_keys_file(std::uint64_t file);
  /// From now on searches use this index, which lies in `file`. At most once a field.
  void set_index(std::size_t field, std::uint64_t file, std::unique_ptr<index::VectorIndex> index);
  void set_sparse_index(std::size_t field, std::uint64_t file,
                        std::unique_ptr<index::SparseIndex> index);
  void set_column_index(std::size_t field, std::uint64_t file,
                        std::unique_ptr<scalar::ColumnIndex> index);
  /// Of the index for filters on a field, without loading it.
  struct ColumnIndexState {
    bool is_there = false;
    std::uint64_t bytes = 0;        ///< of the file
    std::uint64_t uses = 0;         ///< filters that it has served
    std::uint64_t rows_spared = 0;  ///< that these did not look at
  };
  ColumnIndexState column_index_state(std::size_t field) const;
  /// True where there is a file for it, sound or not.
  bool has_index(std::size_t field) const;
  /// Of the rows file, the key map and the indexes.
  std::uint64_t disk_bytes() const;
  bool lengths_are_damaged() const;
  /// Rows that could not be read are left alone by compaction.
  bool rows_are_damaged() const { return rows_are_damaged_.load(); }

  /// The files go with this object: no manifest names them any more.
  void retire() { retired_.store(true); }

 private:
  struct VectorField {
    MatrixView rows;
    std::mutex mutex;
    std::uint64_t index_file = 0;
    std::atomic<bool> lengths_ready{false};
    std::span<const float> lengths;
    std::vector<float> computed_lengths;
    std::atomic<bool> lengths_are_damaged{false};
    std::atomic<bool> index_ready{false};  // looked for, and found or not
    std::atomic<const index::VectorIndex*> index{nullptr};
    std::vector<std::unique_ptr<index::VectorIndex>> indexes;
  };

  SealedSegment(std::shared_ptr<io::Storage> storage, std::shared_ptr<const Schema> schema,
                const SegmentEntry& entry);
  /// Names of its files, deletes apart, as they are now.
  std::vector<std::string> files() const;
  Status open_rows();
  Status check_meta() const;
  Status open_vectors(std::size_t field);
  std::span<const float> lengths(std::size_t field) const;
  Result<const KeyMap*> keys() const;
  Result<std::unique_ptr<index::VectorIndex>> load_index(std::size_t field) const;
  Result<std::unique_ptr<index::SparseIndex>> load_sparse(std::uint64_t file) const;
  Result<std::unique_ptr<scalar::ColumnIndex>> load_column_index(std::size_t field,
                                                                 std::uint64_t file) const;

  std::shared_ptr<io::Storage> storage_;
  std::shared_ptr<const Schema> schema_;
  std::uint64_t id_;
  std::size_t rows_;
  std::size_t stored_fields_;  // of the schema; later ones hold their default in every row
  std::unique_ptr<io::SectionReader> file_;
  std::vector<std::unique_ptr<scalar::ColumnReader>>
      columns_;  // by field; null for vectors that cannot be null
  std::vector<std::unique_ptr<VectorField>> vectors_;  // by field; null for the others
  std::vector<std::unique_ptr<DerivedSlot<index::SparseIndex>>> sparse_;           // likewise
  std::vector<std::unique_ptr<DerivedSlot<scalar::ColumnIndex>>> column_indexes_;  // likewise
  const scalar::ColumnReader* key_column_ = nullptr;
  std::size_t key_field_ = 0;
  mutable std::mutex keys_mutex_;
  mutable std::uint64_t keys_file_ = 0;
  mutable std::unique_ptr<KeyMap> keys_;
  mutable std::atomic<const KeyMap*> keys_ready_{nullptr};
  mutable std::atomic<bool> keys_are_damaged_{false};
  mutable std::atomic<bool> rows_are_damaged_{false};
  std::atomic<bool> retired_{false};
};

}  // namespace simile::segment
