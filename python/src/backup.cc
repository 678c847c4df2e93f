/// Backups: what simile.backup, simile.restore and Database.backup call.

#include <nanobind/stl/string.h>

#include <string>

#include "bindings.h"
#include "interruptible.h"
#include "simile/database.h"

namespace simile::python {
namespace {

using namespace nb::literals;

using CopyFiles = Result<BackupReport> (*)(const std::string& from, const std::string& to,
                                           const Progress&, const CancelToken*);

template <CopyFiles copy>
nb::tuple copied(const std::string& from, const std::string& to, nb::handle progress) {
  Result<BackupReport> report = fail(ErrorCode::kUnknown, "");
  run_interruptibly(progress, [&](const LongCall& call) {
    report = copy(from, to, call.progress, &call.cancel);
  });
  const BackupReport found = value_of(std::move(report));
  return nb::make_tuple(found.files, found.bytes);
}

}  // namespace

void bind_backup(nb::module_& module) {
  module.def("backup", &copied<&backup_database>, "path"_a, "to"_a, "progress"_a.none());
  module.def("restore", &copied<&restore_database>, "backup"_a, "path"_a, "progress"_a.none());
}

}  // namespace simile::python
