#include "simile/io/tar_archive.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace simile::io {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class TarArchive : public testing::Test {
 protected:
  /// The archive of some files as bytes.
  std::string archive_of(const std::map<std::string, std::string>& files) {
    auto file = storage_->create("a.tar").value();
    TarWriter writer(*file);
    for (const auto& [path, text] : files) {
      EXPECT_TRUE(writer.begin(path, text.size()));
      EXPECT_TRUE(writer.write(bytes_of(text)));
    }
    EXPECT_TRUE(writer.finish());
    EXPECT_TRUE(file->close());
    const auto opened = storage_->open("a.tar").value();
    const auto map = opened->map().value();
    return {reinterpret_cast<const char*>(map.data()), map.size()};
  }

  /// Its files again, or the error.
  Result<std::map<std::string, std::string>> read(const std::string& archive) {
    const auto storage = make_memory_storage();
    EXPECT_TRUE(storage->publish("b.tar", bytes_of(archive)));
    TarReader reader(storage->open("b.tar").value());
    std::map<std::string, std::string> files;
    while (true) {
      auto entry = reader.next();
      if (!entry) return std::unexpected(entry.error());
      if (!*entry) return files;
      std::string text((*entry)->size, '\0');
      const auto out = std::as_writable_bytes(std::span(text));
      EXPECT_TRUE(reader.file().read_at((*entry)->offset, out));
      files[(*entry)->path] = text;
    }
  }

  std::shared_ptr<Storage> storage_ = make_memory_storage();
};

/// Writes a header anew after `change`, with the sum that belongs to it.
std::string changed(std::string archive, std::size_t at, std::string_view text) {
  std::memcpy(archive.data() + at, text.data(), text.size());
  std::memset(archive.data() + 148, ' ', 8);
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(archive[i]);
  std::snprintf(archive.data() + 148, 8, "%06o", sum);
  return archive;
}

TEST_F(TarArchive, GivesBackWhatItWasGiven) {
  std::map<std::string, std::string> files = {{"empty", ""}, {"wal/0001.log", "abc"}};
  for (const std::size_t size : {511, 512, 513, 5000}) {
    files["segments/" + std::to_string(size)] = std::string(size, 'x');
  }
  files["databases/" + std::string(120, 'n') + "/segments/000000000001.deletes"] = "long";
  const std::string archive = archive_of(files);
  EXPECT_EQ(archive.size() % kTarBlockBytes, 0U);
  EXPECT_EQ(read(archive).value(), files);
}

TEST_F(TarArchive, RefusesPathsThatAreTooLong) {
  auto file = storage_->create("long.tar").value();
  TarWriter writer(*file);
  EXPECT_EQ(writer.begin("a/" + std::string(200, 'n'), 1).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(TarArchive, EveryArchiveThatWasCutOffIsRefused) {
  const std::string archive = archive_of({{"a", std::string(700, 'x')}, {"b", "y"}});
  // Without its last block of zeros it still ends.
  for (std::size_t size = 0; size + kTarBlockBytes < archive.size(); size += 64) {
    const auto found = read(archive.substr(0, size));
    ASSERT_FALSE(found) << size;
    EXPECT_EQ(found.error().code, ErrorCode::kDataLoss);
  }
}

TEST_F(TarArchive, RefusesEntriesThatLeaveTheRootOrAreNoFiles) {
  const std::string archive = archive_of({{"aaaaaaaa", "text"}});
  ASSERT_TRUE(read(changed(archive, 0, "bbbb")));
  for (const std::string_view path :
       {std::string_view("/etc/abc\0", 9), std::string_view("../../ab\0", 9),
        std::string_view("a/../b\0\0", 8), std::string_view(".hidden\0", 8),
        std::string_view("a//b\0\0\0\0", 8), std::string_view("\0\0\0\0\0\0\0\0", 8)}) {
    const auto found = read(changed(archive, 0, path));
    ASSERT_FALSE(found) << path;
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  }
  for (const char type : {'1', '2', '3', '5', 'x', 'L'}) {
    const auto found = read(changed(archive, 156, std::string_view(&type, 1)));
    ASSERT_FALSE(found) << type;
    EXPECT_NE(found.error().message.find("no regular file"), std::string::npos);
  }
}

TEST_F(TarArchive, EveryChangedByteOfAHeaderIsNoticed) {
  const std::string archive = archive_of({{"a", "text"}});
  for (std::size_t i = 0; i < kTarBlockBytes; ++i) {
    std::string damaged = archive;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x15);
    const auto found = read(damaged);
    constexpr std::size_t kAfterSum = 155;  // a space that says nothing
    EXPECT_EQ(found.has_value(), i == kAfterSum) << i;
  }
}

TEST_F(TarArchive, ReadsLargeSizes) {
  // 16 GiB in GNU's form: refused, since the archive is shorter, but for that reason.
  const std::string archive = archive_of({{"a", "text"}});
  const std::string_view size("\x80\0\0\0\0\0\0\x04\0\0\0\0", 12);
  const auto found = read(changed(archive, 124, size));
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("cut off"), std::string::npos);
}

}  // namespace
}  // namespace simile::io
