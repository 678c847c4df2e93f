#include "simile/io/section_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <random>

#include "simile/base/bytes.h"
#include "simile/base/checksum.h"
#include "simile/base/random.h"
#include "simile/io/fault_storage.h"
#include "simile/io/section_layout.h"

namespace simile::io {
namespace {

using testing::HasSubstr;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}
std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class SectionFile : public testing::Test {
 protected:
  void write(const std::vector<std::pair<std::string, std::string>>& sections) {
    static_cast<void>(disk_->remove("f"));
    auto writer = *SectionWriter::create(*disk_, "f", "segment", 3);
    for (const auto& [name, text] : sections) {
      ASSERT_TRUE(writer->add_section(name, bytes_of(text)));
    }
    ASSERT_TRUE(writer->finish());
  }
  Result<std::unique_ptr<SectionReader>> open(std::string_view kind = "segment",
                                              std::uint32_t format_max = 3) {
    return SectionReader::open(*disk_->open("f"), kind, format_max);
  }
  /// Opening, then verifying everything; what a database check does.
  Status open_and_verify() {
    auto reader = open();
    if (!reader) return std::unexpected(reader.error());
    return (*reader)->verify_all();
  }
  std::vector<std::byte> contents() { return *disk_->contents("f"); }
  void expect_damaged(const std::vector<std::byte>& bytes, const std::string& what) {
    ASSERT_TRUE(disk_->overwrite("f", bytes));
    const Status status = open_and_verify();
    ASSERT_FALSE(status) << what;
    EXPECT_THAT(status.error().message, HasSubstr("'f'")) << what;
  }

  std::shared_ptr<FaultStorage> disk_ = FaultStorage::make();
};

TEST_F(SectionFile, GivesBackWhatWasWritten) {
  write({{"rows", "some rows"}, {"empty", ""}, {"ids", std::string(200, 'x')}});
  const auto reader = open();
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->format(), 3u);
  EXPECT_EQ((*reader)->sections().size(), 3u);
  EXPECT_EQ(text_of(*(*reader)->section("rows")), "some rows");
  EXPECT_EQ(text_of(*(*reader)->verified_section("ids")), std::string(200, 'x'));
  EXPECT_EQ((*reader)->verified_section("empty")->size(), 0u);
  EXPECT_TRUE((*reader)->contains("ids"));
  EXPECT_FALSE((*reader)->contains("id"));
  const auto absent = (*reader)->section("id");
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(absent.error().message, testing::AllOf(HasSubstr("'f'"), HasSubstr("'id'")));
  EXPECT_TRUE((*reader)->verify_all());
}

TEST_F(SectionFile, FileWithoutSectionsIsValid) {
  write({});
  EXPECT_TRUE(open_and_verify());
  EXPECT_EQ(contents().size(), 64u + 4 + 40);
}

TEST_F(SectionFile, IsTheSameHoweverItIsCutIntoAppends) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const std::size_t size :
       {0ul, 1ul, kLargeSectionBytes - 1, kLargeSectionBytes, kLargeSectionBytes * 3 + 5}) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random.next());
    write({{"before", "b"}, {"s", text}, {"after", "a"}});
    const std::vector<std::byte> whole = contents();

    ASSERT_TRUE(disk_->remove("f"));
    auto writer = *SectionWriter::create(*disk_, "f", "segment", 3);
    ASSERT_TRUE(writer->add_section("before", bytes_of("b")));
    ASSERT_TRUE(writer->begin_section("s"));
    for (std::size_t at = 0; at < size;) {
      const std::size_t part = std::min<std::size_t>(size - at, random.below(size) + 1);
      ASSERT_TRUE(writer->append(bytes_of(text).subspan(at, part)));
      at += part;
    }
    ASSERT_TRUE(writer->add_section("after", bytes_of("a")));
    ASSERT_TRUE(writer->finish());
    EXPECT_EQ(contents(), whole) << size;
    EXPECT_TRUE(open_and_verify());
  }
}

TEST_F(SectionFile, AlignsSectionsToLinesAndLargeOnesToPages) {
  write({{"a", "1"},
         {"large", std::string(kLargeSectionBytes, 'l')},
         {"b", std::string(kLargeSectionBytes - 1, 'b')},
         {"c", "1"}});
  const auto reader = *open();
  const auto& sections = reader->sections();
  EXPECT_EQ(sections[0].offset, 64u);
  EXPECT_EQ(sections[1].offset, 4096u);
  EXPECT_EQ(sections[2].offset, 4096u + kLargeSectionBytes);
  EXPECT_EQ(sections[3].offset, 4096u + 2 * kLargeSectionBytes);
}

