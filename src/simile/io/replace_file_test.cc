#include "simile/io/replace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "simile/base/check.h"
#include "simile/io/scratch_folder.h"

namespace simile::io {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class ReplaceFile : public testing::Test {
 protected:
  std::string read() const {
    std::ifstream in(path_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::ptrdiff_t files() const {
    return std::distance(std::filesystem::directory_iterator(folder_.path()), {});
  }
  /// What a careful caller passes: writes, syncs and closes.
  static auto writing(std::string text) {
    return [text](std::unique_ptr<WritableFile> file) -> Status {
      SIMILE_TRY(file->append(bytes_of(text)));
      SIMILE_TRY(file->sync());
      return file->close();
    };
  }

  ScratchFolder folder_;
  std::string path_ = folder_ / ".my index!";
};

TEST_F(ReplaceFile, PutsTheNewFileInThePlaceOfTheOld) {
  for (const std::string text : {"first", "second, which is longer", ""}) {
    const std::string before = read();
    const Status replaced = replace_file(path_, [&](std::unique_ptr<WritableFile> file) {
      Status written = writing(text)(std::move(file));
      EXPECT_EQ(read(), before) << "not yet";
      return written;
    });
    ASSERT_TRUE(replaced) << replaced.error().message;
    EXPECT_EQ(read(), text);
    EXPECT_EQ(files(), 1);
    EXPECT_EQ((*open_file(path_))->size(), text.size());
  }
}

TEST_F(ReplaceFile, LeavesTheOldFileWhereWritingFails) {
  ASSERT_TRUE(replace_file(path_, writing("old")));
  const Status failed = replace_file(path_, [](std::unique_ptr<WritableFile> file) -> Status {
    SIMILE_TRY(file->append(bytes_of("new")));
    return fail(ErrorCode::kCancelled, "stopped");
  });
  EXPECT_EQ(failed.error().message, "stopped");
  EXPECT_EQ(read(), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(ReplaceFile, TakesAPathWithoutAFolder) {
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  EXPECT_TRUE(replace_file("plain", writing("x")));
  EXPECT_TRUE(open_file("plain"));
  std::filesystem::current_path(here);
}

TEST_F(ReplaceFile, NamesWhatIsMissingOrNoFile) {
  EXPECT_EQ(open_file(path_).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(open_file(path_).error().message, testing::HasSubstr(path_));
  EXPECT_EQ(open_file(folder_.path()).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(replace_file(folder_ / "none/x", writing("x")).error().code, ErrorCode::kNotFound);
  std::filesystem::create_directory(path_);
  const Status folder = replace_file(path_, writing("x"));
  EXPECT_EQ(folder.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(files(), 1) << "no temporary file is left";
  EXPECT_FALSE(replace_file("", writing("x")));
}

}  // namespace
}  // namespace simile::io
