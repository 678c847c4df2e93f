#pragma once
/// Filter expressions: text -> checked plan -> bitmap of rows. docs/filters.md is the language.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/error.h"
#include "simile/filter.h"
#include "simile/scalar/column.h"
#include "simile/schema.h"

namespace simile::scalar {

inline constexpr std::size_t kMaxFilterBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxFilterDepth = 256;  ///< nested parentheses, not, minus
inline constexpr std::size_t kMaxFilterNodes =
    262'144;  ///< operators and operands; constants in lists do not count

using TemplateValue = FilterValue;
using TemplateValues = FilterValues;

struct FilterOptions {
  const TemplateValues* values = nullptr;
  /// A JSON field: `$meta` means it, and so does every name that is no field: size > 3 reads
  /// $meta["size"] > 3. Empty: the schema's own, if it has one.
  std::string_view dynamic_field;
  /// Where it is not empty, rows must be in a partition with one of these codes, too.
  std::vector<std::int32_t> partitions = {};
  const CancelToken* cancel = nullptr;  ///< outlives the filter; ends evaluate()
};

/// The primary keys that an expression like `id in [1, 2]` or `id == 'a'` selects.
using FilterKeys = std::variant<std::vector<std::int64_t>, std::vector<std::string>>;

/// What evaluate() did.
struct FilterUsage {
  /// Other than by cost: for tests and measurements.
  enum class Choice : std::uint8_t { kByCost, kIndexes, kNoIndexes };

  struct Index {
    std::string field;
    ScalarIndex kind = ScalarIndex::kInverted;
    std::uint64_t entries = 0;  ///< rows that it named
  };
  Choice choice = Choice::kByCost;
  std::vector<Index> indexes;
  std::uint64_t looked_at = 0;  ///< rows whose values were read
};

/// A compiled expression: immutable, cheap to copy, for use from any number of threads.
class Filter {
 public:
  /// An empty expression selects every row. kInvalidArgument says what is wrong and at which
  /// character, from 1: "filter: unknown field 'labl' at 1; known fields: id, label, taken".
  static Result<Filter> compile(std::string_view expression, const Schema& schema,
                                const FilterOptions& options = {});

  /// The rows among [0, rows) for which the expression is true; where it is unknown, because a
  /// value is null, the row is not selected. With `only`, a set of `rows` rows, the others are
  /// not looked at and not selected. kDataLoss where a column is damaged, kCancelled where the
  /// token of the options was set.
  /// Indexes of columns are used where that costs less than a look at every row; `usage` is told.
  Result<Bitmap> evaluate(const ColumnSource& columns, std::size_t rows,
                          const Bitmap* only = nullptr, FilterUsage* usage = nullptr) const;

  /// True where every row is selected without a look.
  bool selects_all() const;
  /// Names of the fields that evaluate() reads.
  const std::vector<std::string>& fields() const;
  /// Whether the rows are drawn by chance, so that the next evaluate() selects others.
  bool is_sample() const;
  /// Where the whole expression only lists primary keys: these, each once; a lookup then beats
  /// evaluate(). Else null.
  const FilterKeys* keys() const;
  /// Whether the rows with these keys must be looked at, too, since only partitions count.
  bool is_limited() const;

 private:
  struct Plan;
  explicit Filter(std::shared_ptr<const Plan> plan);
  /// evaluate() without the draw of a sample.
  Result<Bitmap> select(const ColumnSource& columns, std::size_t rows, const Bitmap* only,
                        FilterUsage* usage) const;
  std::shared_ptr<const Plan> plan_;
};

}  // namespace simile::scalar
