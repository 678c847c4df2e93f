/// Any bytes as an expression, evaluated over a few rows of every type: it compiles or it is
/// refused, and what compiles selects rows that its negation does not.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "simile/base/check.h"
#include "simile/scalar/filter.h"
#include "simile/scalar/growing_column.h"

namespace {

using simile::scalar::ColumnReader;
using simile::scalar::Filter;
using simile::scalar::GrowingColumn;

class FewRows final : public simile::scalar::ColumnSource {
 public:
  static constexpr std::size_t kRows = 3;

  FewRows() {
    constexpr std::int64_t kKeys[kRows] = {1, -2, 3};
    std::vector<simile::Field> fields;
    for (const auto& [name, type] :
         std::vector<std::pair<const char*, const char*>>{{"i", "int64 primary key"},
                                                          {"n", "int8 nullable"},
                                                          {"d", "double"},
                                                          {"b", "bool"},
                                                          {"t", "string"},
                                                          {"a", "array<float>"},
                                                          {"s", "array<string>"},
                                                          {"j", "json"},
                                                          {"v", "float32[1] l2"}}) {
      fields.push_back(simile::parse_field(name, type).value());
    }
    schema_ = simile::Schema::make(fields).value();
    for (const simile::Field& field : schema_.fields()) {
      if (field.type == simile::FieldType::kVector) continue;
      columns_.push_back(std::make_unique<GrowingColumn>(field));
    }
    columns_[0]->append_int64(kKeys);
    columns_[1]->append_missing(kRows);
    append(2, std::as_bytes(std::span(kNumbers)));
    append(3, std::as_bytes(std::span(kBools)));
    append(4, {}, kTexts);
    append(5, std::as_bytes(std::span(kFloats)));
    append(6, {}, kTexts);
    append(7, {}, kJson);
  }

  const simile::Schema& schema() const { return schema_; }
  const ColumnReader* column(std::string_view field) const override {
    for (const auto& column : columns_) {
      if (column->field().name == field) return column.get();
    }
    return nullptr;
  }

 private:
  void append(std::size_t column, std::span<const std::byte> fixed,
              std::span<const std::string_view> strings = {}) {
    simile::ColumnView view;
    view.fixed = fixed;
    view.strings = strings;
    view.offsets = kOffsets;
    columns_[column]->append(view, kRows);
  }

  static constexpr double kNumbers[kRows] = {0, -1.5, 1e300};
  static constexpr std::uint8_t kBools[kRows] = {0, 1, 1};
  static constexpr float kFloats[kRows] = {0, 1, 2.5F};
  static constexpr std::uint64_t kOffsets[kRows + 1] = {0, 2, 2, 3};
  static constexpr std::string_view kTexts[kRows] = {"", "a%b", "\xC3\x9F"};
  static constexpr std::string_view kJson[kRows] = {R"({"a": {"b": [1, "x", null]}, "k": 5})",
                                                    "[[1], 2.5]", "true"};

  simile::Schema schema_ =
      simile::Schema::make({simile::parse_field("i", "int64 primary key").value(),
                            simile::parse_field("v", "bit[8] hamming").value()})
          .value();
  std::vector<std::unique_ptr<GrowingColumn>> columns_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const FewRows rows;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const simile::scalar::TemplateValues values = {{"x", {std::int64_t{1}}}};
  const simile::scalar::FilterOptions options{&values, "j"};
  const auto filter = Filter::compile(text, rows.schema(), options);
  if (!filter) return 0;
  if (filter->is_sample()) {
    SIMILE_CHECK(filter->evaluate(rows, FewRows::kRows).value().count() <= FewRows::kRows);
    return 0;
  }
  simile::Bitmap selected = filter->evaluate(rows, FewRows::kRows).value();
  const auto opposite = Filter::compile("not (" + text + "\n)", rows.schema(), options);
  if (!opposite) return 0;  // blank text, or a level too deep
  selected &= opposite->evaluate(rows, FewRows::kRows).value();
  SIMILE_CHECK(selected.count() == 0);
  return 0;
}
