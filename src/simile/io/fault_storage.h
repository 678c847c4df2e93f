#pragma once
/// A disk in memory that fails on purpose: what crash and error tests run on.
///
/// The model, which is no kinder than a real disk:
/// 1. Every change is a numbered step, from 1: create, append, sync, sync of the folder (the first
///    sync of a new file), remove; publish is write, sync, rename, sync of the folder.
/// 2. A file has a durable beginning, moved forward by sync alone, and an unsynced rest. Names are
///    durable from the sync of their folder on. A removal is never known to be durable.
/// 3. Where power is cut, the step at hand has reached the disk or not, and its caller sees an
///    error; so does every operation after it. after_power_loss() then decides, by its seed, for
///    each unsynced name and each unsynced rest on its own, what the disk holds.
/// 4. A step that fails is done in part or not at all: half of an append is there, a rename is not.
///    After a failed append or sync the file takes nothing more, as on posix.
///
///   auto disk = FaultStorage::make();
///   disk->cut_power_at(17);
///   run_until_error(disk);                        // acknowledges some operations
///   auto later = disk->after_power_loss(seed);    // open the database on it and compare
///
/// Thread rule: any call from any thread.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simile/io/storage.h"

namespace simile::io {

struct MemoryFile;

struct FaultStep {
  enum class Kind : std::uint8_t { kCreate, kAppend, kSync, kRename, kSyncFolder, kRemove };
  Kind kind = Kind::kCreate;
  std::string path;
  std::uint64_t bytes = 0;  ///< of an append
};

/// "append 312 B to wal/000001.log", for the message of a failing test.
std::string describe(const FaultStep& step);

/// The errors a step can fail with; the same codes and words as on posix.
enum class Fault : std::uint8_t { kDiskFull, kDiskError };

class FaultStorage final : public Storage, public std::enable_shared_from_this<FaultStorage> {
 public:
  static std::shared_ptr<FaultStorage> make();

  // --- Steps ---------------------------------------------------------------------------------

  /// Steps begun so far. A run without faults tells how many there are to cut at.
  std::uint64_t steps() const;
  /// All of them, the first at [0].
  std::vector<FaultStep> history() const;

  // --- Power ---------------------------------------------------------------------------------

  /// The step with this number, and every operation after it, fails with kUnavailable.
  void cut_power_at(std::uint64_t step);
  void cut_power();
  bool power_is_cut() const;

  /// A new disk, whole again, with what this one may hold after losing power now (cut or not).
  /// Seed 0 loses all that is unsynced; seed 1 keeps it all, which is also what a killed process
  /// leaves; others choose, and tear files at a byte, or by blocks of 512 bytes that are lost (read
  /// as zeros) or stale (read as noise). Locks are free again, no faults are set, steps are 0.
  std::shared_ptr<FaultStorage> after_power_loss(std::uint64_t seed) const;

  // --- Errors --------------------------------------------------------------------------------

  /// Fails the step with this number, once.
  void fail_step(std::uint64_t step, Fault fault);
  /// Fails the next step of this kind on a path that begins with `prefix`, once.
  void fail_next(FaultStep::Kind kind, std::string_view prefix, Fault fault);
  /// From now on appends fail with kDiskFull where all files together would exceed this.
  void set_capacity(std::uint64_t bytes);

  // --- Damage: bits that rot on the disk. Files opened before are not touched. ------------------

  /// Bit 0 is the lowest of the first byte. kOutOfRange where the file is shorter.
  Status flip_bit(const std::string& path, std::uint64_t bit);
  Status truncate(const std::string& path, std::uint64_t size);
  /// Replaces the contents, or adds a file.
  Status overwrite(const std::string& path, std::span<const std::byte> bytes);
  Result<std::vector<std::byte>> contents(const std::string& path) const;

  // --- Storage -------------------------------------------------------------------------------

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
  Result<std::shared_ptr<ReadableFile>> open(const std::string& path) const override;
  Status publish(const std::string& path, std::span<const std::byte> bytes) override;
  Status remove(const std::string& path) override;
  Status wipe(const std::string& path) override { return remove(path); }
  Result<std::vector<FileEntry>> list(const std::string& prefix) const override;
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;
  const std::string& root() const override { return root_; }

 private:
  friend class FaultWritableFile;
  friend class FaultLock;

  /// What a path leads to: now, and on the disk. A removed file stays on the disk.
  struct Name {
    std::shared_ptr<MemoryFile> now;
    std::shared_ptr<MemoryFile> durable;
  };
  enum class Outcome : std::uint8_t { kDone, kFailed, kPowerCut };
  struct Step {
    Outcome outcome = Outcome::kDone;
    Error error;
  };
  struct NextFault {
    FaultStep::Kind kind;
    std::string prefix;
    Fault fault;
  };

  FaultStorage() = default;
  Step begin(FaultStep::Kind kind, const std::string& path, std::uint64_t bytes);
  Status check_power(std::string_view doing, const std::string& path) const;
  Status append_to(MemoryFile& file, const std::string& path, std::span<const std::byte> bytes);
  Status sync_file(MemoryFile& file, const std::string& path);
  Status sync_name(const std::shared_ptr<MemoryFile>& file, const std::string& path);
  Result<std::shared_ptr<MemoryFile>> find(const std::string& path) const;
  std::uint64_t used_bytes() const;

  mutable std::mutex mutex_;
  std::string root_ = "fault";
  std::map<std::string, Name> names_;
  std::set<std::string> locks_;
  std::vector<FaultStep> history_;
  std::optional<std::uint64_t> cut_at_;
  bool power_is_cut_ = false;
  std::map<std::uint64_t, Fault> faults_;
  std::vector<NextFault> next_faults_;
  std::optional<std::uint64_t> capacity_;
};

}  // namespace simile::io
