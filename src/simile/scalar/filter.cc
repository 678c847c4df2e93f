#include "simile/scalar/filter.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <random>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/filter/compiler.h"
#include "simile/scalar/filter/lookup.h"
#include "simile/scalar/filter/parser.h"
#include "simile/scalar/filter/row_sampler.h"
#include "simile/scalar/json.h"

namespace simile::scalar {

struct Filter::Plan {
  filter::ExpressionPtr root;  // the condition borrows its texts
  filter::ConditionPtr condition;
  std::vector<std::string> fields;
  std::optional<FilterKeys> keys;
  bool limited = false;
  const CancelToken* cancel = nullptr;
  std::unique_ptr<filter::RowSampler> sampler;  // changes with every evaluation
};

namespace {

/// The share of a random_sample() that is the whole tree or the last part of its `and`, which
/// loses it.
std::optional<double> take_sample(filter::ExpressionPtr& root) {
  using Kind = filter::Expression::Kind;
  if (root->kind == Kind::kSample) {
    const double share = std::get<double>(root->literal.value);
    root = nullptr;
    return share;
  }
  if (root->kind != Kind::kAnd) return std::nullopt;
  auto& parts = root->children;
  const std::optional<double> share = take_sample(parts.back());
  if (parts.back() == nullptr) parts.pop_back();
  if (parts.size() == 1) root = filter::ExpressionPtr(parts.front());
  return share;
}

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

/// Where fewer than one row in so many is wanted, these are gathered; else whole blocks are read.
constexpr std::size_t kPickShare = 32;

/// The indexes of the columns of a plan.
struct Indexed {
  Indexed(const ColumnSource& columns, const std::vector<std::string>& fields, std::size_t count)
      : rows(count) {
    for (const std::string& field : fields) {
      const ColumnIndex* index = columns.column_index(field);
      if (index != nullptr && index->rows() < rows) index = nullptr;
      by_column.push_back(index);
      any = any || index != nullptr;
    }
  }

