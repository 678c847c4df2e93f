#include "simile/pictures/file_bytes.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace simile::pictures {
namespace {

class ReadFile : public testing::Test {
 protected:
  ReadFile()
      : path_(std::filesystem::temp_directory_path() / ("read_file." + std::to_string(getpid()))) {}
  ~ReadFile() override { std::filesystem::remove(path_); }
  std::string path_;
};

TEST_F(ReadFile, GivesAllBytesAndTheTimeOfChange) {
  const std::string text(3'000'000, 'q');
  std::ofstream(path_) << text;
  const Result<FileBytes> file = read_file(path_, text.size());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->bytes.size(), text.size());
  EXPECT_EQ(file->bytes.back(), std::byte{'q'});
  EXPECT_GT(file->modified, 1'500'000'000'000'000'000);
}

TEST_F(ReadFile, ReadsAnEmptyFile) {
  std::ofstream(path_).close();
  EXPECT_EQ(read_file(path_, 10)->bytes.size(), 0u);
}

TEST_F(ReadFile, RefusesWhatIsTooLong) {
  std::ofstream(path_) << "12345";
  EXPECT_EQ(read_file(path_, 4).error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(read_file(path_, 4).error().message, "5 bytes are more than the limit of 4");
}

TEST_F(ReadFile, RefusesWhatIsNoFile) {
  EXPECT_EQ(read_file("/no/such/file", 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_file("/tmp", 1).error().message, "is not a file");
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(read_file(path_, 1).error().message, "is not a file");  // and does not wait
}

}  // namespace
}  // namespace simile::pictures
