#include "simile/segment/log_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "simile/io/fault_storage.h"
#include "simile/segment/file_names.h"
#include "simile/segment/log_layout.h"

namespace simile::segment {
namespace {

using io::FaultStorage;
using testing::HasSubstr;

constexpr LogHeader kHeader{3, 77, 10};
const std::string kName = log_name(3);

/// A log with one frame of each length, and where each frame begins.
struct TestLog {
  std::shared_ptr<FaultStorage> disk = FaultStorage::make();
  std::vector<std::uint64_t> begins;
  std::vector<std::byte> bytes;

  explicit TestLog(const std::vector<std::size_t>& lengths, bool close = false) {
    auto writer = *LogWriter::create(*disk, kHeader);
    for (const std::size_t length : lengths) {
      begins.push_back(writer->bytes());
      EXPECT_TRUE(writer->append(std::vector<std::byte>(length, std::byte{0x5A}), 2));
    }
    begins.push_back(writer->bytes());
    if (close) {
      EXPECT_TRUE(writer->close());
    }
    bytes = *disk->contents(kName);
  }
};

/// Lengths of the payloads that were read, or the error.
struct ReadBack {
  std::vector<std::size_t> lengths;
  Result<LogScan> scan;
};
ReadBack read(std::span<const std::byte> bytes, LogPosition from = {}) {
  ReadBack back;
  back.scan = scan_log(bytes, kName, kHeader, from, [&](const LogFrame& frame) -> Status {
    EXPECT_EQ(frame.batches, 2);
    back.lengths.push_back(frame.payload.size());
    return {};
  });
  return back;
}

TEST(LogReader, ReadsWhatWasWritten) {
  const TestLog log({0, 1, 7, 8, 5000});
  const ReadBack back = read(log.bytes);
  ASSERT_TRUE(back.scan);
  EXPECT_EQ(back.lengths, std::vector<std::size_t>({0, 1, 7, 8, 5000}));
  EXPECT_EQ(back.scan->header->first_sequence, 10);
  EXPECT_EQ(back.scan->end.next_sequence, 20);
  EXPECT_EQ(back.scan->end.offset, log.bytes.size());
  EXPECT_FALSE(back.scan->torn);
  EXPECT_FALSE(back.scan->closed);
}

TEST(LogReader, GoesOnWhereItStopped) {
  const TestLog log({3, 30, 300});
  const LogPosition middle{log.begins[1], 12};
  EXPECT_EQ(read(log.bytes, middle).lengths, std::vector<std::size_t>({30, 300}));
}

TEST(LogReader, KnowsAClosedLog) {
  const ReadBack back = read(TestLog({3}, true).bytes);
  ASSERT_TRUE(back.scan);
  EXPECT_TRUE(back.scan->closed);
  EXPECT_EQ(back.scan->end.next_sequence, 12);
}

TEST(LogReader, StopsAtATornTailWhereverItIsCut) {
  const TestLog log({3, 30, 300});
  for (std::size_t size = 0; size < log.bytes.size(); ++size) {
    const ReadBack back = read(std::span(log.bytes).first(size));
    ASSERT_TRUE(back.scan) << size << ": " << back.scan.error().message;
    std::size_t whole = 0;
    while (whole < 3 && log.begins[whole + 1] <= size) ++whole;
    EXPECT_EQ(back.lengths.size(), whole) << size;
  }
}

TEST(LogReader, TellsDamageInTheMiddleFromATornTail) {
  const TestLog log({3, 30, 300});
  for (std::size_t at = 0; at < log.bytes.size(); ++at) {
    std::vector<std::byte> bytes = log.bytes;
    bytes[at] ^= std::byte{0x10};
    const ReadBack back = read(bytes);
    const bool in_padding = bytes[at] == std::byte{0x10} && back.scan && !back.scan->torn;
    if (in_padding) continue;  // bytes that fill up a frame mean nothing
    if (at >= log.begins[2]) {
      ASSERT_TRUE(back.scan) << at;
      EXPECT_EQ(back.lengths.size(), 2) << at;
    } else {
      ASSERT_FALSE(back.scan) << at;
      EXPECT_EQ(back.scan.error().code, ErrorCode::kDataLoss);
      EXPECT_THAT(back.scan.error().message, HasSubstr(kName));
    }
  }
}

TEST(LogReader, SeesDamageToTheLastFrameOfAClosedLog) {
  TestLog log({3, 30}, true);
  log.bytes[log.begins[1] + 50] ^= std::byte{1};
  EXPECT_FALSE(read(log.bytes).scan);
}

TEST(LogReader, TakesNoFrameOfAnotherLog) {
  const TestLog log({3, 30});
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> others = {{4, 77}, {3, 78}};
  for (const auto& [number, database] : others) {
    const auto scan = scan_log(log.bytes, kName, {number, database, 0}, {log.begins[0], 10},
                               [](const LogFrame&) -> Status {
                                 ADD_FAILURE();
                                 return {};
                               });
    ASSERT_TRUE(scan);
    EXPECT_TRUE(scan->torn);
    EXPECT_FALSE(scan_log(log.bytes, kName, {number, database, 0}, {},
                          [](const LogFrame&) { return Status{}; }));
  }
}

TEST(LogReader, RefusesANewerFormatAndNamesIt) {
  TestLog log({3});
  LogHeaderBytes header;
  std::memcpy(&header, log.bytes.data(), sizeof header);
  header.format = 9;
  header.checksum = checksum_of(header);
  std::memcpy(log.bytes.data(), &header, sizeof header);
  const ReadBack back = read(log.bytes);
  ASSERT_FALSE(back.scan);
  EXPECT_EQ(back.scan.error().code, ErrorCode::kUnimplemented);
  EXPECT_THAT(back.scan.error().message, HasSubstr("format 9"));
}

TEST(LogReader, PassesTheErrorOfAVisitorOn) {
  const TestLog log({3, 30});
  const auto scan = scan_log(log.bytes, kName, kHeader, {}, [](const LogFrame&) -> Status {
    return fail(ErrorCode::kAborted, "enough");
  });
  ASSERT_FALSE(scan);
  EXPECT_EQ(scan.error().message, "enough");
}

TEST(LogWriter, TakesNothingMoreAfterAFailure) {
  const auto disk = FaultStorage::make();
  auto writer = *LogWriter::create(*disk, kHeader);
  const std::vector<std::byte> payload(10);
  ASSERT_TRUE(writer->append(payload, 1));
  disk->fail_next(io::FaultStep::Kind::kSync, "wal/", io::Fault::kDiskError);
  const Status failed = writer->append(payload, 1);
  ASSERT_FALSE(failed);
  const Status again = writer->append(payload, 1);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, failed.error().message);
  EXPECT_FALSE(writer->close());
  EXPECT_EQ(writer->next_sequence(), 11);
}

}  // namespace
}  // namespace simile::segment