  std::vector<const ColumnIndex*> by_column;
  std::size_t rows;
  bool any = false;
};

/// What the indexes find, if that costs less than to look at `wanted` rows.
filter::MaybeLookup choose_lookup(const filter::Condition& condition, const Indexed& indexed,
                                  std::size_t wanted, FilterUsage::Choice choice) {
  if (!indexed.any || choice == FilterUsage::Choice::kNoIndexes) return std::nullopt;
  const bool by_cost = choice == FilterUsage::Choice::kByCost;
  // A unit of cost() takes from 0.6 to 1.5 ns a row.
  const double row_cost = 0.7 * condition.cost();
  const auto cost_of_looking = [&](double rows) {
    const bool gathered = rows * kPickShare < static_cast<double>(indexed.rows);
    return rows * (row_cost + (gathered ? filter::kPickCost : 0));
  };
  const double cost_max = by_cost ? cost_of_looking(static_cast<double>(wanted))
                                  : std::numeric_limits<double>::infinity();
  filter::MaybeLookup lookup = condition.lookup({indexed.by_column, indexed.rows, cost_max});
  if (!lookup) return std::nullopt;
  const double cost = lookup->cost + (lookup->exact ? 0 : cost_of_looking(lookup->rows));
  if (cost > cost_max) return std::nullopt;
  return lookup;
}

void note_use(const filter::Lookup& lookup, std::uint64_t looked_at, std::uint64_t wanted,
              FilterUsage* usage) {
  if (usage != nullptr) usage->looked_at += looked_at;
  filter::for_each_index(lookup, [&](const ColumnIndex& index, std::uint64_t entries) {
    index.note_use(wanted - std::min(wanted, looked_at));
    if (usage == nullptr) return;
    const auto known = std::ranges::find(usage->indexes, index.field().name,
                                         [](const FilterUsage::Index& use) { return use.field; });
    if (known != usage->indexes.end()) {
      known->entries += entries;
    } else {
      usage->indexes.push_back({index.field().name, index.kind(), entries});
    }
  });
}

/// Then what was selected is not all.
bool is_cancelled(const CancelToken* cancel) { return cancel != nullptr && cancel->cancelled(); }

/// The rows of `only`, block by block where they lie; null: all.
Bitmap select_blocks(const filter::Condition& condition, filter::BlockContext& context,
                     std::size_t rows, const Bitmap* only, const CancelToken* cancel) {
  Bitmap selected(rows);
  const std::span<std::uint64_t> out = selected.words();
  for (std::size_t first = 0; first < rows; first += kBlockRows) {
    const std::size_t count = std::min(kBlockRows, rows - first);
    filter::RowBits bits = rows_to_look_at(only, first / 64, count);
    if (filter::none(bits)) continue;
    if (is_cancelled(cancel)) break;
    context.start(first, count);
    condition.select(context, bits, bits);
    std::copy_n(bits.begin(), (count + 63) / 64,
                out.begin() + static_cast<std::ptrdiff_t>(first / 64));
  }
  return selected;
}

/// The rows of `only`, which are few, gathered to full blocks.
Bitmap select_picked(const filter::Condition& condition, filter::BlockContext& context,
                     const Bitmap& only, const CancelToken* cancel) {
  Bitmap selected(only.size());
  std::vector<RowId> rows;
  const auto look = [&] {
    if (rows.empty() || is_cancelled(cancel)) return;
    filter::RowBits bits = rows_to_look_at(nullptr, 0, rows.size());
    context.start(rows);
    condition.select(context, bits, bits);
    filter::for_each_row(bits, [&](std::size_t i) { selected.set(value_of(rows[i])); });
    rows.clear();
  };
  only.for_each([&](std::size_t row) {
    rows.push_back(RowId{static_cast<std::uint32_t>(row)});
    if (rows.size() == kBlockRows) look();
  });
  look();
  return selected;
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
    if (const auto share = take_sample(plan->root)) {
      plan->sampler = std::make_unique<filter::RowSampler>(*share, std::random_device()());
    } else {
      plan->keys = find_keys(*plan->root, schema.primary_key());
    }
  }
  if (!options.partitions.empty()) {
    plan->limited = true;
    plan->root = limited_to(options.partitions, plan->root);
  }
  plan->cancel = options.cancel;
  if (plan->root == nullptr) return Filter(std::move(plan));
  const bool has_own = options.dynamic_field.empty() && schema.dynamic_field() != nullptr;
  SIMILE_ASSIGN(filter::Compiled compiled,
                filter::compile(expression, *plan->root, schema,
                                has_own ? kDynamicField : options.dynamic_field));
  plan->condition = std::move(compiled.condition);
  plan->fields = std::move(compiled.fields);
  return Filter(std::move(plan));
}

Result<Bitmap> Filter::evaluate(const ColumnSource& columns, std::size_t rows, const Bitmap* only,
                                FilterUsage* usage) const {
  SIMILE_ASSIGN(Bitmap selected, select(columns, rows, only, usage));
  if (plan_->sampler != nullptr) plan_->sampler->draw(selected);
  return selected;
}

Result<Bitmap> Filter::select(const ColumnSource& columns, std::size_t rows, const Bitmap* only,
                              FilterUsage* usage) const {
  SIMILE_CHECK(only == nullptr || only->size() == rows);
  if (plan_->condition == nullptr) return only == nullptr ? Bitmap(rows, true) : *only;
  const std::size_t wanted = only == nullptr ? rows : only->count();
  std::optional<Bitmap> candidates;
  const auto choice = usage == nullptr ? FilterUsage::Choice::kByCost : usage->choice;
  const Indexed indexed(columns, plan_->fields, rows);
  if (const auto lookup = choose_lookup(*plan_->condition, indexed, wanted, choice)) {
    candidates = filter::rows_of(*lookup, rows);
    if (only != nullptr) *candidates &= *only;
    const std::uint64_t looked_at = lookup->exact ? 0 : candidates->count();
    note_use(*lookup, looked_at, wanted, usage);
    if (lookup->exact) return *std::move(candidates);
    only = &*candidates;
  } else if (usage != nullptr) {
    usage->looked_at += wanted;
  }
  std::vector<const ColumnReader*> readers;
  for (const std::string& field : plan_->fields) {
    const ColumnReader* reader = columns.column(field);
    if (reader == nullptr) {
      return fail(ErrorCode::kInternal, join_text("filter: no column for field '", field, "'"));
    }
    SIMILE_TRY(reader->check());
    readers.push_back(reader);
  }
  filter::BlockContext context(std::move(readers));
  const bool few = only != nullptr && (candidates ? only->count() : wanted) * kPickShare < rows;
  Bitmap selected = few ? select_picked(*plan_->condition, context, *only, plan_->cancel)
                        : select_blocks(*plan_->condition, context, rows, only, plan_->cancel);
  if (is_cancelled(plan_->cancel)) {
    return fail(ErrorCode::kCancelled, "the look for rows was cancelled");
  }
  return selected;
}

bool Filter::selects_all() const { return plan_->condition == nullptr && !is_sample(); }
bool Filter::is_sample() const { return plan_->sampler != nullptr; }
const std::vector<std::string>& Filter::fields() const { return plan_->fields; }
bool Filter::is_limited() const { return plan_->limited; }
const FilterKeys* Filter::keys() const { return plan_->keys ? &*plan_->keys : nullptr; }

}  // namespace simile::scalar
