#include "simile/server/filter_message.h"

#include <algorithm>

#include "simile/base/text.h"

namespace simile::server {

namespace {

namespace wire_schema = ::milvus::proto::schema;

template <class Data>
FilterValue list_of(const Data& data) {
  std::vector<FilterValue> list;
  list.reserve(static_cast<std::size_t>(data.size()));
  for (const auto& each : data) list.push_back({each});
  return {std::move(list)};
}

Answer<FilterValue> parse_list(const wire_schema::TemplateArrayValue& value, int depth) {
  using Case = wire_schema::TemplateArrayValue::DataCase;
  constexpr int kDepthMax = 16;
  switch (value.data_case()) {
    case Case::kBoolData: return list_of(value.bool_data().data());
    case Case::kLongData: return list_of(value.long_data().data());
    case Case::kDoubleData: return list_of(value.double_data().data());
    case Case::kStringData: return list_of(value.string_data().data());
    case Case::DATA_NOT_SET: return FilterValue{std::vector<FilterValue>()};
    case Case::kArrayData: {
      if (depth == kDepthMax) return refuse_parameter("a template value is nested too deeply");
      std::vector<FilterValue> list;
      for (const auto& each : value.array_data().data()) {
        SIMILE_ASSIGN(FilterValue inner, parse_list(each, depth + 1));
        list.push_back(std::move(inner));
      }
      return FilterValue{std::move(list)};
    }
    case Case::kJsonData: break;
  }
  return refuse_parameter("a template value of mixed types cannot be used; give one type");
}

Answer<FilterValue> parse_value(const wire_schema::TemplateValue& value) {
  using Case = wire_schema::TemplateValue::ValCase;
  switch (value.val_case()) {
    case Case::kBoolVal: return FilterValue{value.bool_val()};
    case Case::kInt64Val: return FilterValue{std::int64_t{value.int64_val()}};
    case Case::kFloatVal: return FilterValue{value.float_val()};
    case Case::kStringVal: return FilterValue{value.string_val()};
    case Case::kArrayVal: return parse_list(value.array_val(), 0);
    default: return refuse_parameter("a template value has no value");
  }
}

}  // namespace

Answer<FilterValues> parse_values(const TemplateValues& values) {
  FilterValues parsed;
  for (const auto& [name, value] : values) {
    SIMILE_ASSIGN(FilterValue each, parse_value(value));
    parsed.emplace(name, std::move(each));
  }
  return parsed;
}

Answer<void> refuse_with_partition_key(const CollectionHandle& handle, std::string_view what) {
  if (std::ranges::none_of(handle.schema().fields(), &Field::partition_key)) return {};
  return refuse(FaultCode::kUnexpected, join_text(what, " if partition key mode is used"));
}

Answer<void> check_named_partition(const CollectionHandle& handle, std::string_view name) {
  if (name.empty()) return {};
  SIMILE_TRY(
      refuse_with_partition_key(handle, "not support manually specifying the partition names"));
  return check_partition(handle, name);
}

Answer<void> check_partition(const CollectionHandle& handle, std::string_view name) {
  if (name.empty() || name == kDefaultPartition) return {};
  const std::vector<std::string> there = handle.collection->partitions();
  if (std::ranges::find(there, name) != there.end()) return {};
  return refuse(FaultCode::kPartitionNotFound, join_text("partition not found[partition=", name,
                                                         "][collection=", handle.name(), "]"));
}

Answer<std::vector<std::string>> read_partitions(const CollectionHandle& handle,
                                                 const Names& names) {
  std::vector<std::string> partitions(names.begin(), names.end());
  const auto& loaded = handle.meta->loaded_partitions;
  if (!partitions.empty()) {
    SIMILE_TRY(
        refuse_with_partition_key(handle, "not support manually specifying the partition names"));
  }
  for (const std::string& name : partitions) {
    if (!check_partition(handle, name)) {
      return refuse(FaultCode::kUnexpected, join_text("partition name ", name, " not found"));
    }
    if (loaded.empty() || loaded.contains(name)) continue;
    return refuse(FaultCode::kPartitionNotLoaded, join_text("partition not loaded[partition=", name,
                                                            "]: load it before it is "
                                                            "searched"));
  }
  if (partitions.empty()) partitions.assign(loaded.begin(), loaded.end());
  return partitions;
}

namespace {

/// What comes between `before` and `after` in the text; empty where it has neither.
std::string_view part_between(std::string_view text, std::string_view before,
                              std::string_view after) {
  const std::size_t begin = text.find(before);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + before.size());
  const std::size_t end = text.find(after);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

/// Of "cannot compare 'label' (string) with 5 (integer) ..." what Milvus says first; or nothing.
std::string told_types(std::string_view why) {
  const auto wire_name = [](std::string_view type) -> std::string_view {
    if (type == "string") return "VarChar";
    if (type == "integer") return "Int64";
    if (type == "number") return "Double";
    return type == "bool" ? "Bool" : "";
  };
  if (!why.starts_with("cannot compare ")) return {};
  const auto left = wire_name(part_between(why, " (", ") with "));
  const std::size_t with = why.find(") with ");
  if (left.empty() || with == std::string_view::npos) return {};
  const auto right = wire_name(part_between(why.substr(with), " (", ")"));
  if (right.empty()) return {};
  return join_text("comparisons between ", left, " and ", right, " are not supported: ");
}

/// The engine's reason, behind the words that Milvus has for the same.
std::string told_as_milvus(std::string_view expression, std::string_view why) {
  const auto type = part_between(why, "a value of type ", " stands where a condition is expected");
  if (!type.empty()) {
    return join_text("predicate is not a boolean expression: ", expression, ", data type: ", type,
                     ": invalid parameter; ", why);
  }
  const std::string compared = told_types(why);
  std::string told = join_text("cannot parse expression: ", expression, ", error: ");
  const bool no_syntax = why.starts_with("unexpected ") || why.starts_with("unknown sign ") ||
                         why.starts_with("the expression ends ");
  const auto absent = why.starts_with("unknown field ") ? part_between(why, "'", "'") : "";
  if (no_syntax) told += join_text("invalid expression: ", expression, "; ");
  if (why.starts_with("like does not work on ")) {
    told += "like operation on non-string or no-json field is unsupported: ";
  }
  if (!compared.empty()) told += compared;
  if (!absent.empty()) told += join_text("field ", absent, " not exist: ");
  return told.append(why);
}

}  // namespace

Fault filter_fault(const Error& error, std::string_view expression, std::string_view plan) {
  constexpr std::size_t kShownBytes = 4'096;
  Fault fault(error);
  if (expression.empty() || error.code != ErrorCode::kInvalidArgument ||
      !error.message.starts_with("filter: ")) {
    return fault;
  }
  const std::string_view shown = !is_utf8(expression)              ? std::string_view("(not UTF-8)")
                                 : expression.size() > kShownBytes ? std::string_view("(long)")
                                                                   : expression;
  std::string_view why = error.message;
  why.remove_prefix(std::string_view("filter: ").size());
  fault.message = join_text("failed to create ", plan, " plan: ", told_as_milvus(shown, why));
  return fault;
}

}  // namespace simile::server
