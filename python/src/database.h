#pragma once
/// The database object that Python holds; shared, so that collections may outlive their Database.

#include <memory>

#include "simile/database.h"

namespace simile::python {

struct NativeDatabase {
  std::shared_ptr<Database> database;
};

}  // namespace simile::python
