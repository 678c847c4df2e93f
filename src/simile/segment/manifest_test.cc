#include "simile/segment/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simile/io/fault_storage.h"
#include "simile/segment/file_names.h"

namespace simile::segment {
namespace {

using io::FaultStorage;
using testing::HasSubstr;

Manifest sample(std::uint64_t number = 5) {
  Manifest manifest;
  manifest.number = number;
  manifest.database_id = 99;
  manifest.sequence = 1000;
  manifest.next_file = 50;
  manifest.next_collection = 4;
  manifest.first_log = 7;
  CollectionEntry& collection = manifest.collections.emplace_back();
  collection.id = 2;
  collection.name = "images";
  std::vector<Field> fields = {*parse_field("id", "int64 primary key auto"),
                               *parse_field("v", "bit[256] hamming flat"),
                               *parse_field("tags", "array<string> nullable")};
  fields[1].model_card = "{\"name\": \"m\"}";
  fields.push_back(*parse_field("count", "int32"));
  fields.back().default_value = std::int64_t{-7};
  fields.push_back(*parse_field("title", "string"));
  fields.back().default_value = "none";
  fields.back().max_length = 64;
  fields.back().partition_key = true;
  fields[2].max_capacity = 8;
  fields.push_back(*parse_field("rest", "json nullable"));
  fields.back().name = kDynamicField;
  fields.back().dynamic = true;
  collection.schema = *Schema::make(fields);
  collection.flushed_sequence = 900;
  collection.next_auto_id = 12345;
  collection.properties = {{"a", "1"}, {"b", ""}};
  manifest.properties = {{"alias", "images"}};
  collection.segments = {{10, 100, 0, 0, {{0, 11}}}, {20, 200, 31, 3, {{0, 21}, {1, 22}}}};
  return manifest;
}

TEST(Manifest, ComesBackAsItWas) {
  const Manifest manifest = sample();
  const auto back = decode_manifest(encode_manifest(manifest), "m");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, manifest);
}

/// Made by the first version that was released: two segments, no parts.
TEST(Manifest, FirstFormatIsRead) {
  std::vector<std::byte> bytes;
  const auto put = [&](std::string_view hex) {
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
      bytes.push_back(
          static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
  };
  put("53494d494c454d4601000000050000000000000009000000000000006400000000000000320000000000");
  put("0000040000000200000000000000010000000200000006000000696d616765735a000000000000000100");
  put("00000000000003000000020000006964040400000103000000000000000001000000760a040002010004");
  put("0000000000000001000000740907000001040000000000000000020000000a0000000000000064000000");
  put("000000000000000000000000000000000000000001000000000000000b00000000000000140000000000");
  put("0000c8000000000000001f00000000000000030000000000000002000000000000001500000000000000");
  put("01000000160000000000000008a9d6afa1e48ed1");
  const auto manifest = decode_manifest(bytes, "m");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->number, 5);
  ASSERT_EQ(manifest->collections.size(), 1);
  EXPECT_EQ(manifest->collections[0].segments.size(), 2);
  EXPECT_TRUE(manifest->collections[0].properties.empty());
  EXPECT_EQ(*decode_manifest(encode_manifest(*manifest), "m"), *manifest);
}

TEST(Manifest, EveryFlippedBitAndEveryCutIsSeen) {
  const std::vector<std::byte> bytes = encode_manifest(sample());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::vector<std::byte> damaged = bytes;
    damaged[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    const auto back = decode_manifest(damaged, "MANIFEST-7");
    ASSERT_FALSE(back) << bit;
    EXPECT_EQ(back.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(back.error().message, HasSubstr("MANIFEST-7"));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_manifest(std::span(bytes).first(size), "m")) << size;
  }
}

TEST(Manifest, RefusesWhatCannotBe) {
  const auto refuses = [](auto&& change) {
    Manifest manifest = sample();
    change(manifest, manifest.collections[0].segments[1]);
    const auto back = decode_manifest(encode_manifest(manifest), "m");
    return !back && back.error().code == ErrorCode::kDataLoss;
  };
  EXPECT_FALSE(refuses([](Manifest&, SegmentEntry&) {}));
  EXPECT_TRUE(refuses([](Manifest&, SegmentEntry& segment) { segment.rows = 0; }));
  EXPECT_TRUE(refuses([](Manifest&, SegmentEntry& segment) { segment.rows = 1ull << 32; }));
  EXPECT_TRUE(refuses([](Manifest&, SegmentEntry& segment) { segment.deleted_rows = 201; }));
  EXPECT_TRUE(refuses([](Manifest&, SegmentEntry& segment) { segment.deletes_file = 0; }));
  EXPECT_TRUE(refuses([](Manifest&, SegmentEntry& segment) { segment.id = 50; }));
  EXPECT_TRUE(refuses([](Manifest&, SegmentEntry& segment) { segment.derived[0].field = 6; }));
  EXPECT_TRUE(refuses([](Manifest&, SegmentEntry& segment) { segment.derived[1].file = 50; }));
  EXPECT_TRUE(refuses([](Manifest& manifest, SegmentEntry&) { manifest.next_collection = 2; }));
  EXPECT_TRUE(refuses([](Manifest& manifest, SegmentEntry&) {
    manifest.collections.push_back(manifest.collections[0]);
  }));
}

TEST(Manifest, NewestOneCounts) {
  const auto disk = FaultStorage::make();
  EXPECT_EQ(load_newest_manifest(*disk).error().code, ErrorCode::kNotFound);
  for (const std::uint64_t number : {5, 9, 100}) {
    EXPECT_EQ(publish_manifest(*disk, sample(number)).outcome, PublishOutcome::kDone);
  }
  EXPECT_EQ(load_newest_manifest(*disk)->number, 100);
}

TEST(Manifest, DamagedNewestOneIsNotPassedOver) {
  const auto disk = FaultStorage::make();
  publish_manifest(*disk, sample(5));
  publish_manifest(*disk, sample(6));
  ASSERT_TRUE(disk->flip_bit(manifest_name(6), 300));
  EXPECT_EQ(load_newest_manifest(*disk).error().code, ErrorCode::kDataLoss);
}

TEST(Manifest, RenamedOneIsRefused) {
  const auto disk = FaultStorage::make();
  ASSERT_TRUE(disk->overwrite(manifest_name(8), encode_manifest(sample(5))));
  EXPECT_EQ(load_newest_manifest(*disk).error().code, ErrorCode::kDataLoss);
}

TEST(Manifest, PublishTellsWhatBecameOfIt) {
  // Steps: create, append, sync, rename, sync folder, as far as the disk counts them.
  const auto clean = FaultStorage::make();
  publish_manifest(*clean, sample());
  for (std::uint64_t step = 1; step <= clean->steps(); ++step) {
    const auto disk = FaultStorage::make();
    disk->fail_step(step, io::Fault::kDiskFull);
    const PublishResult result = publish_manifest(*disk, sample());
    const bool visible = disk->open(manifest_name(5)).has_value();
    EXPECT_EQ(result.outcome, visible ? PublishOutcome::kUnknown : PublishOutcome::kNot) << step;
    EXPECT_FALSE(result.error.message.empty());
  }
  EXPECT_EQ(publish_manifest(*clean, sample()).outcome, PublishOutcome::kUnknown);
}

TEST(FileNames, NumbersComeBackAndOrderLikeNames) {
  for (const std::uint64_t number : {1ull, 999'999'999'999ull, 1'000'000'000'000ull, ~0ull}) {
    for (const auto& name : {manifest_name(number), log_name(number), rows_name(number),
                             keys_name(number), index_name(number), deletes_name(number)}) {
      EXPECT_EQ(number_in(name), number) << name;
    }
  }
  EXPECT_LT(log_name(9), log_name(10));
  for (const char* other : {"", "MANIFEST-", "MANIFEST-1", "wal/000000000001.log2", "lock",
                            "segments/000000000001.rows/000000000001", "photo-000000000001.jpg"}) {
    EXPECT_FALSE(number_in(other)) << other;
  }
}

}  // namespace
}  // namespace simile::segment
