#include "simile/io/fault_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace simile::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = FaultStep::Kind;

constexpr std::uint64_t kSeeds = 60;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class FaultStorageTest : public testing::Test {
 protected:
  /// The contents, or "<none>".
  static std::string read(const FaultStorage& disk, const std::string& path) {
    const auto bytes = disk.contents(path);
    if (!bytes) return "<none>";
    return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
  }
  std::unique_ptr<WritableFile> create(const std::string& path) {
    auto file = disk_->create(path);
    EXPECT_TRUE(file);
    return std::move(*file);
  }
  /// What any power loss may leave of a file.
  std::set<std::string> survivors(const std::string& path) {
    std::set<std::string> all;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      all.insert(read(*disk_->after_power_loss(seed), path));
    }
    return all;
  }

  std::shared_ptr<FaultStorage> disk_ = FaultStorage::make();
};

TEST_F(FaultStorageTest, CountsAndDescribesEveryStep) {
  auto file = create("wal/1");
  ASSERT_TRUE(file->append(bytes_of("abc")));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->append(bytes_of("d")));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->close());
  ASSERT_TRUE(disk_->publish("m", bytes_of("xy")));
  ASSERT_TRUE(disk_->remove("wal/1"));
  std::vector<std::string> steps;
  for (const FaultStep& step : disk_->history()) steps.push_back(describe(step));
  EXPECT_THAT(steps, ElementsAre("create wal/1", "append 3 B to wal/1", "sync wal/1",
                                 "sync folder of wal/1", "append 1 B to wal/1", "sync wal/1",
                                 "append 2 B to m", "sync m", "rename m", "sync folder of m",
                                 "remove wal/1"));
  EXPECT_EQ(disk_->steps(), 11u);
}

TEST_F(FaultStorageTest, SyncedBytesSurviveEveryPowerLoss) {
  auto file = create("f");
  ASSERT_TRUE(file->append(bytes_of("synced")));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->append(bytes_of(" and not synced")));
  for (const std::string& text : survivors("f")) EXPECT_THAT(text, testing::StartsWith("synced"));
  EXPECT_EQ(read(*disk_->after_power_loss(0), "f"), "synced");
  EXPECT_EQ(read(*disk_->after_power_loss(1), "f"), "synced and not synced");
}

TEST_F(FaultStorageTest, UnsyncedFileMayBeAbsentEmptyTornZeroedOrNoise) {
  auto file = create("f");
  const std::string text(2000, 'x');
  ASSERT_TRUE(file->append(bytes_of(text)));
  ASSERT_TRUE(file->close());
  bool torn = false, zeroed = false, noise = false;
  const std::set<std::string> all = survivors("f");
  for (const std::string& left : all) {
    if (left == "<none>" || left.empty()) continue;
    if (left.find_first_not_of('x') == std::string::npos) {
      torn |= left.size() < text.size();
    } else if (left.find_first_not_of(std::string("x\0", 2)) == std::string::npos) {
      zeroed = true;
      EXPECT_EQ(left.find('\0') % 512, 0u) << "blocks are lost as a whole";
    } else {
      noise = true;
    }
  }
  EXPECT_TRUE(all.contains("<none>") && all.contains("") && all.contains(text));
  EXPECT_TRUE(torn && zeroed && noise);
}

TEST_F(FaultStorageTest, SameSeedLosesTheSame) {
  ASSERT_TRUE(create("f")->append(bytes_of(std::string(5000, 'x'))));
  ASSERT_TRUE(create("g")->append(bytes_of(std::string(5000, 'y'))));
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto a = disk_->after_power_loss(seed);
    const auto b = disk_->after_power_loss(seed);
    EXPECT_EQ(read(*a, "f") + read(*a, "g"), read(*b, "f") + read(*b, "g"));
  }
}

TEST_F(FaultStorageTest, PublishIsWholeOrAbsentWhereverPowerIsCut) {
  for (std::uint64_t cut = 1; cut <= 4; ++cut) {
    disk_ = FaultStorage::make();
    disk_->cut_power_at(cut);
    const Status status = disk_->publish("m", bytes_of("whole"));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
    if (cut <= 2) {
      EXPECT_THAT(survivors("m"), ElementsAre("<none>")) << "before the rename";
    } else {
      EXPECT_THAT(survivors("m"), ElementsAre("<none>", "whole"));
    }
  }
  disk_ = FaultStorage::make();
  ASSERT_TRUE(disk_->publish("m", bytes_of("whole")));
  EXPECT_THAT(survivors("m"), ElementsAre("whole")) << "once acknowledged";
}

TEST_F(FaultStorageTest, RemovedFileMayComeBack) {
  ASSERT_TRUE(disk_->publish("m", bytes_of("old")));
  ASSERT_TRUE(disk_->remove("m"));
  EXPECT_THAT(survivors("m"), ElementsAre("<none>", "old"));
  ASSERT_TRUE(disk_->publish("m", bytes_of("new")));
  EXPECT_THAT(survivors("m"), ElementsAre("new"));
}