// The page shows this file, with the meaning of each number.
TEST_F(SectionFile, BytesAreThoseOfTheFormatPage) {
  write({{"greeting", "hello"}});
  std::string hex;
  for (const std::byte byte : contents()) {
    hex += "0123456789abcdef"[std::to_integer<std::size_t>(byte) / 16];
    hex += "0123456789abcdef"[std::to_integer<std::size_t>(byte) % 16];
  }
  EXPECT_EQ(hex,
            "53494d494c450d0a0100000003000000"
            "7365676d656e74000000000000000000"
            "00000000000000000000000000000000"
            "00000000000000001b844ea6ac41f404"
            "68656c6c6f0000000100000040000000"
            "000000000500000000000000fddc625c"
            "55e85595080000006772656574696e67"
            "48000000000000002800000000000000"
            "898c840e346e34f253494d494c454e44"
            "180bba6156163103");
}

TEST_F(SectionFile, RefusesAnotherKindAndNewerFormats) {
  write({{"s", "x"}});
  EXPECT_EQ(open("index").error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(open("index").error().message, HasSubstr("kind segment, not index"));
  EXPECT_EQ(open("segment", 2).error().code, ErrorCode::kUnimplemented);
  EXPECT_THAT(open("segment", 2).error().message, HasSubstr("format 3"));
  EXPECT_TRUE(open("segment", 9));
}

TEST_F(SectionFile, EveryFlippedBitIsFound) {
  write({{"a", "hello"}, {"empty", ""}, {"b", std::string(70, 'y')}});
  const std::vector<std::byte> good = contents();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::vector<std::byte> bad = good;
    bad[bit / 8] ^= std::byte{1} << (bit % 8);
    expect_damaged(bad, "bit " + std::to_string(bit));
  }
}

TEST_F(SectionFile, EveryTruncationAndEveryExtensionIsFound) {
  write({{"a", "hello"}, {"b", std::string(70, 'y')}});
  const std::vector<std::byte> good = contents();
  for (std::size_t size = 0; size < good.size(); ++size) {
    expect_damaged({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)},
                   "truncated to " + std::to_string(size));
  }
  for (std::size_t more = 1; more <= 200; ++more) {
    std::vector<std::byte> longer = good;
    longer.resize(good.size() + more);
    expect_damaged(longer, "longer by " + std::to_string(more));
  }
}

/// A file whose checksums are all right and whose fields are not: what an enemy would write.
class HostileSectionFile : public SectionFile {
 protected:
  void forge(std::vector<std::byte> header_and_sections, std::span<const std::byte> table,
             std::optional<SectionFooter> lie = {}) {
    std::vector<std::byte>& bytes = header_and_sections;
    SectionFooter footer;
    footer.table_offset = bytes.size();
    footer.table_size = table.size();
    footer.table_checksum = checksum64(table);
    if (lie) footer = *lie;
    footer.checksum =
        checksum64(std::as_bytes(std::span(&footer, 1)).first(offsetof(SectionFooter, checksum)));
    bytes.insert(bytes.end(), table.begin(), table.end());
    const auto end = std::as_bytes(std::span(&footer, 1));
    bytes.insert(bytes.end(), end.begin(), end.end());
    ASSERT_TRUE(disk_->overwrite("f", bytes));
  }
  std::vector<std::byte> header() {
    write({});
    std::vector<std::byte> bytes = contents();
    bytes.resize(sizeof(SectionHeader));
    return bytes;
  }
  struct Entry {
    std::uint64_t offset, size, checksum;
    std::string name;
  };
  static std::vector<std::byte> table_of(std::uint32_t count, const std::vector<Entry>& entries) {
    ByteWriter table;
    table.put(count);
    for (const Entry& entry : entries) {
      table.put(entry.offset);
      table.put(entry.size);
      table.put(entry.checksum);
      table.put_string(entry.name);
    }
    return table.take();
  }
};

