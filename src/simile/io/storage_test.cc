/// What every implementation of Storage promises, run on each of them.

#include "simile/io/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <random>
#include <thread>

#include "simile/base/random.h"
#include "simile/io/encrypted_storage.h"
#include "simile/io/fault_storage.h"
#include "simile/io/scratch_folder.h"

namespace simile::io {

void PrintTo(const FileEntry& entry, std::ostream* out) { *out << entry.path << ':' << entry.size; }
bool operator==(const FileEntry& a, const FileEntry& b) {
  return a.path == b.path && a.size == b.size;
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

struct Implementation {
  const char* name;
  std::function<std::shared_ptr<Storage>(const ScratchFolder& folder)> make;
  bool encrypted = false;
};

class StorageTest : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override { storage_ = GetParam().make(folder_); }

  void write(const std::string& path, std::string_view text) {
    auto file = storage_->create(path);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->append(bytes_of(text)));
    ASSERT_TRUE((*file)->sync());
    ASSERT_TRUE((*file)->close());
  }
  /// By read_at and by map, which must agree; an error's message where it fails.
  std::string read(const std::string& path) {
    const auto file = storage_->open(path);
    if (!file) return file.error().message;
    std::string text((*file)->size(), '?');
    EXPECT_TRUE((*file)->read_at(0, std::as_writable_bytes(std::span(text))));
    const auto mapped = (*file)->map();
    EXPECT_TRUE(mapped);
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(mapped->data()), mapped->size()),
              text);
    return text;
  }
  std::vector<FileEntry> list(const std::string& prefix) {
    auto entries = storage_->list(prefix);
    EXPECT_TRUE(entries) << entries.error().message;
    if (!entries) return {};
    if (GetParam().encrypted) {  // sizes are those on the disk
      for (FileEntry& entry : *entries) entry.size = (*storage_->open(entry.path))->size();
    }
    return *entries;
  }

  ScratchFolder folder_;
  std::shared_ptr<Storage> storage_;
};

TEST_P(StorageTest, ReadsBackWhatWasAppended) {
  auto file = storage_->create("a/b/c.bin");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->path(), "a/b/c.bin");
  std::string all;
  Random random(7);
  // Around the size of the buffer, below and far above it.
  for (const std::size_t size : {0ul, 1ul, 1000ul, 1048575ul, 1048576ul, 1ul, 3000000ul, 17ul}) {
    std::string part(size, '\0');
    for (char& c : part) c = static_cast<char>(random.next());
    ASSERT_TRUE((*file)->append(bytes_of(part)));
    all += part;
    EXPECT_EQ((*file)->size(), all.size());
  }
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(read("a/b/c.bin"), all) << "after sync, before close";
  ASSERT_TRUE((*file)->append(bytes_of("end")));
  ASSERT_TRUE((*file)->close());
  ASSERT_TRUE((*file)->close()) << "a second time";
  EXPECT_EQ(read("a/b/c.bin"), all + "end");
}

TEST_P(StorageTest, EmptyFileIsReadAndMapped) {
  write("empty", "");
  EXPECT_EQ(read("empty"), "");
  EXPECT_THAT(list(""), ElementsAre(FileEntry{"empty", 0}));
}

TEST_P(StorageTest, ReadsAtEveryOffsetAndRefusesToReadPastTheEnd) {
  write("f", "0123456789");
  const auto file = *storage_->open("f");
  for (std::uint64_t begin = 0; begin <= 12; ++begin) {
    for (std::uint64_t size = 0; size <= 12; ++size) {
      std::string out(size, '?');
      const Status got = file->read_at(begin, std::as_writable_bytes(std::span(out)));
      ASSERT_EQ(got.has_value(), begin + size <= 10) << begin << '+' << size;
      if (got) {
        EXPECT_EQ(out, std::string("0123456789").substr(begin, size));
      } else {
        EXPECT_EQ(got.error().code, ErrorCode::kOutOfRange);
        EXPECT_THAT(got.error().message, HasSubstr("f' ends at byte 10"));
      }
    }
  }
  std::string one(1, '?');
  EXPECT_EQ(file->read_at(~std::uint64_t{0}, std::as_writable_bytes(std::span(one))).error().code,
            ErrorCode::kOutOfRange)
      << "offset + size wraps around";
}

TEST_P(StorageTest, CreateRefusesATakenPathAndKeepsTheFile) {
  write("f", "first");
  const auto again = storage_->create("f");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(again.error().message, HasSubstr("f'"));
  EXPECT_EQ(read("f"), "first");
}

TEST_P(StorageTest, PublishShowsAllOrRefusesATakenPath) {
  ASSERT_TRUE(storage_->publish("manifest/1", bytes_of("whole")));
  EXPECT_EQ(read("manifest/1"), "whole");
  const Status again = storage_->publish("manifest/1", bytes_of("other"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(read("manifest/1"), "whole");
  EXPECT_THAT(list(""), ElementsAre(FileEntry{"manifest/1", 5})) << "and no temporary file";
}

TEST_P(StorageTest, OneOfManyPublishersWins) {
  std::vector<std::jthread> threads;
  std::atomic<int> winners = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      if (storage_->publish("m", bytes_of(std::string(100, static_cast<char>('a' + t))))) ++winners;
    });
  }
  threads.clear();
  EXPECT_EQ(winners, 1);
  const std::string text = read("m");
  EXPECT_EQ(text, std::string(100, text.at(0)));
  EXPECT_EQ(list("").size(), 1u);
}

