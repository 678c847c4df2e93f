#pragma once
/// A directory of collections with one write-ahead log.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "simile/collection.h"
#include "simile/error.h"
#include "simile/progress.h"
#include "simile/properties.h"

namespace simile {

/// Where the key of an encrypted database comes from: 32 bytes, written as 64 hexadecimal digits.
/// At most one is given; none for a database that is not encrypted.
struct KeySource {
  std::string digits;   ///< the digits themselves
  std::string file;     ///< a file that holds them, and that nobody but its owner may read
  std::string command;  ///< prints them; run by /bin/sh, of a key service for example

  bool given() const { return !digits.empty() || !file.empty() || !command.empty(); }
};

/// A new key, from the random generator of the system.
Result<std::string> make_key();

/// From the environment: SIMILE_KEY, SIMILE_KEY_FILE, SIMILE_KEY_COMMAND.
KeySource key_from_environment();

struct OpenOptions {
  bool create = true;         ///< make the directory where there is none
  bool read_only = false;     ///< beside a writer in another process; see refresh()
  bool background = true;     ///< flush and compact by themselves on a thread of their own
  std::uint32_t threads = 0;  ///< for building indexes; 0: every core
  std::uint64_t growing_bytes_max = 256ull << 20;  ///< a growing segment is sealed above this
  std::uint64_t segment_rows_max = 4'000'000;      ///< compaction makes no larger segment
  /// A database that is made is encrypted where this is given, and needs it whenever it is opened.
  KeySource key = {};
};

/// One operation of a batch that spans collections.
struct WriteOperation {
  enum class Kind : std::uint8_t { kInsert, kUpsert, kErase, kUpdate };
  Kind kind = Kind::kUpsert;
  std::string collection;
  Batch rows;     ///< kInsert, kUpsert, kUpdate
  KeysView keys;  ///< kErase
};

/// Something wrong with the files of a database.
struct Damage {
  std::string file;
  std::string what;         ///< one line
  bool repairable = false;  ///< derived data, which is built again from rows by opening for writing
};

struct VerifyReport {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  std::vector<Damage> damages;
};

/// What a backup holds.
struct BackupReport {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

struct DatabaseInfo {
  std::string path;
  std::uint64_t sequence = 0;  ///< of the last acknowledged write
  std::uint64_t wal_bytes = 0;
  std::uint64_t disk_bytes = 0;
  double open_seconds = 0;
  std::vector<CollectionInfo> collections;
};

/// Thread rule: everything may be called from any thread. One process writes, any number read.
class Database {
 public:
  /// Fails with kUnavailable, naming the process id, while another process writes;
  /// kFailedPrecondition where the directory is not a database, or is not encrypted and a key is
  /// given; kPermissionDenied without its key; kUnimplemented for a newer format.
  static Result<std::unique_ptr<Database>> open(const std::string& path,
                                                const OpenOptions& options = {});
  virtual ~Database() = default;

  /// Names: letters, digits, '_', '-' and '.', at most 255 of them, the first a letter or '_'.
  virtual Result<std::shared_ptr<Collection>> create_collection(
      std::string_view name, const Schema& schema, const Properties& properties = {}) = 0;
  virtual Result<std::shared_ptr<Collection>> collection(std::string_view name) const = 0;
  /// Of an encrypted database, its keys are erased, and with them its rows wherever they still lie:
  /// once the last snapshot of it is gone.
  virtual Status drop_collection(std::string_view name) = 0;
  /// kAlreadyExists where `to` is taken. Objects of the collection go on working.
  virtual Status rename_collection(std::string_view from, std::string_view to) = 0;
  virtual std::vector<std::string> collections() const = 0;

  virtual Properties properties() const = 0;
  /// All changes or none; durable on return.
  virtual Status change_properties(const PropertyChanges& changes) = 0;

  /// All operations, in order, or none: durable and visible together.
  virtual Result<WriteResult> write(const std::vector<WriteOperation>& operations) = 0;

  /// Of an encrypted database: from now on it is opened by `key` alone. Data is not written anew.
  /// kFailedPrecondition where it is not encrypted; see copy_database().
  virtual Status change_key(const KeySource& key) = 0;

  /// A backup as backup_database() makes it, with every write that was acknowledged before.
  Result<BackupReport> backup(const std::string& to, const Progress& progress = {},
                              const CancelToken* cancel = nullptr) const;

  /// Read-only databases: see what the writer has acknowledged since.
  virtual Status refresh() = 0;
  virtual DatabaseInfo info() const = 0;
  /// Finishes background work, which may take minutes where indexes are still to be built, syncs
  /// and unlocks; later calls fail. Where it is cancelled it leaves such indexes to the next
  /// opening, as the destructor does, which is no error.
  virtual Status close(const CancelToken* cancel = nullptr) = 0;
};

/// Reads every byte of a database that no process is writing and reports what is wrong. An error is
/// returned only where the check itself could not be made.
Result<VerifyReport> verify_database(const std::string& path, const Progress& progress = {},
                                     const CancelToken* cancel = nullptr,
                                     const KeySource& key = {});

/// Copies a database, those of a server in its `databases` too, to the new directory `to` or, where
/// that ends with ".tar", into a new archive. Whoever writes meanwhile is not held up: the copy has
/// every write that was acknowledged before it began, and perhaps later ones. Bytes are copied as
/// they are, so that the backup of an encrypted database is encrypted, and no key is needed.
/// Progress is in bytes. What fails or is cancelled leaves nothing; kAlreadyExists where there is
/// something.
Result<BackupReport> backup_database(const std::string& path, const std::string& to,
                                     const Progress& progress = {},
                                     const CancelToken* cancel = nullptr);

/// Makes the database in `path`, a new or empty directory, from a backup, directory or archive.
/// Every byte is compared with the checksums of the backup first; kDataLoss names what differs, and
/// then, or where it is cancelled, no database is there. kAlreadyExists where there is something.
Result<BackupReport> restore_database(const std::string& from, const std::string& path,
                                      const Progress& progress = {},
                                      const CancelToken* cancel = nullptr);

/// Copies a database that no process is writing to the new directory `to`, encrypted with `to_key`
/// or, where none is given, not at all. Progress is in bytes. What fails or is cancelled leaves no
/// database in `to`; kAlreadyExists where there is something.
Status copy_database(const std::string& from, const KeySource& from_key, const std::string& to,
                     const KeySource& to_key, const Progress& progress = {},
                     const CancelToken* cancel = nullptr);

}  // namespace simile
