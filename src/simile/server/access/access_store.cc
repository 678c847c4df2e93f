#include "simile/server/access/access_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/server/log.h"

namespace simile::server {

namespace {

constexpr int kFolderMode = 0700;
constexpr int kFileMode = 0600;
constexpr std::int64_t kLookMilliseconds = 500;

std::unexpected<Error> failed(std::string_view what, const std::string& path) {
  return fail(ErrorCode::kUnavailable,
              join_text(path, ": cannot be ", what, ": ", std::strerror(errno)));
}

/// A descriptor that is closed.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : number_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kFileMode)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }

 private:
  const int number_;
};

std::int64_t milliseconds_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

AccessStore::AccessStore(std::string folder)
    : folder_(std::move(folder)), path_(folder_ + "/users") {}

Result<std::unique_ptr<AccessStore>> AccessStore::open(const std::string& database) {
  std::unique_ptr<AccessStore> store(new AccessStore(database + "/.access"));
  store->data_ = std::make_shared<AccessData>(AccessData::empty());
  if (store->stamp().size >= 0) SIMILE_TRY(store->load());
  return store;
}

AccessStore::Stamp AccessStore::stamp() const {
  struct stat info {};
  if (::stat(path_.c_str(), &info) != 0) return {};
  return {.inode = info.st_ino,
          .size = info.st_size,
          .seconds = info.st_ctim.tv_sec,
          .nanoseconds = info.st_ctim.tv_nsec};
}

Result<std::string> AccessStore::read() const {
  std::ifstream file(path_, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return failed("read", path_);
  return text;
}

Status AccessStore::load() {
  stamp_ = stamp();
  SIMILE_ASSIGN(const std::string text, read());
  auto data = AccessData::from_text(text);
  if (!data) return fail(data.error().code, join_text(path_, ": ", data.error().message));
  data_ = std::make_shared<AccessData>(*std::move(data));
  return {};
}

std::shared_ptr<const AccessData> AccessStore::current() {
  const std::int64_t now = milliseconds_now();
  const std::scoped_lock lock(mutex_);
  if (now < next_look_) return data_;
  next_look_ = now + kLookMilliseconds;
  if (stamp() == stamp_) return data_;
  if (const Status loaded = load(); !loaded) {
    log_event(LogLevel::kError, "users_kept", {{"reason", loaded.error().message}});
  }
  return data_;
}

void AccessStore::look_at_once() {
  const std::scoped_lock lock(mutex_);
  next_look_ = 0;
}

Status AccessStore::save(const AccessData& data) const {
  const std::string text = data.to_text();
  const std::string temporary = path_ + ".new";
  ::unlink(temporary.c_str());
  {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.valid()) return failed("written", temporary);
    std::size_t done = 0;
    while (done < text.size()) {
      const ssize_t some = ::write(file.number(), text.data() + done, text.size() - done);
      if (some < 0 && errno == EINTR) continue;
      if (some <= 0) return failed("written", temporary);
      done += static_cast<std::size_t>(some);
    }
    if (::fsync(file.number()) != 0) return failed("synced", temporary);
  }
  if (::rename(temporary.c_str(), path_.c_str()) != 0) return failed("replaced", path_);
  const Descriptor folder(folder_, O_RDONLY | O_DIRECTORY);
  if (!folder.valid() || ::fsync(folder.number()) != 0) return failed("synced", folder_);
  return {};
}

Status AccessStore::change(const std::function<Status(AccessData&)>& change) {
  const std::scoped_lock lock(mutex_);
  if (::mkdir(folder_.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return failed("made", folder_);
  }
  const Descriptor guard(folder_ + "/lock", O_RDWR | O_CREAT);
  if (!guard.valid() || ::flock(guard.number(), LOCK_EX) != 0) return failed("locked", folder_);
  if (stamp().size >= 0 && stamp() != stamp_) SIMILE_TRY(load());
  AccessData changed = *data_;
  SIMILE_TRY(change(changed));
  SIMILE_TRY(save(changed));
  stamp_ = stamp();
  data_ = std::make_shared<AccessData>(std::move(changed));
  return {};
}

}  // namespace simile::server