TEST_P(StorageTest, RemovedFileIsGoneButOpenOnesStayReadable) {
  write("wal/1", "kept by the reader");
  const auto reader = *storage_->open("wal/1");
  ASSERT_TRUE(storage_->remove("wal/1"));
  EXPECT_EQ(storage_->open("wal/1").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(list(""), IsEmpty());
  EXPECT_EQ(reader->map()->size(), 18u);
  EXPECT_EQ(storage_->remove("wal/1").error().code, ErrorCode::kNotFound);
  write("wal/1", "new");
  EXPECT_EQ(read("wal/1"), "new");
}

TEST_P(StorageTest, ListIsSortedByPathAndFiltersByPrefix) {
  for (const char* path : {"b/2", "b/10", "b-3", "a", "b/c/d", "bb"}) write(path, path);
  EXPECT_THAT(list(""),
              ElementsAre(FileEntry{"a", 1}, FileEntry{"b-3", 3}, FileEntry{"b/10", 4},
                          FileEntry{"b/2", 3}, FileEntry{"b/c/d", 5}, FileEntry{"bb", 2}));
  EXPECT_THAT(list("b/"),
              ElementsAre(FileEntry{"b/10", 4}, FileEntry{"b/2", 3}, FileEntry{"b/c/d", 5}));
  EXPECT_THAT(list("b/c"), ElementsAre(FileEntry{"b/c/d", 5}));
  EXPECT_EQ(list("b").size(), 5u);
  EXPECT_THAT(list("none/at/all"), IsEmpty());
  EXPECT_THAT(list("a/"), IsEmpty()) << "a is a file";
}

TEST_P(StorageTest, LockExcludesAndNamesTheHolder) {
  auto first = storage_->lock("writer");
  ASSERT_TRUE(first) << first.error().message;
  const auto second = storage_->lock("writer");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_THAT(list(""), IsEmpty()) << "locks are not listed";
  first->reset();
  EXPECT_TRUE(storage_->lock("writer"));
}

TEST_P(StorageTest, EveryCallRefusesAPathOutsideTheRoot) {
  for (const std::string path : {"../x", "/x", "a//b", "", ".tmp-1-1"}) {
    EXPECT_EQ(storage_->create(path).error().code, ErrorCode::kInvalidArgument) << path;
    EXPECT_EQ(storage_->open(path).error().code, ErrorCode::kInvalidArgument) << path;
    EXPECT_EQ(storage_->publish(path, {}).error().code, ErrorCode::kInvalidArgument) << path;
    EXPECT_EQ(storage_->remove(path).error().code, ErrorCode::kInvalidArgument) << path;
    EXPECT_EQ(storage_->lock(path).error().code, ErrorCode::kInvalidArgument) << path;
  }
  EXPECT_EQ(storage_->list("../").error().code, ErrorCode::kInvalidArgument);
}

TEST_P(StorageTest, WriterOutlivesItsStorage) {
  auto file = storage_->create("f");
  auto lock = storage_->lock("writer");
  storage_.reset();
  EXPECT_TRUE((*file)->append(bytes_of("late")));
  EXPECT_TRUE((*file)->sync());
  EXPECT_TRUE((*file)->close());
  lock->reset();
}

TEST_P(StorageTest, BehavesAsAMapOfStrings) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  std::map<std::string, std::string> oracle;
  const std::vector<std::string> paths = {"a", "b", "f/a", "f/b", "f/g/a", "g/a"};
  for (int i = 0; i < 300; ++i) {
    const std::string& path = paths[random.below(paths.size())];
    const std::string text(random.below(50), static_cast<char>('a' + random.below(26)));
    const bool there = oracle.contains(path);
    switch (random.below(3)) {
      case 0:
        EXPECT_EQ(storage_->publish(path, bytes_of(text)).has_value(), !there);
        oracle.emplace(path, text);
        break;
      case 1:
        if (!there) write(path, text);
        oracle.emplace(path, text);
        break;
      default:
        EXPECT_EQ(storage_->remove(path).has_value(), there);
        oracle.erase(path);
        break;
    }
    EXPECT_TRUE(!oracle.contains(path) || read(path) == oracle[path]);
    std::vector<FileEntry> expected;
    for (const auto& [key, value] : oracle) expected.push_back({key, value.size()});
    ASSERT_EQ(list(""), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, StorageTest,
    testing::Values(Implementation{"Posix",
                                   [](const ScratchFolder& folder) {
                                     return *open_posix_storage(folder / "new/root/", true);
                                   }},
                    Implementation{"Memory",
                                   [](const ScratchFolder&) { return make_memory_storage(); }},
                    Implementation{"Fault",
                                   [](const ScratchFolder&) -> std::shared_ptr<Storage> {
                                     return FaultStorage::make();
                                   }},
                    Implementation{"Encrypted",
                                   [](const ScratchFolder&) -> std::shared_ptr<Storage> {
                                     return *open_encrypted_storage(make_memory_storage(),
                                                                    *SecretKey::random());
                                   },
                                   true}),
    [](const testing::TestParamInfo<Implementation>& test) {
      return std::string(test.param.name);
    });

}  // namespace
}  // namespace simile::io
