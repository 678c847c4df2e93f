/// Encrypted databases in directories: keys, what is refused, what is erased.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "simile/db/test_rows.h"
#include "simile/io/scratch_folder.h"

namespace simile::db {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "whiskers";  // a label that must not be found on the disk

std::vector<TestRow> secret_rows(std::int64_t count) {
  std::vector<TestRow> rows;
  for (std::int64_t id = 0; id < count; ++id) {
    rows.push_back(test_row(id, 1));
    rows.back().label = kSecret;
  }
  return rows;
}

/// All bytes of all files.
std::string everything_in(const std::string& folder) {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    all.append(std::istreambuf_iterator<char>(file), {});
  }
  return all;
}

class DatabaseEncryptionTest : public testing::Test {
 protected:
  OpenOptions with(const KeySource& key) const {
    OpenOptions options = foreground();
    options.key = key;
    return options;
  }
  Result<std::unique_ptr<Database>> open(const KeySource& key) const {
    return Database::open(path_, with(key));
  }
  Error refused(const KeySource& key) const {
    const auto database = open(key);
    EXPECT_FALSE(database);
    return database ? Error{} : database.error();
  }
  /// Three secret rows in a segment, and three in the log.
  void fill(const KeySource& key) const {
    auto database = open(key);
    ASSERT_TRUE(database) << database.error().message;
    auto collection = *(*database)->create_collection("c", test_schema());
    ASSERT_TRUE(upsert(*collection, secret_rows(3)));
    ASSERT_TRUE(collection->flush());
    ASSERT_TRUE(upsert(*collection, secret_rows(6)));
  }
  std::size_t rows(const KeySource& key) const {
    const auto database = open(key);
    EXPECT_TRUE(database) << database.error().message;
    return database ? rows_in(**(*database)->collection("c")).size() : 0;
  }
  std::string write_key(const std::string& name, const std::string& text, mode_t mode) const {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

  io::ScratchFolder folder_;
  const std::string path_ = folder_ / "data.simile";
  const KeySource key_ = {*make_key(), "", ""};
};

TEST_F(DatabaseEncryptionTest, NothingOnTheDiskIsReadable) {
  fill({});
  EXPECT_THAT(everything_in(path_), HasSubstr(kSecret)) << "the search finds what is there";
  fs::remove_all(path_);
  fill(key_);
  const std::string bytes = everything_in(path_);
  EXPECT_THAT(bytes, Not(HasSubstr(kSecret)));
  EXPECT_THAT(bytes, Not(HasSubstr("feature"))) << "a field's name, of the manifest";
  EXPECT_EQ(rows(key_), 6u);
  const auto report = verify_database(path_, {}, nullptr, key_);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->damages.empty());
}