TEST_F(HostileSectionFile, TableThatMakesNoSenseIsRefused) {
  const std::uint64_t huge = ~std::uint64_t{0};
  const std::uint64_t empty = checksum64({});
  std::vector<std::byte> with_body = header();
  with_body.resize(128);
  forge(with_body, table_of(1, {{64, 64, checksum64(std::vector<std::byte>(64)), "ok"}}));
  ASSERT_TRUE(open_and_verify()) << "the forger forges well";

  const std::vector<std::vector<Entry>> lies = {
      {{0, 0, empty, "header"}},
      {{64, huge, empty, "huge"}},
      {{64, huge - 63, empty, "wraps"}},
      {{huge, 1, empty, "far"}},
      {{64, 65, empty, "into the table"}},
      {{128, 0, empty, "gap"}},
      {{64, 64, empty, ""}},
      {{64, 64, empty, "new\nline"}},
      {{64, 64, empty, "a"}, {128, 0, empty, "a"}},
      {{64, 64, empty, std::string(256, 'n')}},
      {{64, 0, empty, "a"}, {64, huge, empty, "b"}, {63, 1, empty, "c"}},
  };
  for (std::size_t i = 0; i < lies.size(); ++i) {
    forge(with_body, table_of(static_cast<std::uint32_t>(lies[i].size()), lies[i]));
    EXPECT_EQ(open().error().code, ErrorCode::kDataLoss) << "lie " << i;
  }
  for (const std::uint32_t count : {0u, 2u, 0xFFFF'FFFFu}) {
    forge(with_body, table_of(count, {{64, 64, empty, "one"}}));
    EXPECT_EQ(open().error().code, ErrorCode::kDataLoss) << "count " << count;
  }
  forge(with_body, {});
  EXPECT_EQ(open().error().code, ErrorCode::kDataLoss) << "no table at all";
}

TEST_F(HostileSectionFile, SizesNear64BitsDoNotWrapAround) {
  const std::uint64_t huge = ~std::uint64_t{0};
  std::vector<std::byte> body = header();
  body.resize(8192);
  for (const std::uint64_t size : {huge, huge - 4095, huge - 4096, huge / 2, std::uint64_t{4097}}) {
    forge(body, table_of(1, {{4096, size, 0, "large"}}));
    EXPECT_EQ(open().error().code, ErrorCode::kDataLoss) << size;
    forge(body, table_of(2, {{4096, size, 0, "large"}, {4096 + size, 8192 - size, 0, "rest"}}));
    EXPECT_EQ(open().error().code, ErrorCode::kDataLoss) << size;
  }
  // Offset and size wrap to just where the table begins.
  body.resize(4096);
  forge(body, table_of(1, {{4096, huge, 0, "large"}}));
  EXPECT_EQ(open().error().code, ErrorCode::kDataLoss);
  body.resize(128);
  forge(body, table_of(1, {{4096, huge - 4095 + 128, 0, "large"}}));
  EXPECT_EQ(open().error().code, ErrorCode::kDataLoss);
}

TEST_F(HostileSectionFile, BytesThatBelongToNoPartAreRefused) {
  const auto table = table_of(0, {});
  std::vector<std::byte> longer = table;
  longer.resize(table.size() + 4);
  forge(header(), longer);
  EXPECT_EQ(open().error().code, ErrorCode::kDataLoss) << "after the table's last entry";

  SectionFooter lie;
  lie.table_offset = sizeof(SectionHeader);
  lie.table_size = table.size();
  lie.table_checksum = checksum64(table);
  forge(header(), longer, lie);
  EXPECT_EQ(open().error().code, ErrorCode::kDataLoss) << "between table and footer";

  std::vector<std::byte> body = header();
  body.resize(128);
  forge(body, table_of(1, {{64, 0, checksum64({}), "a"}}));
  EXPECT_EQ(open().error().code, ErrorCode::kDataLoss) << "between the last section and the table";
}

TEST_F(HostileSectionFile, HeaderThatMakesNoSenseIsRefused) {
  const auto code_with = [&](const std::function<void(SectionHeader&)>& change) {
    std::vector<std::byte> bytes = header();
    SectionHeader fields;
    std::memcpy(&fields, bytes.data(), sizeof fields);
    change(fields);
    fields.checksum =
        checksum64(std::as_bytes(std::span(&fields, 1)).first(offsetof(SectionHeader, checksum)));
    std::memcpy(bytes.data(), &fields, sizeof fields);
    forge(bytes, table_of(0, {}));
    const auto reader = open();
    return reader ? std::string_view("ok") : name_of(reader.error().code);
  };
  EXPECT_EQ(code_with([](SectionHeader&) {}), "ok");
  EXPECT_EQ(code_with([](SectionHeader& h) { h.container_version = 0; }), "data_loss");
  EXPECT_EQ(code_with([](SectionHeader& h) { h.container_version = 2; }), "unimplemented");
  EXPECT_EQ(code_with([](SectionHeader& h) { h.reserved = 1; }), "data_loss");
  EXPECT_EQ(code_with([](SectionHeader& h) { h.kind[31] = 'x'; }), "data_loss");
  EXPECT_EQ(code_with([](SectionHeader& h) { h.kind[0] = '\0'; }), "data_loss");
  EXPECT_EQ(code_with([](SectionHeader& h) { h.kind[0] = '\n'; }), "data_loss");
  EXPECT_EQ(code_with([](SectionHeader& h) { h.kind.fill('x'); }), "invalid_argument");
}

TEST_F(HostileSectionFile, FooterThatMakesNoSenseIsRefused) {
  const std::uint64_t huge = ~std::uint64_t{0};
  const auto table = table_of(0, {});
  for (const auto& [offset, size] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 68}, {64, huge}, {huge, 4}, {68, huge - 3}, {huge - 3, 72}, {60, 8}, {68, 0}}) {
    SectionFooter lie;
    lie.table_offset = offset;
    lie.table_size = size;
    lie.table_checksum = checksum64(table);
    forge(header(), table, lie);
    EXPECT_EQ(open().error().code, ErrorCode::kDataLoss) << offset << ' ' << size;
  }
}

