#include "scalar_indexes.h"

#include <string>

namespace simile::python {

namespace {

nb::str text_of(std::string_view text) { return nb::str(text.data(), text.size()); }

}  // namespace

nb::list scalar_indexes_of(const std::vector<ScalarIndexInfo>& infos) {
  nb::list indexes;
  for (const ScalarIndexInfo& info : infos) {
    nb::dict values;
    values["field"] = text_of(info.field);
    values["kind"] = text_of(name_of(info.kind));
    values["rows"] = info.rows;
    values["indexed_rows"] = info.indexed_rows;
    values["disk_bytes"] = info.disk_bytes;
    values["uses"] = info.uses;
    values["rows_spared"] = info.rows_spared;
    indexes.append(values);
  }
  return indexes;
}

nb::dict plan_of(const FilterPlan& plan) {
  nb::list indexes;
  for (const FilterPlan::Index& index : plan.indexes) {
    nb::dict values;
    values["field"] = text_of(index.field);
    values["kind"] = text_of(name_of(index.kind));
    values["segments"] = index.segments;
    values["entries"] = index.entries;
    indexes.append(values);
  }
  nb::dict all;
  all["rows"] = plan.rows;
  all["selected"] = plan.selected;
  all["looked_at"] = plan.looked_at;
  all["segments"] = plan.segments;
  all["indexes"] = indexes;
  return all;
}

}  // namespace simile::python
