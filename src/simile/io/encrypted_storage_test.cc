#include "simile/io/encrypted_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "simile/base/random.h"
#include "simile/io/encrypted_file.h"
#include "simile/io/fault_storage.h"
#include "simile/io/keyring.h"

namespace simile::io {
namespace {

using testing::HasSubstr;
using testing::Not;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

SecretKey key_of(int seed) {
  SecretKey key;
  std::ranges::fill(key.bytes(), static_cast<std::byte>(seed));
  return key;
}

std::string random_text(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>('a' + random.next() % 26);
  return text;
}

class EncryptedStorageTest : public testing::Test {
 protected:
  EncryptedStorageTest() : storage_(*open_encrypted_storage(disk_, key_of(1))) {}

  void write(const std::string& path, std::string_view text) {
    auto file = storage_->create(path);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->append(bytes_of(text)));
    ASSERT_TRUE((*file)->sync());
    ASSERT_TRUE((*file)->close());
  }
  static std::string read(const Storage& storage, const std::string& path) {
    const auto file = storage.open(path);
    if (!file) return file.error().message;
    const auto mapped = (*file)->map();
    EXPECT_TRUE(mapped);
    std::string text(reinterpret_cast<const char*>(mapped->data()), mapped->size());
    std::string again(text.size(), '?');
    EXPECT_TRUE((*file)->read_at(0, std::as_writable_bytes(std::span(again))));
    EXPECT_EQ(text, again) << "read_at and map differ";
    return text;
  }
  std::string read(const std::string& path) const { return read(*storage_, path); }
  std::string on_disk(const std::string& path) const {
    const auto contents = *disk_->contents(path);
    return {reinterpret_cast<const char*>(contents.data()), contents.size()};
  }
  std::string keyring() const { return disk_->list(std::string(kKeyringPrefix))->back().path; }
  /// What `path` reads as after everything was opened anew.
  std::string read_anew(const std::string& path) const {
    const auto again = open_encrypted_storage(disk_, key_of(1));
    return again ? read(**again, path) : again.error().message;
  }

