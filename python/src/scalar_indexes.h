#pragma once
/// Indexes that filters use, and how a filter was answered, as dicts of the members.

#include <vector>

#include "error.h"
#include "simile/collection.h"

namespace simile::python {

nb::list scalar_indexes_of(const std::vector<ScalarIndexInfo>& infos);
nb::dict plan_of(const FilterPlan& plan);

}  // namespace simile::python
