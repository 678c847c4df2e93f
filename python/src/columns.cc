#include "columns.h"

#include <nanobind/stl/string_view.h>

#include <string>

#include "numpy_array.h"

namespace simile::python {
namespace {

/// Views into bytes, and into the UTF-8 that Python keeps with each str; None is an empty view.
std::vector<std::string_view> views_of(nb::handle list, std::string_view field) {
  std::vector<std::string_view> views;
  views.reserve(nb::len(list));
  for (const nb::handle item : list) {
    if (item.is_none()) {
      views.emplace_back();
      continue;
    }
    if (PyBytes_Check(item.ptr())) {
      views.emplace_back(PyBytes_AS_STRING(item.ptr()),
                         static_cast<std::size_t>(PyBytes_GET_SIZE(item.ptr())));
      continue;
    }
    Py_ssize_t length = 0;
    const char* text =
        PyUnicode_Check(item.ptr()) ? PyUnicode_AsUTF8AndSize(item.ptr(), &length) : nullptr;
    if (text == nullptr) {
      PyErr_Clear();
      raise_invalid("field '" + std::string(field) + "': row " + std::to_string(views.size()) +
                    " is " + nb::repr(item).c_str() + ", which is no text");
    }
    views.emplace_back(text, static_cast<std::size_t>(length));
  }
  return views;
}

nb::str text_of(std::string_view text) { return nb::str(text.data(), text.size()); }

nb::object strings_of(const Column& column) {
  nb::list list;
  for (const std::string& text : column.strings) {
    if (column.type == FieldType::kSparse) {
      list.append(nb::bytes(text.data(), text.size()));
    } else {
      list.append(text_of(text));
    }
  }
  return list;
}

nb::object fixed_of(Column& column) {
  switch (column.type) {
    case FieldType::kString:
    case FieldType::kJson:
    case FieldType::kSparse: return nb::none();
    case FieldType::kVector: return array_of(std::move(column.fixed), column.vector);
    case FieldType::kArray:
      if (width_of(column.element_type) == 0) return nb::none();
      return array_of(std::move(column.fixed), column.element_type);
    default: return array_of(std::move(column.fixed), column.type);
  }
}

bool holds_strings(const Column& column) {
  return column.type == FieldType::kString || column.type == FieldType::kJson ||
         column.type == FieldType::kSparse ||
         (column.type == FieldType::kArray && column.element_type == FieldType::kString);
}

}  // namespace

BorrowedBatch::BorrowedBatch(const Schema& schema, std::size_t rows, nb::handle columns) {
  batch_.rows = rows;
  for (const nb::handle entry : columns) {
    const auto column = nb::cast<nb::tuple>(entry);
    const Field* field = schema.find(nb::cast<std::string_view>(column[0]));
    if (field == nullptr) raise_invalid("a column that is no field");
    ColumnView view;
    view.field = field->name;
    view.type = field->type;
    view.element_type = field->element_type;
    view.vector = field->vector;
    if (!column[1].is_none()) view.fixed = bytes_of(column[1]);
    if (!column[2].is_none()) {
      view.strings = strings_.emplace_back(views_of(column[2], field->name));
    }
    if (!column[3].is_none()) {
      const auto bytes = bytes_of(column[3]);
      view.offsets = {reinterpret_cast<const std::uint64_t*>(bytes.data()), bytes.size() / 8};
    }
    if (!column[4].is_none()) {
      const auto bytes = bytes_of(column[4]);
      view.valid = {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
    }
    batch_.columns.push_back(view);
  }
}

BorrowedQueries::BorrowedQueries(nb::handle queries, const Field& field) {
  single = PyBytes_Check(queries.ptr()) || PyUnicode_Check(queries.ptr());
  views = views_of(single ? nb::make_tuple(queries) : nb::borrow(queries), field.name);
}

BorrowedKeys::BorrowedKeys(const Schema& schema, nb::handle keys) {
  const Field& key = schema.primary_key();
  if (key.type == FieldType::kString) {
    strings_ = views_of(keys, key.name);
    view_ = std::span<const std::string_view>(strings_);
  } else {
    const auto bytes = bytes_of(keys);
    view_ = std::span(reinterpret_cast<const std::int64_t*>(bytes.data()), bytes.size() / 8);
  }
}

nb::list columns_of(Table&& table) {
  nb::list list;
  for (Column& column : table.columns) {
    nb::object offsets = nb::none();
    nb::object valid = nb::none();
    nb::object strings = nb::none();
    if (holds_strings(column)) strings = strings_of(column);
    if (column.type == FieldType::kArray) offsets = array_of(std::move(column.offsets));
    if (!column.valid.empty()) valid = array_of(std::move(column.valid));
    list.append(nb::make_tuple(text_of(column.field), fixed_of(column), strings, offsets, valid));
  }
  return list;
}

nb::object described(const Field& field) {
  const bool vector = field.type == FieldType::kVector;
  const bool array = field.type == FieldType::kArray;
  nb::dict values;
  values["name"] = text_of(field.name);
  values["spec"] = text_of(describe(field));
  values["type"] = text_of(name_of(field.type));
  values["element"] = vector  ? nb::object(text_of(name_of(field.vector.element)))
                      : array ? nb::object(text_of(name_of(field.element_type)))
                              : nb::none();
  values["dim"] = vector ? nb::object(nb::int_(field.vector.dim)) : nb::none();
  const bool searched = field.is_searched();
  values["metric"] = searched ? nb::object(text_of(name_of(field.metric))) : nb::none();
  const bool indexed = field.scalar_index != ScalarIndex::kNone;
  values["index"] = searched  ? nb::object(text_of(name_of(field.index)))
                    : indexed ? nb::object(text_of(name_of(field.scalar_index)))
                              : nb::none();
  values["primary_key"] = nb::bool_(field.primary_key);
  values["auto_id"] = nb::bool_(field.auto_id);
  values["nullable"] = nb::bool_(field.nullable);
  return nb::module_::import_("simile._columns").attr("Field")(**values);
}

nb::list fields_of(const Schema& schema) {
  nb::list list;
  for (const Field& field : schema.fields()) {
    if (field.name != kPartitionField) list.append(described(field));
  }
  return list;
}

}  // namespace simile::python