TEST_F(FaultStorageTest, NothingWorksWithoutPower) {
  ASSERT_TRUE(disk_->publish("m", bytes_of("x")));
  auto file = create("f");
  disk_->cut_power();
  EXPECT_TRUE(disk_->power_is_cut());
  const std::uint64_t steps = disk_->steps();
  EXPECT_EQ(file->append(bytes_of("a")).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(file->close().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(disk_->open("m").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(disk_->create("g").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(disk_->publish("n", {}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(disk_->remove("m").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(disk_->list("").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(disk_->lock("l").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(disk_->steps(), steps);
}

TEST_F(FaultStorageTest, ThePowerIsBackAndLocksAreFreeAfterwards) {
  const auto lock = disk_->lock("l");
  disk_->cut_power_at(1);
  EXPECT_FALSE(disk_->create("f"));
  const auto later = disk_->after_power_loss(0);
  EXPECT_FALSE(later->power_is_cut());
  EXPECT_EQ(later->steps(), 0u);
  EXPECT_TRUE(later->lock("l"));
  EXPECT_TRUE(later->create("f"));
}

TEST_F(FaultStorageTest, WhatAPowerLossLeftIsDurable) {
  ASSERT_TRUE(create("f")->append(bytes_of("lucky")));
  const auto later = disk_->after_power_loss(1);
  EXPECT_EQ(read(*later->after_power_loss(0), "f"), "lucky");
}

TEST_F(FaultStorageTest, FailedAppendIsThereInPartAndEndsTheFile) {
  disk_->fail_step(2, Fault::kDiskFull);
  auto file = create("f");
  const Status failed = file->append(bytes_of("12345678"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(failed.error().message, testing::AllOf(HasSubstr("'f'"), HasSubstr("disk full")));
  EXPECT_EQ(read(*disk_, "f"), "1234");
  EXPECT_EQ(file->sync().error().message, failed.error().message);
  EXPECT_EQ(file->close().error().message, failed.error().message);
  EXPECT_TRUE(disk_->publish("g", bytes_of("x"))) << "once only";
}

TEST_F(FaultStorageTest, FailedSyncKeepsNothingAndIsNotTriedAgain) {
  disk_->fail_next(Kind::kSync, "wal/", Fault::kDiskError);
  ASSERT_TRUE(disk_->publish("m", bytes_of("x"))) << "another path";
  auto file = create("wal/1");
  ASSERT_TRUE(file->append(bytes_of("a")));
  EXPECT_EQ(file->sync().error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(file->sync().error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(file->append(bytes_of("b")).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(read(*disk_->after_power_loss(0), "wal/1"), "<none>");
  EXPECT_TRUE(create("wal/2")->sync()) << "once only";
}

TEST_F(FaultStorageTest, CapacityIsThatOfAllFilesTogether) {
  disk_->set_capacity(10);
  ASSERT_TRUE(disk_->publish("a", bytes_of("123456")));
  EXPECT_EQ(disk_->publish("b", bytes_of("12345")).error().code, ErrorCode::kResourceExhausted);
  EXPECT_FALSE(disk_->open("b"));
  ASSERT_TRUE(disk_->remove("a"));
  EXPECT_TRUE(disk_->publish("b", bytes_of("12345")));
}

TEST_F(FaultStorageTest, DamageIsSeenByThoseWhoOpenLater) {
  ASSERT_TRUE(disk_->publish("f", bytes_of("abc")));
  const auto before = *disk_->open("f");
  ASSERT_TRUE(disk_->flip_bit("f", 8));
  EXPECT_EQ(read(*disk_, "f"), "acc");
  EXPECT_EQ(before->map()->data()[1], std::byte{'b'});
  ASSERT_TRUE(disk_->truncate("f", 1));
  EXPECT_THAT(survivors("f"), ElementsAre("a"));
  EXPECT_EQ(disk_->flip_bit("f", 8).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(disk_->truncate("f", 2).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(disk_->flip_bit("none", 0).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(disk_->overwrite("f", bytes_of("new")));
  EXPECT_THAT(survivors("f"), ElementsAre("new"));
}

/// A log of one-byte records, acknowledged one by one; `careful` syncs before it does so.
std::size_t write_log(FaultStorage& disk, bool careful) {
  std::size_t acknowledged = 0;
  auto file = disk.create("log");
  if (!file) return 0;
  for (int i = 0; i < 10; ++i) {
    if (!(*file)->append(bytes_of("r"))) break;
    if (careful && !(*file)->sync()) break;
    ++acknowledged;
  }
  return acknowledged;
}

// What this storage is for, in small: the right protocol passes, the wrong one is caught.
TEST_F(FaultStorageTest, CrashAtEveryStepTellsACarefulLogFromACarelessOne) {
  for (const bool careful : {true, false}) {
    std::size_t lost = 0;
    for (std::uint64_t cut = 1; cut <= 22; ++cut) {
      auto disk = FaultStorage::make();
      disk->cut_power_at(cut);
      const std::size_t acknowledged = write_log(*disk, careful);
      for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        const auto log = disk->after_power_loss(seed)->contents("log");
        const auto found = log ? std::ranges::count(*log, std::byte{'r'}) : 0;
        if (static_cast<std::size_t>(found) < acknowledged) ++lost;
      }
    }
    EXPECT_EQ(lost == 0, careful);
  }
}

}  // namespace
}  // namespace simile::io
