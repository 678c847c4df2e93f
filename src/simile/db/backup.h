#pragma once
/// Backups: a copy of the files as they were at one moment, beside a writer or without one.
///
///   1. List the files; open those that a database may need: of each folder its newest manifest and
///      keyring, and everything else. Files never change, but for the newest log, of which what
///      was there then is copied; and who has a file open may read it when it is gone.
///   2. List them again. Files go only after a manifest without them is durable, so that where no
///      manifest and no keyring is newer now, nothing is missing. Otherwise begin again.
///   3. Copy them, manifests behind the others, and write `BACKUP.json` last: every path with its
///      size and checksum. What has none was cut off.
/// The newest log of the copy ends where it was read, perhaps within a frame, as after a crash:
/// opening it finds every write that was acknowledged before the backup began.
/// The bytes are those of the disk: the backup of an encrypted database is encrypted.

#include <memory>

#include "simile/database.h"
#include "simile/io/storage.h"

namespace simile::db {

inline constexpr std::string_view kBackupList = "BACKUP.json";

struct BackupJob {
  const Progress& progress;
  const CancelToken* cancel = nullptr;
};

/// kAlreadyExists where a storage holds something.
Status need_empty(const io::Storage& to);

/// Into an empty storage, which then is a database.
Result<BackupReport> back_up(const io::Storage& from, io::Storage& to, const BackupJob& job);
/// Into the new file `name`, an archive.
Result<BackupReport> back_up_to_archive(const io::Storage& from, io::Storage& to,
                                        const std::string& name, const BackupJob& job);

/// The inverse, into an empty storage. Manifests are published last, once everything was compared
/// with the list; what fails before leaves no database there. kDataLoss names what differs.
Result<BackupReport> restore(const io::Storage& from, io::Storage& to, const BackupJob& job);
Result<BackupReport> restore_archive(std::shared_ptr<io::ReadableFile> archive, io::Storage& to,
                                     const BackupJob& job);

}  // namespace simile::db