  std::shared_ptr<FaultStorage> disk_ = FaultStorage::make();
  std::shared_ptr<EncryptedStorage> storage_;
};

TEST_F(EncryptedStorageTest, HoldsNothingReadable) {
  const std::string secret = "the picture of the cat";
  write("rows", secret + secret);
  ASSERT_TRUE(storage_->publish("manifest", bytes_of(secret)));
  const auto files = *disk_->list("");
  for (const FileEntry& file : files) {
    EXPECT_THAT(on_disk(file.path), Not(HasSubstr(secret.substr(4, 7)))) << file.path;
    EXPECT_THAT(on_disk(file.path), Not(HasSubstr(std::string(8, '\1')))) << "the key itself";
  }
  EXPECT_EQ(read_anew("rows"), secret + secret);
  EXPECT_EQ(read_anew("manifest"), secret);
}

TEST_F(EncryptedStorageTest, SameContentsNeverLookTheSame) {
  const std::string text = random_text(200, 1);
  write("a", text);
  write("b", text);
  const std::string first = on_disk("a");
  const std::string second = on_disk("b");
  for (std::size_t i = EncryptedHeader::kBytes + 8; i + 16 <= first.size(); i += 16) {
    EXPECT_EQ(second.find(first.substr(i, 16)), std::string::npos) << i;
  }
}

TEST_F(EncryptedStorageTest, LengthsAroundAChunkComeBack) {
  const std::vector<std::size_t> sizes = {kChunkBytes - 1, kChunkBytes, kChunkBytes + 1,
                                          3 * kChunkBytes, 5 * kChunkBytes + 77};
  for (const std::size_t size : sizes) {
    const std::string path = std::to_string(size);
    const std::string text = random_text(size, size);
    write(path, text);
    EXPECT_EQ(read(path), text);
    const auto file = *storage_->open(path);
    std::string part(100, '?');
    const std::vector<std::size_t> places = {0, kChunkBytes / 2, size - 100};
    for (const std::size_t at : places) {
      ASSERT_TRUE(file->read_at(at, std::as_writable_bytes(std::span(part))));
      EXPECT_EQ(part, text.substr(at, 100)) << at;
    }
  }
}

TEST_F(EncryptedStorageTest, ManySyncsMakeShortChunksThatReadAsOne) {
  auto file = *storage_->create("log");
  std::string all;
  for (std::size_t i = 0; i < 50; ++i) {
    const std::string part = random_text(i * 3000 % 70'001, i);
    ASSERT_TRUE(file->append(bytes_of(part)));
    ASSERT_TRUE(file->sync());
    all += part;
    ASSERT_EQ(file->size(), all.size());
  }
  EXPECT_EQ(read("log"), all) << "while it is written";
  ASSERT_TRUE(file->close());
  EXPECT_EQ(read_anew("log"), all);
}

TEST_F(EncryptedStorageTest, AnotherKeyIsRefusedAndNothingIsWritten) {
  write("f", "text");
  const std::uint64_t steps = disk_->steps();
  const auto other = open_encrypted_storage(disk_, key_of(2));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(other.error().message, HasSubstr("the key is not that of"));
  EXPECT_EQ(disk_->steps(), steps);
}

TEST_F(EncryptedStorageTest, AStorageThatIsNotEncryptedIsRefused) {
  const auto plain = make_memory_storage();
  ASSERT_TRUE(plain->publish("MANIFEST-1", bytes_of("x")));
  const auto opened = open_encrypted_storage(plain, key_of(1));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(opened.error().message, HasSubstr("simile encrypt"));
}

TEST_F(EncryptedStorageTest, AFileInThePlaceOfAnotherIsNoise) {
  write("a", "the text of a");
  write("b", "the text of b");
  ASSERT_TRUE(storage_->publish("m1", bytes_of("one")));
  ASSERT_TRUE(storage_->publish("m2", bytes_of("two")));
  ASSERT_TRUE(disk_->overwrite("b", *disk_->contents("a")));
  ASSERT_TRUE(disk_->overwrite("m2", *disk_->contents("m1")));
  EXPECT_EQ(read("b"), std::string(13, '\xE5'));
  EXPECT_EQ(read("m2"), std::string(3, '\xE5'));
}

TEST_F(EncryptedStorageTest, DamageIsNoiseInItsChunkAndNowhereElse) {
  const std::string text = random_text(3 * kChunkBytes + 1000, 5);
  write("f", text);
  const auto whole = *disk_->contents("f");
  Random random(11);
  constexpr std::size_t kStep = kChunkBytes + 24;
  for (int i = 0; i < 100; ++i) {
    const std::size_t at = EncryptedHeader::kBytes + random.next() % (3 * kStep);
    ASSERT_TRUE(disk_->flip_bit("f", at * 8 + random.next() % 8));
    const std::size_t chunk = (at - EncryptedHeader::kBytes) / kStep;
    std::string expected = text;
    expected.replace(chunk * kChunkBytes, kChunkBytes, kChunkBytes, '\xE5');
    EXPECT_TRUE(read("f") == expected) << "bit in byte " << at;
    ASSERT_TRUE(disk_->overwrite("f", whole));
  }
  ASSERT_TRUE(disk_->flip_bit("f", 20 * 8));
  EXPECT_EQ(read("f").find_first_not_of('\xE5'), std::string::npos) << "the header is damaged";
}

TEST_F(EncryptedStorageTest, WhatWasCutOffIsNoiseOrGone) {
  const std::string text = random_text(kChunkBytes + 500, 6);
  write("f", text);
  const auto whole = *disk_->contents("f");
  for (std::size_t size = whole.size() - 520; size < whole.size(); size += 7) {
    ASSERT_TRUE(disk_->overwrite("f", std::span(whole).first(size)));
    const std::string got = read("f");
    ASSERT_GE(got.size(), kChunkBytes);
    ASSERT_LE(got.size(), text.size());
    EXPECT_TRUE(got.starts_with(text.substr(0, kChunkBytes)));
    EXPECT_EQ(got.find_first_not_of('\xE5', kChunkBytes), std::string::npos);
  }
}

TEST_F(EncryptedStorageTest, ARemovedFileIsErasedEvenWhereItsBytesComeBack) {
  write("f", "to be forgotten");
  write("g", "to be kept");
  const auto bytes = *disk_->contents("f");
  const std::string old_keyring = keyring();
  ASSERT_TRUE(storage_->remove("f"));
  EXPECT_NE(keyring(), old_keyring);
  EXPECT_EQ(disk_->list(std::string(kKeyringPrefix))->size(), 1u) << "the old one is wiped";
  ASSERT_TRUE(disk_->overwrite("f", bytes));
  EXPECT_THAT(read_anew("f"), Not(HasSubstr("forgotten")));
  EXPECT_EQ(read_anew("g"), "to be kept");
}

TEST_F(EncryptedStorageTest, TheMasterKeyIsChangedWithoutTouchingFiles) {
  write("f", "text");
  const auto before = *disk_->contents("f");
  ASSERT_TRUE(storage_->change_master(key_of(2)));
  EXPECT_EQ(*disk_->contents("f"), before);
  EXPECT_EQ(open_encrypted_storage(disk_, key_of(1)).error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(read(**open_encrypted_storage(disk_, key_of(2)), "f"), "text");
  write("g", "written under the new one");
  EXPECT_EQ(read(**open_encrypted_storage(disk_, key_of(2)), "g"), "written under the new one");
}

TEST_F(EncryptedStorageTest, AReaderFindsKeysThatCameLater) {
  write("f", "text");
  const auto reader = *open_encrypted_storage(disk_, key_of(1));
  EXPECT_EQ(read(*reader, "f"), "text");
  write("g", "later");
  EXPECT_EQ(read(*reader, "g"), "later");
}

TEST_F(EncryptedStorageTest, OneCopyOfTheKeyringMayBeDamaged) {
  write("f", "text");
  const std::string name = keyring();
  const auto whole = *disk_->contents(name);
  for (std::size_t byte = 0; byte < whole.size(); byte += 13) {
    ASSERT_TRUE(disk_->flip_bit(name, byte * 8));
    EXPECT_EQ(read_anew("f"), "text") << byte;
    ASSERT_TRUE(disk_->overwrite(name, whole));
  }
  ASSERT_TRUE(disk_->flip_bit(name, 100));
  ASSERT_TRUE(disk_->flip_bit(name, whole.size() * 4 + 100));
  const auto opened = open_encrypted_storage(disk_, key_of(1));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kDataLoss);
}

TEST_F(EncryptedStorageTest, PowerMayFailAtAnyStep) {
  const auto run = [](FaultStorage& disk, const std::shared_ptr<Storage>& storage) {
    std::vector<std::string> synced;
    const auto put = [&](const std::string& path) {
      auto file = storage->create(path);
      if (file && (*file)->append(bytes_of(path)) && (*file)->sync()) synced.push_back(path);
    };
    put("a");
    if (storage->publish("m", bytes_of("m"))) synced.push_back("m");
    put("b");
    (void)storage->remove("a");
    std::erase(synced, "a");
    put("c");
    (void)disk;
    return synced;
  };
  run(*disk_, storage_);
  const std::uint64_t steps = disk_->steps();
  for (std::uint64_t step = 1; step <= steps; ++step) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const auto disk = FaultStorage::make();
      disk->cut_power_at(step);
      const auto storage = open_encrypted_storage(disk, key_of(1));
      if (!storage) continue;
      const std::vector<std::string> synced = run(*disk, *storage);
      const auto later = disk->after_power_loss(seed);
      const auto again = open_encrypted_storage(later, key_of(1));
      ASSERT_TRUE(again) << again.error().message << " step " << step << " seed " << seed;
      for (const std::string& path : synced) {
        EXPECT_EQ(read(**again, path), path) << "step " << step << " seed " << seed;
      }
    }
  }
}

TEST_F(EncryptedStorageTest, NamesOfTheKeyringAreNotForUse) {
  EXPECT_EQ(storage_->create("KEYRING-1").error().code, ErrorCode::kInvalidArgument);
  write("f", "x");
  EXPECT_EQ(storage_->open(keyring()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(storage_->list("")->size(), 1u);
}

}  // namespace
}  // namespace simile::io
