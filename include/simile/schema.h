#pragma once
/// Fields of a collection.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "simile/error.h"
#include "simile/types.h"

namespace simile {

enum class FieldType : std::uint8_t {
  kBool = 0,
  kInt8 = 1,
  kInt16 = 2,
  kInt32 = 3,
  kInt64 = 4,
  kFloat = 5,
  kDouble = 6,
  kString = 7,  ///< UTF-8
  kJson = 8,    ///< a JSON text
  kArray = 9,   ///< of element_type, which is none of kArray, kJson, kVector
  kVector = 10,
  kSparse = 11,  ///< a sparse vector: packed SparseEntry
};

/// What filters find rows by without looking at each. kInverted: the values in order, with the rows
/// that have each as a list or a bitmap, of numbers, bools, texts and the elements of arrays; for
/// comparisons, ranges, lists, prefixes and contains functions. kNgram: of texts, for `like` with
/// any pattern and for equality.
enum class ScalarIndex : std::uint8_t { kNone = 0, kInverted = 1, kNgram = 2 };

/// What a row holds where it was not given a value, or null: none, or one that fits the type.
/// JSON: the text of it.
using DefaultValue = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

struct Field {
  std::string name;  ///< [A-Za-z_][A-Za-z0-9_]*, at most 255 bytes
  FieldType type = FieldType::kInt64;
  FieldType element_type = FieldType::kInt64;  ///< of an array
  VectorType vector;                           ///< of a vector field
  Metric metric = Metric::kL2;                 ///< of a vector field; of a sparse one inner product
  IndexKind index = IndexKind::kGraph;         ///< of a vector field; of a sparse one kInverted
  std::string model_card;          ///< of a vector field: JSON of the model that made it
  bool primary_key = false;        ///< kInt64 or kString; exactly one a schema
  bool auto_id = false;            ///< int64 keys are given out by the collection
  bool nullable = false;           ///< scalar fields only
  DefaultValue default_value;      ///< of a scalar field that is no key and no array
  std::uint32_t max_length = 0;    ///< bytes of a text, or of each in an array; 0: any
  std::uint32_t max_capacity = 0;  ///< elements of an array; 0: any
  /// At most one, JSON, called kDynamicField: holds an object with what has no field of its own.
  /// Filters find names there that are no fields.
  bool dynamic = false;
  bool partition_key = false;  ///< at most one, int64 or string: decides about the partition
  Optimize optimize = Optimize::kSpeed;  ///< of a graph of a vector field
  ScalarIndex scalar_index = ScalarIndex::kNone;
  /// Of a string field: how its texts are cut into words, as JSON, {"type": "english"} for example;
  /// empty: they are not. See docs/text.md.
  std::string analyzer = {};
  /// Of a sparse field with metric BM25: the analyzed field whose words it holds. The collection
  /// fills it, and searches of it take texts.
  std::string source = {};
  float bm25_k1 = 1.2F;  ///< how soon a word that is there often counts no more; 0 to 10
  float bm25_b = 0.75F;  ///< how much longer texts count less; 0 to 1

  bool has_default() const { return default_value.index() != 0; }
  /// Whether nearness can be asked for in it.
  bool is_searched() const { return type == FieldType::kVector || type == FieldType::kSparse; }

  friend bool operator==(const Field&, const Field&) = default;
};

inline constexpr std::string_view kDynamicField = "$meta";
/// Where a collection has partitions: the number of a row's partition, which the collection writes
/// itself. Calls that return every field leave it out.
inline constexpr std::string_view kPartitionField = "$partition";
/// The partition that is always there.
inline constexpr std::string_view kDefaultPartition = "_default";

/// A checked list of fields: construction through make() only.
class Schema {
 public:
  /// Of a sparse field kGraph becomes kInverted, and kL2 the inner product.
  /// Refuses: no or two primary keys, no vector field, bad or repeated names, a wrong type for a
  /// key, a metric that does not fit, a dimension out of 1..kMaxDimension.
  static Result<Schema> make(std::vector<Field> fields);

  const std::vector<Field>& fields() const { return fields_; }
  const Field& primary_key() const { return fields_[primary_key_]; }
  /// The named field, or null.
  const Field* find(std::string_view name) const;
  /// The dynamic field, or null.
  const Field* dynamic_field() const;
  /// The field to search: `name`, or the only vector field, dense or sparse, where it is empty.
  Result<const Field*> vector_field(std::string_view name) const;

  friend bool operator==(const Schema&, const Schema&) = default;

 private:
  std::vector<Field> fields_;
  std::size_t primary_key_ = 0;
};

/// The textual form of a field, as Python and the command line take it:
///   "int64 primary key" | "string primary key" | "int64 primary key auto"
///   "bool" "int8" "int16" "int32" "int64" "float" "double" "string" "json" "array<int64>"
///     each with an optional " inverted" or, of a string, " ngram", and an optional " nullable"
///   "float32[128] cosine" | "bit[256] hamming flat"   element[dim] metric [index kind]
///   "sparse ip" | "sparse ip flat"
Result<Field> parse_field(std::string_view name, std::string_view text);
/// The inverse of parse_field, without the name.
std::string describe(const Field& field);
std::string_view name_of(FieldType type);
/// "none", "inverted", "ngram".
std::string_view name_of(ScalarIndex index);
/// Beside these "sorted", "bitmap" and "trie", which the inverted index is, too.
Result<ScalarIndex> parse_scalar_index(std::string_view name);

}  // namespace simile
