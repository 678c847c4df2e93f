#include "simile/io/fault_storage.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/random.h"
#include "simile/base/text.h"
#include "simile/io/memory_file.h"
#include "simile/io/path.h"
#include "simile/io/posix_error.h"

namespace simile::io {

namespace {

constexpr std::uint64_t kBlockBytes = 512;

std::string_view verb_of(FaultStep::Kind kind) {
  switch (kind) {
    case FaultStep::Kind::kCreate: return "create";
    case FaultStep::Kind::kAppend: return "write";
    case FaultStep::Kind::kSync: return "sync";
    case FaultStep::Kind::kRename: return "rename";
    case FaultStep::Kind::kSyncFolder: return "sync folder of";
    case FaultStep::Kind::kRemove: return "remove";
  }
  return "change";
}

Error error_of(Fault fault, std::string_view doing, const std::string& path) {
  return posix_error(fault == Fault::kDiskFull ? ENOSPC : EIO, doing, path);
}

/// What is left of bytes from `durable` on; the file keeps its length, or loses its end.
void tear(std::vector<std::byte>& bytes, std::uint64_t durable, Random& random) {
  const std::uint64_t unsynced = bytes.size() - durable;
  if (unsynced == 0) return;
  const std::uint64_t fate = random.below(5);
  if (fate == 0) return bytes.resize(durable);
  if (fate == 1) return;  // all of it is there
  // A length that was written before the data: any of them may be.
  bytes.resize(durable + random.below(unsynced + 1));
  if (fate == 2) return;  // torn at a byte
  for (std::uint64_t at = durable; at < bytes.size();) {
    const std::uint64_t end =
        std::min<std::uint64_t>(bytes.size(), (at / kBlockBytes + 1) * kBlockBytes);
    const bool lost = random.below(2) == 0;
    for (; at < end; ++at) {
      if (lost) bytes[at] = fate == 3 ? std::byte{0} : static_cast<std::byte>(random.next());
    }
  }
}

}  // namespace

std::string describe(const FaultStep& step) {
  if (step.kind == FaultStep::Kind::kAppend) {
    return join_text("append ", step.bytes, " B to ", step.path);
  }
  return join_text(verb_of(step.kind), ' ', step.path);
}

class FaultWritableFile final : public WritableFile {
 public:
  FaultWritableFile(std::string path, std::shared_ptr<FaultStorage> disk,
                    std::shared_ptr<MemoryFile> file)
      : path_(std::move(path)), disk_(std::move(disk)), file_(std::move(file)) {}

  const std::string& path() const override { return path_; }
  std::uint64_t size() const override {
    const std::lock_guard guard(disk_->mutex_);
    return file_->bytes->size();
  }
  Status append(std::span<const std::byte> bytes) override {
    return run([&] { return disk_->append_to(*file_, path_, bytes); });
  }
  Status sync() override {
    return run([&]() -> Status {
      SIMILE_TRY(disk_->sync_file(*file_, path_));
      if (name_is_durable_) return {};
      SIMILE_TRY(disk_->sync_name(file_, path_));
      name_is_durable_ = true;
      return {};
    });
  }
  Status close() override {
    if (closed_) return {};
    closed_ = true;
    if (error_) return std::unexpected(*error_);
    const std::lock_guard guard(disk_->mutex_);
    return disk_->check_power("close", path_);
  }

 private:
  template <class Work>
  Status run(Work&& work) {
    SIMILE_CHECK(!closed_);
    if (error_) return std::unexpected(*error_);
    const std::lock_guard guard(disk_->mutex_);
    Status done = work();
    if (!done) error_ = done.error();
    return done;
  }

  std::string path_;
  std::shared_ptr<FaultStorage> disk_;
  std::shared_ptr<MemoryFile> file_;
  std::optional<Error> error_;
  bool name_is_durable_ = false;
  bool closed_ = false;
};

class FaultLock final : public Lock {
 public:
  FaultLock(std::string path, std::shared_ptr<FaultStorage> disk)
      : path_(std::move(path)), disk_(std::move(disk)) {}
  ~FaultLock() override {
    const std::lock_guard guard(disk_->mutex_);
    disk_->locks_.erase(path_);
  }