TEST_F(HostileSectionFile, RandomChangesWithRightChecksumsNeverCrash) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  std::vector<std::byte> body = header();
  body.resize(64 + 200);
  for (int i = 0; i < 5000; ++i) {
    std::vector<Entry> entries(random.below(4));
    for (Entry& entry : entries) {
      // Small numbers are near the valid ones, shifted ones near the edges of 64 bits.
      entry.offset =
          random.below(2) == 0 ? random.below(6) * 64 : random.next() << random.below(64);
      entry.size = random.below(2) == 0 ? random.below(300) : random.next() << random.below(64);
      entry.name = std::string(random.below(3), static_cast<char>('a' + random.below(3)));
    }
    std::vector<std::byte> table = table_of(static_cast<std::uint32_t>(random.below(5)), entries);
    if (random.below(4) == 0) table.resize(random.below(table.size() + 1));
    forge(body, table);
    static_cast<void>(open_and_verify());
  }
}

TEST_F(SectionFile, OpeningReadsNoSection) {
  write({{"a", std::string(100'000, 'a')}});
  std::vector<std::byte> bytes = contents();
  bytes[5000] ^= std::byte{1};
  ASSERT_TRUE(disk_->overwrite("f", bytes));
  const auto reader = open();
  ASSERT_TRUE(reader);
  EXPECT_TRUE((*reader)->section("a"));
  const auto verified = (*reader)->verified_section("a");
  EXPECT_EQ(verified.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(verified.error().message, HasSubstr("section 'a'"));
}

TEST_F(SectionFile, IsDurableOnceFinished) {
  write({{"a", "hello"}});
  disk_ = disk_->after_power_loss(0);
  EXPECT_TRUE(open_and_verify());
}

TEST_F(SectionFile, FailingDiskFailsTheWriter) {
  write({{"a", std::string(100'000, 'a')}, {"b", "b"}});
  const std::uint64_t steps = disk_->steps();
  for (std::uint64_t step = 1; step <= steps; ++step) {
    auto disk = FaultStorage::make();
    disk->fail_step(step, Fault::kDiskFull);
    const auto attempt = [&]() -> Status {
      auto writer = SectionWriter::create(*disk, "f", "segment", 3);
      if (!writer) return std::unexpected(writer.error());
      if (Status s = (*writer)->add_section("a", bytes_of(std::string(100'000, 'a'))); !s) return s;
      if (Status s = (*writer)->add_section("b", bytes_of("b")); !s) return s;
      return (*writer)->finish();
    };
    const Status status = attempt();
    ASSERT_FALSE(status) << "step " << step;
    EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted);
  }
}

}  // namespace
}  // namespace simile::io
