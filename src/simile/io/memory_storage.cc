/// Storage without a disk: a map from path to bytes.

#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/io/memory_file.h"
#include "simile/io/path.h"
#include "simile/io/posix_error.h"
#include "simile/io/storage.h"

namespace simile::io {

namespace {

/// What files and locks keep alive after the storage is gone.
struct MemoryState {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<MemoryFile>> files;
  std::set<std::string> locks;
};

class MemoryWritableFile final : public WritableFile {
 public:
  MemoryWritableFile(std::string path, std::shared_ptr<MemoryState> state,
                     std::shared_ptr<MemoryFile> file)
      : path_(std::move(path)), state_(std::move(state)), file_(std::move(file)) {}

  const std::string& path() const override { return path_; }
  std::uint64_t size() const override {
    const std::lock_guard guard(state_->mutex);
    return file_->bytes->size();
  }
  Status append(std::span<const std::byte> bytes) override {
    SIMILE_CHECK(!closed_);
    const std::lock_guard guard(state_->mutex);
    std::vector<std::byte>& own = file_->own();
    own.insert(own.end(), bytes.begin(), bytes.end());
    return {};
  }
  Status sync() override {
    SIMILE_CHECK(!closed_);
    return {};
  }
  Status close() override {
    closed_ = true;
    return {};
  }

 private:
  std::string path_;
  std::shared_ptr<MemoryState> state_;
  std::shared_ptr<MemoryFile> file_;
  bool closed_ = false;
};

class MemoryLock final : public Lock {
 public:
  MemoryLock(std::string path, std::shared_ptr<MemoryState> state)
      : path_(std::move(path)), state_(std::move(state)) {}
  ~MemoryLock() override {
    const std::lock_guard guard(state_->mutex);
    state_->locks.erase(path_);
  }

 private:
  std::string path_;
  std::shared_ptr<MemoryState> state_;
};

class MemoryStorage final : public Storage {
 public:
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    SIMILE_TRY(check_path(path));
    const std::lock_guard guard(state_->mutex);
    auto file = std::make_shared<MemoryFile>();
    SIMILE_TRY(add(path, file));
    return std::make_unique<MemoryWritableFile>(path, state_, std::move(file));
  }

  Result<std::shared_ptr<ReadableFile>> open(const std::string& path) const override {
    SIMILE_TRY(check_path(path));
    const std::lock_guard guard(state_->mutex);
    const auto found = state_->files.find(path);
    if (found == state_->files.end()) return std::unexpected(posix_error(ENOENT, "open", path));
    return make_memory_reader(path, found->second->bytes);
  }

  Status publish(const std::string& path, std::span<const std::byte> bytes) override {
    SIMILE_TRY(check_path(path));
    const std::lock_guard guard(state_->mutex);
    auto file = std::make_shared<MemoryFile>();
    file->own().assign(bytes.begin(), bytes.end());
    return add(path, std::move(file));
  }

  Status remove(const std::string& path) override {
    SIMILE_TRY(check_path(path));
    const std::lock_guard guard(state_->mutex);
    if (state_->files.erase(path) == 0) return std::unexpected(posix_error(ENOENT, "remove", path));
    return {};
  }

  Status wipe(const std::string& path) override { return remove(path); }

  Result<std::vector<FileEntry>> list(const std::string& prefix) const override {
    SIMILE_TRY(check_prefix(prefix));
    const std::lock_guard guard(state_->mutex);
    std::vector<FileEntry> entries;
    for (auto it = state_->files.lower_bound(prefix);
         it != state_->files.end() && it->first.starts_with(prefix); ++it) {
      entries.push_back({it->first, it->second->bytes->size()});
    }
    return entries;
  }

  Result<std::unique_ptr<Lock>> lock(const std::string& path) override {
    SIMILE_TRY(check_path(path));
    const std::lock_guard guard(state_->mutex);
    if (!state_->locks.insert(path).second) {
      return fail(ErrorCode::kUnavailable, join_text("'", root_, "' is in use by process ",
                                                     ::getpid(), "; close it there first"));
    }
    return std::make_unique<MemoryLock>(path, state_);
  }

  const std::string& root() const override { return root_; }

 private:
  Status add(const std::string& path, std::shared_ptr<MemoryFile> file) {
    if (!state_->files.emplace(path, std::move(file)).second) {
      return std::unexpected(posix_error(EEXIST, "create", path));
    }
    return {};
  }

  std::shared_ptr<MemoryState> state_ = std::make_shared<MemoryState>();
  std::string root_ = "memory";
};

}  // namespace

std::shared_ptr<Storage> make_memory_storage() { return std::make_shared<MemoryStorage>(); }

}  // namespace simile::io
