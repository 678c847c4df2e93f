#include "simile/db/fetch_rows.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::db {

namespace {

/// So many texts of a segment are gathered before their bytes are counted: 64 MiB where each is as
/// long as one may be.
constexpr std::size_t kGroupRows = 1'024;

/// What a table may take, and what is left of it.
class Bytes {
 public:
  explicit Bytes(std::uint64_t most) : most_(most), left_(most) {}

  Status take(std::uint64_t bytes) {
    if (bytes > left_) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("the rows that are asked for take more than ", most_,
                            " bytes of memory, the most of one call (call_bytes_max); ask for "
                            "fewer rows or fields"));
    }
    left_ -= bytes;
    return {};
  }
  /// Of a part of a column, what its texts and elements take.
  Status take_values(const Column& part) {
    std::uint64_t bytes = part.fixed.size();
    for (const std::string& text : part.strings) bytes += sizeof(text) + text.size();
    return take(bytes);
  }

 private:
  const std::uint64_t most_;
  std::uint64_t left_;
};

/// Rows of one segment, and their places in the table.
struct SegmentRows {
  std::uint32_t segment = 0;
  std::vector<RowId> rows;
  std::vector<std::size_t> places;
};

std::vector<SegmentRows> group_by_segment(std::span<const RowAddress> rows, std::size_t segments) {
  std::vector<SegmentRows> groups(segments);
  std::vector<SegmentRows> full;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SegmentRows& group = groups[rows[i].segment];
    if (group.rows.size() == kGroupRows) full.push_back(std::exchange(group, {}));
    group.segment = rows[i].segment;
    group.rows.push_back(rows[i].row);
    group.places.push_back(i);
  }
  std::erase_if(groups, [](const SegmentRows& group) { return group.rows.empty(); });
  std::ranges::move(full, std::back_inserter(groups));
  return groups;
}

std::size_t width_of_value(const Field& field) {
  return field.type == FieldType::kVector ? field.vector.bytes() : width_of(field.type);
}

void fetch_vectors(const segment::Segment& segment, std::size_t position, const SegmentRows& group,
                   Column& out) {
  const RowId last = *std::ranges::max_element(group.rows);
  const auto parts = segment.vectors(position, value_of(last) + std::size_t{1});
  const std::size_t width = out.vector.bytes();
  for (std::size_t i = 0; i < group.rows.size(); ++i) {
    std::size_t row = value_of(group.rows[i]);
    std::size_t part = 0;
    while (row >= parts[part].vectors.rows) row -= parts[part++].vectors.rows;
    std::memcpy(out.fixed.data() + group.places[i] * width, parts[part].vectors.row(row), width);
  }
}

Status fetch_presence(const segment::Segment& segment, const Field& field, const SegmentRows& group,
                      Column& out) {
  SIMILE_ASSIGN(const Column presence, scalar::gather(*segment.column(field.name), group.rows));
  if (presence.valid.empty()) return {};
  if (out.valid.empty()) out.valid.assign(out.rows, 1);
  const std::size_t width = out.vector.bytes();
  for (std::size_t i = 0; i < group.places.size(); ++i) {
    if (presence.valid[i] != 0) continue;
    out.valid[group.places[i]] = 0;
    std::memset(out.fixed.data() + group.places[i] * width, 0, width);
  }
  return {};
}

/// Moves the values of a gathered column to their places; arrays are laid out by scatter_arrays.
void scatter(Column& from, const SegmentRows& group, Column& out) {
  const std::size_t width = width_of(out.type);
  for (std::size_t i = 0; i < group.places.size(); ++i) {
    const std::size_t place = group.places[i];
    if (!from.valid.empty()) {
      if (out.valid.empty()) out.valid.assign(out.rows, 1);
      out.valid[place] = from.valid[i];
    }
    if (out.type == FieldType::kArray) continue;
    if (width == 0) {
      out.strings[place] = std::move(from.strings[i]);
    } else {
      std::memcpy(out.fixed.data() + place * width, from.fixed.data() + i * width, width);
    }
  }
}

