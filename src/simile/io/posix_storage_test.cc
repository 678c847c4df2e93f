/// What can go wrong between the posix storage and the kernel; storage_test.cc has the promises.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "simile/io/posix_calls.h"
#include "simile/io/posix_error.h"
#include "simile/io/scratch_folder.h"
#include "simile/io/storage.h"

namespace simile::io {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class PosixStorageTest : public testing::Test {
 protected:
  /// Real calls that note their names and, at the call number `fail_at`, fail with `error`.
  std::shared_ptr<PosixCalls> watched() {
    const PosixCalls& real = *system_calls();
    auto calls = std::make_shared<PosixCalls>();
    calls->openat = watch("openat", real.openat);
    calls->mkdirat = watch("mkdirat", real.mkdirat);
    calls->write = watch("write", real.write);
    calls->pread = real.pread;
    calls->fdatasync = watch("fdatasync", real.fdatasync);
    calls->fsync = watch("fsync", real.fsync);
    calls->rename_noreplace = watch("rename", real.rename_noreplace);
    calls->linkat = watch("link", real.linkat);
    calls->unlinkat = watch("unlink", real.unlinkat);
    return calls;
  }
  template <class R, class... Args>
  std::function<R(Args...)> watch(std::string name, std::function<R(Args...)> real) {
    return [this, name, real](Args... args) -> R {
      called_.push_back(name);
      if (called_.size() == fail_at_) {
        errno = error_;
        return -1;
      }
      return real(args...);
    };
  }
  /// The names called since the last time, without the opening of files and folders.
  std::vector<std::string> take_calls() {
    std::vector<std::string> taken = std::exchange(called_, {});
    std::erase(taken, "openat");
    return taken;
  }
  std::shared_ptr<Storage> open(std::shared_ptr<const PosixCalls> calls) {
    auto storage = open_posix_storage(folder_.path(), false, std::move(calls));
    EXPECT_TRUE(storage);
    called_.clear();
    return *storage;
  }
  std::vector<std::string> files_on_disk() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file()) files.push_back(entry.path().filename().string());
    }
    std::ranges::sort(files);
    return files;
  }

  ScratchFolder folder_;
  std::vector<std::string> called_;
  std::size_t fail_at_ = 0;
  int error_ = 0;
};

Status create_and_publish(Storage& storage) {
  auto file = storage.create("a/b/f");
  if (!file) return std::unexpected(file.error());
  if (Status s = (*file)->append(bytes_of("data")); !s) return s;
  if (Status s = (*file)->sync(); !s) return s;
  if (Status s = (*file)->close(); !s) return s;
  return storage.publish("m/1", bytes_of("manifest"));
}

TEST_F(PosixStorageTest, SyncMakesTheNamesOfNewFoldersDurableToo) {
  const auto storage = open(watched());
  auto file = *storage->create("a/b/f");
  EXPECT_THAT(take_calls(), ElementsAre("mkdirat", "mkdirat"));
  ASSERT_TRUE(file->append(bytes_of("x")));
  EXPECT_THAT(take_calls(), IsEmpty()) << "gathered";
  ASSERT_TRUE(file->sync());
  EXPECT_THAT(take_calls(), ElementsAre("write", "fdatasync", "fsync", "fsync", "fsync"))
      << "a/b for f, a for b, the root for a";
  ASSERT_TRUE(file->append(bytes_of("x")));
  ASSERT_TRUE(file->sync());
  EXPECT_THAT(take_calls(), ElementsAre("write", "fdatasync"));
  auto second = *storage->create("a/b/g");
  ASSERT_TRUE(second->sync());
  EXPECT_THAT(take_calls(), ElementsAre("fdatasync", "fsync"));
}

TEST_F(PosixStorageTest, PublishSyncsBeforeItRenamesAndTheFolderAfter) {
  const auto storage = open(watched());
  ASSERT_TRUE(storage->publish("m", bytes_of("manifest")));
  EXPECT_THAT(take_calls(), ElementsAre("write", "fdatasync", "rename", "fsync"));
}

