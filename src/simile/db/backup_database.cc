/// backup_database() and restore_database(): where backups lie on the disk.

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/backup.h"
#include "simile/segment/file_names.h"

namespace simile {

namespace {

/// An archive by its name: the folder it is in and its name there.
struct ArchivePlace {
  std::string folder;
  std::string name;
};

std::optional<ArchivePlace> archive_of(const std::string& path) {
  if (!path.ends_with(".tar")) return std::nullopt;
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ArchivePlace{".", path};
  return ArchivePlace{slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

struct NewDatabase {
  std::shared_ptr<io::Storage> storage;
  std::unique_ptr<io::Lock> lock;
};

/// Empty, and nobody else writes to it.
Result<NewDatabase> make_database(const std::string& path) {
  SIMILE_ASSIGN(auto storage, io::open_posix_storage(path, true));
  SIMILE_TRY(db::need_empty(*storage));
  SIMILE_ASSIGN(auto lock, storage->lock(std::string(segment::kLockName)));
  return NewDatabase{std::move(storage), std::move(lock)};
}

}  // namespace

Result<BackupReport> backup_database(const std::string& path, const std::string& to,
                                     const Progress& progress, const CancelToken* cancel) {
  SIMILE_ASSIGN(const auto from, io::open_posix_storage(path, false));
  const db::BackupJob job{.progress = progress, .cancel = cancel};
  if (const auto archive = archive_of(to)) {
    SIMILE_ASSIGN(const auto folder, io::open_posix_storage(archive->folder, false));
    return db::back_up_to_archive(*from, *folder, archive->name, job);
  }
  SIMILE_ASSIGN(const NewDatabase target, make_database(to));
  return db::back_up(*from, *target.storage, job);
}

Result<BackupReport> restore_database(const std::string& from, const std::string& path,
                                      const Progress& progress, const CancelToken* cancel) {
  const db::BackupJob job{.progress = progress, .cancel = cancel};
  if (const auto archive = archive_of(from)) {
    SIMILE_ASSIGN(const auto folder, io::open_posix_storage(archive->folder, false));
    SIMILE_ASSIGN(auto file, folder->open(archive->name));
    SIMILE_ASSIGN(const NewDatabase target, make_database(path));
    return db::restore_archive(std::move(file), *target.storage, job);
  }
  SIMILE_ASSIGN(const auto folder, io::open_posix_storage(from, false));
  SIMILE_ASSIGN(const NewDatabase target, make_database(path));
  return db::restore(*folder, *target.storage, job);
}

Result<BackupReport> Database::backup(const std::string& to, const Progress& progress,
                                      const CancelToken* cancel) const {
  return backup_database(info().path, to, progress, cancel);
}

}  // namespace simile