TEST_F(DatabaseEncryptionTest, NeedsItsKeyAndNoOther) {
  fill(key_);
  EXPECT_EQ(refused({}).code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(refused({}).message, HasSubstr("is encrypted: give its key"));
  const KeySource other = {*make_key(), "", ""};
  EXPECT_EQ(refused(other).code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(refused(other).message, HasSubstr("the key is not that of"));
  EXPECT_EQ(verify_database(path_).error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(rows(key_), 6u);
}

TEST_F(DatabaseEncryptionTest, AKeyForAPlainDatabaseIsRefused) {
  fill({});
  EXPECT_EQ(refused(key_).code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused(key_).message, HasSubstr("simile encrypt"));
  EXPECT_EQ(rows({}), 6u);
}

TEST_F(DatabaseEncryptionTest, KeysComeFromFilesAndCommands) {
  fill(key_);
  const std::string file = write_key("good.key", "  " + key_.digits + "\n", 0600);
  EXPECT_EQ(rows({"", file, ""}), 6u);
  EXPECT_EQ(rows({"", "", "cat '" + file + "'"}), 6u);

  const std::string open_to_all = write_key("open.key", key_.digits, 0644);
  EXPECT_THAT(refused({"", open_to_all, ""}).message, HasSubstr("chmod 600"));
  const std::string is_short = write_key("short.key", key_.digits.substr(1), 0600);
  const Error short_error = refused({"", is_short, ""});
  EXPECT_EQ(short_error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(short_error.message, Not(HasSubstr(key_.digits.substr(1, 8)))) << "no part of it";
  EXPECT_EQ(refused({"", folder_ / "none.key", ""}).code, ErrorCode::kNotFound);
  EXPECT_THAT(refused({"", "", "exit 3"}).message, HasSubstr("status 3"));
  EXPECT_EQ(refused({"", "", "echo hello"}).code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused({key_.digits, file, ""}).message, HasSubstr("several keys"));
}

TEST_F(DatabaseEncryptionTest, TheKeyIsChangedInPlace) {
  fill(key_);
  const KeySource next = {*make_key(), "", ""};
  {
    const auto database = open(key_);
    ASSERT_TRUE((*database)->change_key(next));
    ASSERT_TRUE(upsert(**(*database)->collection("c"), secret_rows(8)));
  }
  EXPECT_EQ(refused(key_).code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(rows(next), 8u);

  OpenOptions reading = with(next);
  reading.read_only = true;
  EXPECT_EQ((*Database::open(path_, reading))->change_key(key_).error().code,
            ErrorCode::kFailedPrecondition);
}

TEST_F(DatabaseEncryptionTest, CopiesAreEncryptedAndDecrypted) {
  fill({});
  const std::string secret = folder_ / "secret.simile";
  ASSERT_TRUE(copy_database(path_, {}, secret, key_));
  EXPECT_THAT(everything_in(secret), Not(HasSubstr(kSecret)));
  const std::string again = folder_ / "again.simile";
  ASSERT_TRUE(copy_database(secret, key_, again, {}));
  EXPECT_EQ(rows_in(**(*Database::open(again))->collection("c")).size(), 6u);
  EXPECT_EQ(copy_database(path_, {}, again, {}).error().code, ErrorCode::kAlreadyExists);

  CancelToken cancel;
  cancel.cancel();
  const std::string never = folder_ / "never.simile";
  EXPECT_EQ(copy_database(path_, {}, never, key_, {}, &cancel).error().code, ErrorCode::kCancelled);
  OpenOptions existing = with(key_);
  existing.create = false;
  EXPECT_EQ(Database::open(never, existing).error().code, ErrorCode::kNotFound);
}

TEST_F(DatabaseEncryptionTest, AReaderBesideTheWriterSeesWhatComes) {
  fill(key_);
  const auto writer = open(key_);
  OpenOptions reading = with(key_);
  reading.read_only = true;
  const auto reader = *Database::open(path_, reading);
  const auto collection = *(*writer)->collection("c");
  ASSERT_TRUE(upsert(*collection, secret_rows(10)));
  ASSERT_TRUE(collection->flush());
  ASSERT_TRUE(upsert(*collection, secret_rows(12)));
  ASSERT_TRUE(reader->refresh());
  EXPECT_EQ(rows_in(**reader->collection("c")).size(), 12u);
}

/// Whoever keeps the bytes of all files from before, and has the key, cannot bring back the rows.
TEST_F(DatabaseEncryptionTest, DroppingACollectionErasesItsRowsForGood) {
  fill(key_);
  {
    const auto database = open(key_);
    auto other = *(*database)->create_collection("other", test_schema());
    ASSERT_TRUE(upsert(*other, {test_row(1, 1)}));
  }
  const std::string before = folder_ / "before";
  {
    const auto database = open(key_);
    // In the log that is being written, beside rows that are to stay.
    ASSERT_TRUE(upsert(**(*database)->collection("c"), secret_rows(4)));
    ASSERT_TRUE(upsert(**(*database)->collection("other"), {test_row(1, 2)}));
    fs::copy(path_, before, fs::copy_options::recursive);
    ASSERT_TRUE((*database)->drop_collection("c"));
  }
  // Everything as it was, but for the keyring.
  for (const auto& entry : fs::directory_iterator(before)) {
    if (entry.path().filename().string().starts_with("KEYRING-")) fs::remove(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (!entry.path().filename().string().starts_with("KEYRING-")) continue;
    fs::copy_file(entry.path(), fs::path(before) / entry.path().filename());
  }
  const std::string plain = folder_ / "plain";
  static_cast<void>(copy_database(before, key_, plain, {}));
  EXPECT_TRUE(!fs::exists(plain) || everything_in(plain).find(kSecret) == std::string::npos);
  const auto database = open(key_);
  EXPECT_EQ(rows_in(**(*database)->collection("other")).size(), 1u);
}

}  // namespace
}  // namespace simile::db