TEST_F(PosixStorageTest, NewRootIsMadeDurableUpToTheFirstFolderThatWasThere) {
  ASSERT_TRUE(open_posix_storage(folder_ / "x/y/z", true, watched()));
  EXPECT_THAT(take_calls(), testing::Contains("fsync").Times(3));
}

TEST_F(PosixStorageTest, ShortWritesShortReadsAndSignalsLoseNothing) {
  auto calls = std::make_shared<PosixCalls>(*system_calls());
  int turn = 0;
  const auto interrupted = [&turn] {
    errno = EINTR;
    return ++turn % 2 == 0;
  };
  calls->write = [&](int fd, const void* data, size_t size) -> ssize_t {
    return interrupted() ? -1 : ::write(fd, data, std::min<size_t>(size, 7));
  };
  calls->pread = [&](int fd, void* data, size_t size, off_t offset) -> ssize_t {
    return interrupted() ? -1 : ::pread(fd, data, std::min<size_t>(size, 5), offset);
  };
  calls->openat = [&](int folder, const char* path, int flags, mode_t mode) {
    return interrupted() ? -1 : ::openat(folder, path, flags, mode);
  };
  const auto storage = open(calls);
  std::string text;
  for (int i = 0; i < 100; ++i) text += std::to_string(i);
  auto file = *storage->create("f");
  ASSERT_TRUE(file->append(bytes_of(text)));
  ASSERT_TRUE(file->close());
  ASSERT_TRUE(storage->publish("g", bytes_of(text)));
  for (const char* path : {"f", "g"}) {
    const auto reader = *storage->open(path);
    std::string read(reader->size(), '?');
    ASSERT_TRUE(reader->read_at(0, std::as_writable_bytes(std::span(read))));
    EXPECT_EQ(read, text);
  }
}

TEST_F(PosixStorageTest, FullDiskAtAnyCallIsAnErrorAndLeavesNoHalfPublishedFile) {
  const auto counting = open(watched());
  ASSERT_TRUE(create_and_publish(*counting));
  const std::size_t calls = called_.size();
  ASSERT_GT(calls, 15u);
  error_ = ENOSPC;
  for (std::size_t at = 1; at <= calls; ++at) {
    SCOPED_TRACE(testing::Message() << "call " << at);
    std::filesystem::remove_all(folder_ / "a");
    std::filesystem::remove_all(folder_ / "m");
    fail_at_ = 0;
    const auto storage = open(watched());
    fail_at_ = at;
    const Status status = create_and_publish(*storage);
    fail_at_ = 0;
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted);
    EXPECT_THAT(status.error().message, AllOf(HasSubstr(folder_.path()), HasSubstr("disk full")));
    EXPECT_THAT(files_on_disk(), Not(testing::Contains(testing::StartsWith(".tmp-"))));
    const auto published = storage->open("m/1");
    EXPECT_TRUE(!published || (*published)->size() == 8);
  }
}

TEST_F(PosixStorageTest, FailedSyncIsNeverTriedAgain) {
  const auto storage = open(watched());
  auto file = *storage->create("f");
  ASSERT_TRUE(file->append(bytes_of("x")));
  called_.clear();
  fail_at_ = 2;  // after the write
  error_ = EIO;
  const Status failed = file->sync();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(file->sync().error().message, failed.error().message);
  EXPECT_EQ(file->append(bytes_of("y")).error().message, failed.error().message);
  EXPECT_EQ(file->close().error().message, failed.error().message);
  EXPECT_THAT(take_calls(), ElementsAre("write", "fdatasync"));
}

TEST_F(PosixStorageTest, FolderThatCannotBeSyncedIsNoError) {
  auto calls = std::make_shared<PosixCalls>(*system_calls());
  calls->fsync = [](int) {
    errno = EINVAL;
    return -1;
  };
  EXPECT_TRUE(create_and_publish(*open(calls)));
}