void scatter_arrays(std::vector<Column>& parts, const std::vector<SegmentRows>& groups,
                    Column& out) {
  out.offsets.assign(out.rows + 1, 0);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (std::size_t i = 0; i < groups[g].places.size(); ++i) {
      out.offsets[groups[g].places[i] + 1] = parts[g].offsets[i + 1] - parts[g].offsets[i];
    }
  }
  for (std::size_t row = 0; row < out.rows; ++row) out.offsets[row + 1] += out.offsets[row];
  const std::size_t width = width_of(out.element_type);
  if (width == 0) {
    out.strings.resize(out.offsets.back());
  } else {
    out.fixed.resize(out.offsets.back() * width);
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (std::size_t i = 0; i < groups[g].places.size(); ++i) {
      const std::size_t from = parts[g].offsets[i];
      const std::size_t count = parts[g].offsets[i + 1] - from;
      const std::size_t to = out.offsets[groups[g].places[i]];
      if (width != 0 && count != 0) {
        std::memcpy(out.fixed.data() + to * width, parts[g].fixed.data() + from * width,
                    count * width);
      }
      for (std::size_t e = 0; width == 0 && e < count; ++e) {
        out.strings[to + e] = std::move(parts[g].strings[from + e]);
      }
    }
  }
}

Result<Column> fetch_column(const CollectionView& view, const Field& field, std::size_t rows,
                            const std::vector<SegmentRows>& groups, Bytes& bytes) {
  Column out;
  out.field = field.name;
  out.type = field.type;
  out.element_type = field.element_type;
  out.vector = field.vector;
  out.rows = rows;
  const std::size_t width = width_of_value(field);
  SIMILE_TRY(bytes.take(rows * width));  // 2^32 rows of at most 256 KiB
  if (width != 0) out.fixed.resize(rows * width);
  if (width == 0 && field.type != FieldType::kArray) out.strings.resize(rows);
  const auto position = static_cast<std::size_t>(&field - view.schema->fields().data());
  std::vector<Column> parts;
  for (const SegmentRows& group : groups) {
    const segment::Segment& segment = *view.segments[group.segment].segment;
    if (field.type == FieldType::kVector) {
      fetch_vectors(segment, position, group, out);
      if (field.nullable) SIMILE_TRY(fetch_presence(segment, field, group, out));
      continue;
    }
    const scalar::ColumnReader* column = segment.column(field.name);
    SIMILE_TRY(column->check());
    SIMILE_ASSIGN(Column part, scalar::gather(*column, group.rows));
    if (width == 0) SIMILE_TRY(bytes.take_values(part));
    scatter(part, group, out);
    parts.push_back(std::move(part));
  }
  if (field.type == FieldType::kArray) scatter_arrays(parts, groups, out);
  return out;
}

}  // namespace

Result<std::vector<const Field*>> fields_to_fetch(const Schema& schema,
                                                  const std::vector<std::string>& names) {
  std::vector<const Field*> fields = {&schema.primary_key()};
  for (const std::string& name : names) {
    const Field* field = schema.find(name);
    if (field == nullptr) {
      std::string known;
      for (const Field& each : schema.fields()) known += (known.empty() ? "" : ", ") + each.name;
      return fail(ErrorCode::kInvalidArgument,
                  join_text("unknown field '", name, "'; known fields: ", known));
    }
    if (std::ranges::find(fields, field) == fields.end()) fields.push_back(field);
  }
  return fields;
}

std::vector<const Field*> every_field(const Schema& schema) {
  std::vector<const Field*> fields = {&schema.primary_key()};
  for (const Field& field : schema.fields()) {
    if (!field.primary_key && field.name != kPartitionField) fields.push_back(&field);
  }
  return fields;
}

Result<Table> fetch_rows(const CollectionView& view, std::span<const RowAddress> rows,
                         const std::vector<const Field*>& fields, std::uint64_t bytes_max) {
  Bytes bytes(bytes_max);
  const std::vector<SegmentRows> groups = group_by_segment(rows, view.segments.size());
  Table table;
  table.rows = rows.size();
  for (const Field* field : fields) {
    SIMILE_ASSIGN(Column column, fetch_column(view, *field, rows.size(), groups, bytes));
    table.columns.push_back(std::move(column));
  }
  return table;
}

}  // namespace simile::db