 private:
  std::string path_;
  std::shared_ptr<FaultStorage> disk_;
};

// --- Steps ---------------------------------------------------------------------------------------

std::shared_ptr<FaultStorage> FaultStorage::make() {
  return std::shared_ptr<FaultStorage>(new FaultStorage);
}

std::uint64_t FaultStorage::steps() const {
  const std::lock_guard guard(mutex_);
  return history_.size();
}

std::vector<FaultStep> FaultStorage::history() const {
  const std::lock_guard guard(mutex_);
  return history_;
}

FaultStorage::Step FaultStorage::begin(FaultStep::Kind kind, const std::string& path,
                                       std::uint64_t bytes) {
  const FaultStep step{kind, path, bytes};
  if (power_is_cut_) {
    return {Outcome::kFailed, check_power(verb_of(kind), path).error()};
  }
  history_.push_back(step);
  const std::uint64_t number = history_.size();
  if (cut_at_ == number) {
    power_is_cut_ = true;
    return {Outcome::kPowerCut,
            Error{ErrorCode::kUnavailable,
                  join_text("power was cut at step ", number, ": ", describe(step))}};
  }
  if (const auto fault = faults_.find(number); fault != faults_.end()) {
    return {Outcome::kFailed, error_of(fault->second, verb_of(kind), path)};
  }
  const auto next = std::ranges::find_if(next_faults_, [&](const NextFault& f) {
    return f.kind == kind && path.starts_with(f.prefix);
  });
  if (next != next_faults_.end()) {
    const Fault fault = next->fault;
    next_faults_.erase(next);
    return {Outcome::kFailed, error_of(fault, verb_of(kind), path)};
  }
  if (kind == FaultStep::Kind::kAppend && capacity_ && used_bytes() + bytes > *capacity_) {
    return {Outcome::kFailed, error_of(Fault::kDiskFull, verb_of(kind), path)};
  }
  return {};
}

Status FaultStorage::check_power(std::string_view doing, const std::string& path) const {
  if (!power_is_cut_) return {};
  return fail(ErrorCode::kUnavailable, join_text("cannot ", doing, " '", path, "': power is cut"));
}

std::uint64_t FaultStorage::used_bytes() const {
  std::uint64_t used = 0;
  for (const auto& [path, name] : names_) {
    if (name.now != nullptr) used += name.now->bytes->size();
  }
  return used;
}

Status FaultStorage::append_to(MemoryFile& file, const std::string& path,
                               std::span<const std::byte> bytes) {
  const Step step = begin(FaultStep::Kind::kAppend, path, bytes.size());
  if (step.outcome == Outcome::kFailed) bytes = bytes.first(power_is_cut_ ? 0 : bytes.size() / 2);
  std::vector<std::byte>& own = file.own();
  own.insert(own.end(), bytes.begin(), bytes.end());
  if (step.outcome != Outcome::kDone) return std::unexpected(step.error);
  return {};
}

Status FaultStorage::sync_file(MemoryFile& file, const std::string& path) {
  const Step step = begin(FaultStep::Kind::kSync, path, 0);
  if (step.outcome != Outcome::kDone) return std::unexpected(step.error);
  file.durable = file.bytes->size();
  return {};
}

Status FaultStorage::sync_name(const std::shared_ptr<MemoryFile>& file, const std::string& path) {
  const Step step = begin(FaultStep::Kind::kSyncFolder, path, 0);
  if (step.outcome != Outcome::kDone) return std::unexpected(step.error);
  // A file that was removed, or replaced, since it was opened has no name to keep.
  const auto name = names_.find(path);
  if (name != names_.end() && name->second.now == file) name->second.durable = file;
  return {};
}

// --- Power and errors ----------------------------------------------------------------------------

void FaultStorage::cut_power_at(std::uint64_t step) {
  const std::lock_guard guard(mutex_);
  cut_at_ = step;
}

void FaultStorage::cut_power() {
  const std::lock_guard guard(mutex_);
  power_is_cut_ = true;
}

bool FaultStorage::power_is_cut() const {
  const std::lock_guard guard(mutex_);
  return power_is_cut_;
}

void FaultStorage::fail_step(std::uint64_t step, Fault fault) {
  const std::lock_guard guard(mutex_);
  faults_[step] = fault;
}

void FaultStorage::fail_next(FaultStep::Kind kind, std::string_view prefix, Fault fault) {
  const std::lock_guard guard(mutex_);
  next_faults_.push_back({kind, std::string(prefix), fault});
}

void FaultStorage::set_capacity(std::uint64_t bytes) {
  const std::lock_guard guard(mutex_);
  capacity_ = bytes;
}

std::shared_ptr<FaultStorage> FaultStorage::after_power_loss(std::uint64_t seed) const {
  const std::lock_guard guard(mutex_);
  Random random(seed);
  auto later = make();
  for (const auto& [path, name] : names_) {
    std::shared_ptr<MemoryFile> kept = seed == 1 ? name.now : name.durable;
    if (seed > 1 && name.now != name.durable) {
      // A path that was removed and made again may also be seen between the two.
      const std::uint64_t fate =
          random.below(name.now != nullptr && name.durable != nullptr ? 3 : 2);
      kept = fate == 0 ? name.durable : fate == 1 ? name.now : nullptr;
    }
    if (kept == nullptr) continue;
    auto file = std::make_shared<MemoryFile>();
    std::vector<std::byte>& bytes = file->own();
    bytes = *kept->bytes;
    if (seed == 0) bytes.resize(kept->durable);
    if (seed > 1) tear(bytes, kept->durable, random);
    file->durable = bytes.size();
    later->names_[path] = {file, file};
  }
  return later;
}

// --- Damage --------------------------------------------------------------------------------------

Result<std::shared_ptr<MemoryFile>> FaultStorage::find(const std::string& path) const {
  SIMILE_TRY(check_path(path));
  const auto name = names_.find(path);
  if (name == names_.end() || name->second.now == nullptr) {
    return std::unexpected(posix_error(ENOENT, "open", path));
  }
  return name->second.now;
}

Status FaultStorage::flip_bit(const std::string& path, std::uint64_t bit) {
  const std::lock_guard guard(mutex_);
  SIMILE_ASSIGN(const std::shared_ptr<MemoryFile> file, find(path));
  if (bit / 8 >= file->bytes->size()) {
    return fail(ErrorCode::kOutOfRange, join_text("'", path, "' ends before bit ", bit));
  }
  file->own()[bit / 8] ^= std::byte{1} << (bit % 8);
  return {};
}

Status FaultStorage::truncate(const std::string& path, std::uint64_t size) {
  const std::lock_guard guard(mutex_);
  SIMILE_ASSIGN(const std::shared_ptr<MemoryFile> file, find(path));
  if (size > file->bytes->size()) {
    return fail(ErrorCode::kOutOfRange, join_text("'", path, "' ends before byte ", size));
  }
  file->own().resize(size);
  file->durable = std::min(file->durable, size);
  return {};
}

Status FaultStorage::overwrite(const std::string& path, std::span<const std::byte> bytes) {
  SIMILE_TRY(check_path(path));
  const std::lock_guard guard(mutex_);
  auto file = std::make_shared<MemoryFile>();
  file->own().assign(bytes.begin(), bytes.end());
  file->durable = bytes.size();
  names_[path] = {file, file};
  return {};
}

Result<std::vector<std::byte>> FaultStorage::contents(const std::string& path) const {
  const std::lock_guard guard(mutex_);
  SIMILE_ASSIGN(const std::shared_ptr<MemoryFile> file, find(path));
  return *file->bytes;
}

// --- Storage -------------------------------------------------------------------------------------

Result<std::unique_ptr<WritableFile>> FaultStorage::create(const std::string& path) {
  SIMILE_TRY(check_path(path));
  const std::lock_guard guard(mutex_);
  SIMILE_TRY(check_power("create", path));
  if (find(path)) return std::unexpected(posix_error(EEXIST, "create", path));
  const Step step = begin(FaultStep::Kind::kCreate, path, 0);
  if (step.outcome == Outcome::kFailed) return std::unexpected(step.error);
  auto file = std::make_shared<MemoryFile>();
  names_[path].now = file;
  if (step.outcome == Outcome::kPowerCut) return std::unexpected(step.error);
  return std::make_unique<FaultWritableFile>(path, shared_from_this(), std::move(file));
}

Result<std::shared_ptr<ReadableFile>> FaultStorage::open(const std::string& path) const {
  const std::lock_guard guard(mutex_);
  SIMILE_TRY(check_power("open", path));
  SIMILE_ASSIGN(const std::shared_ptr<MemoryFile> file, find(path));
  return make_memory_reader(path, file->bytes);
}

Status FaultStorage::publish(const std::string& path, std::span<const std::byte> bytes) {
  SIMILE_TRY(check_path(path));
  const std::lock_guard guard(mutex_);
  // The temporary file has no name here: before the rename, a crash leaves nothing to see.
  auto file = std::make_shared<MemoryFile>();
  SIMILE_TRY(append_to(*file, path, bytes));
  SIMILE_TRY(sync_file(*file, path));
  if (find(path)) return std::unexpected(posix_error(EEXIST, "create", path));
  const Step renamed = begin(FaultStep::Kind::kRename, path, 0);
  if (renamed.outcome == Outcome::kFailed) return std::unexpected(renamed.error);
  names_[path].now = file;
  if (renamed.outcome == Outcome::kPowerCut) return std::unexpected(renamed.error);
  return sync_name(file, path);
}

Status FaultStorage::remove(const std::string& path) {
  const std::lock_guard guard(mutex_);
  SIMILE_TRY(check_power("remove", path));
  SIMILE_TRY(find(path));
  const Step step = begin(FaultStep::Kind::kRemove, path, 0);
  if (step.outcome == Outcome::kFailed) return std::unexpected(step.error);
  names_[path].now = nullptr;
  if (step.outcome == Outcome::kPowerCut) return std::unexpected(step.error);
  return {};
}

Result<std::vector<FileEntry>> FaultStorage::list(const std::string& prefix) const {
  SIMILE_TRY(check_prefix(prefix));
  const std::lock_guard guard(mutex_);
  SIMILE_TRY(check_power("list", prefix));
  std::vector<FileEntry> entries;
  for (auto it = names_.lower_bound(prefix); it != names_.end() && it->first.starts_with(prefix);
       ++it) {
    if (it->second.now != nullptr) entries.push_back({it->first, it->second.now->bytes->size()});
  }
  return entries;
}

Result<std::unique_ptr<Lock>> FaultStorage::lock(const std::string& path) {
  SIMILE_TRY(check_path(path));
  const std::lock_guard guard(mutex_);
  SIMILE_TRY(check_power("lock", path));
  if (!locks_.insert(path).second) {
    return fail(ErrorCode::kUnavailable, join_text("'", root_, "' is in use by process ",
                                                   ::getpid(), "; close it there first"));
  }
  return std::make_unique<FaultLock>(path, shared_from_this());
}

}  // namespace simile::io