TEST_F(PosixStorageTest, PublishesByLinkWhereRenameCannotRefuse) {
  for (const int error : {EINVAL, ENOSYS}) {
    auto calls = watched();
    calls->rename_noreplace = [error](int, const char*, const char*) {
      errno = error;
      return -1;
    };
    const auto storage = open(calls);
    ASSERT_TRUE(storage->publish("m", bytes_of("one")));
    EXPECT_EQ(storage->publish("m", bytes_of("two")).error().code, ErrorCode::kAlreadyExists);
    EXPECT_EQ((*storage->open("m"))->size(), 3u);
    EXPECT_THAT(files_on_disk(), ElementsAre("m"));
    ASSERT_TRUE(storage->remove("m"));
  }
}

TEST_F(PosixStorageTest, LeftoversOfADeadPublisherAreNotListedAndGoWithTheNextLock) {
  std::filesystem::create_directories(folder_ / "m");
  std::ofstream(folder_ / ".tmp-1-0") << "half";
  std::ofstream(folder_ / "m/.tmp-99-7") << "half";
  std::ofstream(folder_ / "m/1") << "whole";
  const auto storage = open(system_calls());
  const auto entries = storage->list("");
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->size(), 1u);
  ASSERT_TRUE(storage->lock("writer"));
  EXPECT_THAT(files_on_disk(), ElementsAre(".writer", "1"));
}

TEST_F(PosixStorageTest, LockOfAnotherProcessIsNamedAndFreeOnceItIsKilled) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto storage = open_posix_storage(folder_.path(), false);
    const auto lock = (*storage)->lock("writer");
    const char byte = lock ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const auto storage = open(system_calls());
  const auto refused = storage->lock("writer");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("process " + std::to_string(child)), HasSubstr(folder_.path())));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(storage->lock("writer"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(PosixStorageTest, FullDiskDoesNotKeepAWriterOut) {
  std::ofstream(folder_ / ".writer") << "123";
  auto calls = std::make_shared<PosixCalls>(*system_calls());
  calls->write = [](int, const void*, size_t) -> ssize_t {
    errno = ENOSPC;
    return -1;
  };
  const auto storage = open(calls);
  const auto lock = storage->lock("writer");
  ASSERT_TRUE(lock);
  const auto refused = storage->lock("writer");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("another process")) << "not the one before";
}

TEST_F(PosixStorageTest, RootThatIsMissingOrNoFolderIsNamed) {
  const auto missing = open_posix_storage(folder_ / "none", false);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr(folder_ / "none"));
  std::ofstream(folder_ / "file") << "x";
  for (const bool create : {false, true}) {
    EXPECT_EQ(open_posix_storage(folder_ / "file", create).error().code,
              ErrorCode::kFailedPrecondition);
  }
  EXPECT_EQ(open_posix_storage("", true).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(PosixStorageTest, FoldersAndPipesAreNotOpenedAsFiles) {
  std::filesystem::create_directories(folder_ / "folder");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const auto storage = open(system_calls());
  EXPECT_EQ(storage->open("folder").error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(storage->open("pipe").error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(storage->create("folder/x/../y").error().code, ErrorCode::kInvalidArgument);
}

TEST(PosixError, SaysWhatToDo) {
  const auto code = [](int number) { return posix_error(number, "write", "/db/x").code; };
  EXPECT_EQ(code(ENOSPC), ErrorCode::kResourceExhausted);
  EXPECT_EQ(code(EDQUOT), ErrorCode::kResourceExhausted);
  EXPECT_EQ(code(EMFILE), ErrorCode::kResourceExhausted);
  EXPECT_EQ(code(EROFS), ErrorCode::kPermissionDenied);
  EXPECT_EQ(code(EACCES), ErrorCode::kPermissionDenied);
  EXPECT_EQ(code(EIO), ErrorCode::kDataLoss);
  EXPECT_EQ(code(ENOENT), ErrorCode::kNotFound);
  EXPECT_EQ(code(EEXIST), ErrorCode::kAlreadyExists);
  EXPECT_EQ(posix_error(ENOSPC, "write", "/db/x").message,
            "cannot write '/db/x': disk full; free some space and try again");
  EXPECT_EQ(posix_error(EPIPE, "write", "/db/x").message,
            "cannot write '/db/x': broken pipe (errno 32)");
}

}  // namespace
}  // namespace simile::io
