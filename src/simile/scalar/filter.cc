#include "simile/scalar/filter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/filter/compiler.h"
#include "simile/scalar/filter/parser.h"
#include "simile/scalar/json.h"

namespace simile::scalar {

struct Filter::Plan {
  filter::ExpressionPtr root;  // the condition borrows its texts
  filter::ConditionPtr condition;
  std::vector<std::string> fields;
  std::optional<FilterKeys> keys;
  bool limited = false;
};

namespace {

/// All of `values` as T, sorted, each once; nothing where one is of another type.
template <class T>
std::optional<FilterKeys> keys_of(std::span<const TemplateValue> values) {
  std::vector<T> keys;
  for (const TemplateValue& value : values) {
    const T* key = std::get_if<T>(&value.value);
    if (key == nullptr) return std::nullopt;
    keys.push_back(*key);
  }
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  return FilterKeys(std::move(keys));
}

std::optional<FilterKeys> find_keys(const filter::Expression& root, const Field& key) {
  using Kind = filter::Expression::Kind;
  if (root.kind != Kind::kIn && root.kind != Kind::kCompare) return std::nullopt;
  const filter::Expression& left = *root.children[0];
  if (left.kind != Kind::kReference || left.name != key.name) return std::nullopt;
  std::span<const TemplateValue> values;
  if (root.kind == Kind::kIn) {
    values = std::get<std::vector<TemplateValue>>(root.literal.value);
  } else {
    const filter::Expression& right = *root.children[1];
    if (root.compare != filter::CompareOp::kEqual || right.kind != Kind::kLiteral) {
      return std::nullopt;
    }
    values = std::span(&right.literal, 1);
  }
  return key.type == FieldType::kInt64 ? keys_of<std::int64_t>(values)
                                       : keys_of<std::string>(values);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// `root`, which may be null, and kPartitionField in [codes].
filter::ExpressionPtr limited_to(const std::vector<std::int32_t>& codes,
                                 const filter::ExpressionPtr& root) {
  using Kind = filter::Expression::Kind;
  auto field = std::make_shared<filter::Expression>();
  field->kind = Kind::kReference;
  field->name = kPartitionField;
  auto in = std::make_shared<filter::Expression>();
  in->kind = Kind::kIn;
  in->children = {std::move(field)};
  std::vector<TemplateValue> values;
  for (const std::int32_t code : codes) values.push_back({std::int64_t{code}});
  in->literal.value = std::move(values);
  if (root == nullptr) return in;
  auto both = std::make_shared<filter::Expression>();
  both->kind = Kind::kAnd;
  both->children = {std::move(in), root};
  return both;
}

/// Words of `only`, or ones, for the block of `rows` rows that begins at word `first_word`.
filter::RowBits rows_to_look_at(const Bitmap* only, std::size_t first_word, std::size_t rows) {
  filter::RowBits need{};
  for (std::size_t w = 0; w * 64 < rows; ++w) {
    const std::size_t left = rows - w * 64;
    const std::uint64_t in_block = left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    need[w] = only == nullptr ? in_block : only->words()[first_word + w] & in_block;
  }
  return need;
}

}  // namespace

Filter::Filter(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}

Result<Filter> Filter::compile(std::string_view expression, const Schema& schema,
                               const FilterOptions& options) {
  auto plan = std::make_shared<Plan>();
  if (is_blank(expression) && options.partitions.empty()) return Filter(std::move(plan));
  if (expression.size() > kMaxFilterBytes) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("filter: the expression has ", expression.size(), " bytes; at most ",
                          kMaxFilterBytes, ". give long lists as template values"));
  }
  if (!is_text(expression)) {
    return fail(ErrorCode::kInvalidArgument, "filter: the expression is not UTF-8");
  }
  if (!is_blank(expression)) {
    SIMILE_ASSIGN(plan->root, filter::parse(expression, options.values));
    plan->keys = find_keys(*plan->root, schema.primary_key());
  }
  if (!options.partitions.empty()) {
    plan->limited = true;
    plan->root = limited_to(options.partitions, plan->root);
  }
  const bool has_own = options.dynamic_field.empty() && schema.dynamic_field() != nullptr;
  SIMILE_ASSIGN(filter::Compiled compiled,
                filter::compile(expression, *plan->root, schema,
                                has_own ? kDynamicField : options.dynamic_field));
  plan->condition = std::move(compiled.condition);
  plan->fields = std::move(compiled.fields);
  return Filter(std::move(plan));
}

Result<Bitmap> Filter::evaluate(const ColumnSource& columns, std::size_t rows,
                                const Bitmap* only) const {
  SIMILE_CHECK(only == nullptr || only->size() == rows);
  if (selects_all()) return only == nullptr ? Bitmap(rows, true) : *only;
  std::vector<const ColumnReader*> readers;
  for (const std::string& field : plan_->fields) {
    const ColumnReader* reader = columns.column(field);
    if (reader == nullptr) {
      return fail(ErrorCode::kInternal, join_text("filter: no column for field '", field, "'"));
    }
    SIMILE_TRY(reader->check());
    readers.push_back(reader);
  }
  Bitmap selected(rows);
  const std::span<std::uint64_t> out = selected.words();
  filter::BlockContext context(std::move(readers));
  for (std::size_t first = 0; first < rows; first += kBlockRows) {
    const std::size_t count = std::min(kBlockRows, rows - first);
    filter::RowBits bits = rows_to_look_at(only, first / 64, count);
    if (filter::none(bits)) continue;
    context.start(first, count);
    plan_->condition->select(context, bits, bits);
    std::copy_n(bits.begin(), (count + 63) / 64,
                out.begin() + static_cast<std::ptrdiff_t>(first / 64));
  }
  return selected;
}

bool Filter::selects_all() const { return plan_->condition == nullptr; }
const std::vector<std::string>& Filter::fields() const { return plan_->fields; }
bool Filter::is_limited() const { return plan_->limited; }
const FilterKeys* Filter::keys() const { return plan_->keys ? &*plan_->keys : nullptr; }

}  // namespace simile::scalar
