#include "simile/pictures/folder_indexer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "simile/base/check.h"
#include "simile/base/random.h"
#include "simile/features/sha256.h"
#include "simile/pictures/fake_embedder.h"

namespace simile::pictures {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

/// A folder of pictures and a database beside it.
class FolderIndexerTest : public testing::Test {
 protected:
  FolderIndexerTest()
      : root_(fs::temp_directory_path() / ("folder_indexer." + std::to_string(getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_ / "photos");
    root_ = fs::canonical(root_);
    open();
  }
  ~FolderIndexerTest() override {
    collection_.reset();
    database_.reset();
    fs::remove_all(root_);
  }

  void open() {
    collection_.reset();
    database_.reset();
    auto database = Database::open(root_ / "db.simile");
    SIMILE_CHECK(database);
    database_ = *std::move(database);
    if (database_->collections().empty()) {
      const Result<Schema> schema = picture_schema(fake_card());
      SIMILE_CHECK(schema);
      SIMILE_CHECK(database_->create_collection("pictures", *schema));
    }
    collection_ = database_->collection("pictures").value();
  }

  /// Writes a file; its time of change is one that no file had before.
  void put(const std::string& name, const std::string& content) {
    const fs::path path = root_ / "photos" / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
    const timespec time{.tv_sec = ++clock_, .tv_nsec = 0};
    const timespec times[2] = {time, time};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  void put_picture(const std::string& name, int number) {
    put(name, "picture " + std::to_string(number));
  }
  void remove(const std::string& name) { fs::remove_all(root_ / "photos" / name); }

  Result<PictureIndexReport> try_index(const std::string& folder = "photos") {
    skipped_.clear();
    options_.on_skipped = [&](const std::string& file, const std::string& why) {
      skipped_[fs::path(file).lexically_relative(root_ / "photos")] = why;
    };
    embedder_.prepared = embedder_.inferred = 0;
    opened_ = 0;
    SIMILE_ASSIGN(const FolderContents contents,
                  walk_folder(root_ / folder, options_.follow_symlinks));
    const EmbedderSource source = [&]() -> Result<std::shared_ptr<const PictureEmbedder>> {
      ++opened_;
      return std::shared_ptr<const PictureEmbedder>(std::shared_ptr<void>(), &embedder_);
    };
    return FolderIndexer(*collection_, embedder_.card(), source, options_).run(contents);
  }
  PictureIndexReport index(const std::string& folder = "photos") {
    const Result<PictureIndexReport> report = try_index(folder);
    EXPECT_TRUE(report) << report.error().message;
    return report.value_or(PictureIndexReport{});
  }

  /// Rows of the collection: name -> number of the picture, checked value by value.
  std::map<std::string, int> rows() const {
    std::map<std::string, int> rows;
    const Table table = collection_->snapshot()->query("", {}, 1'000'000, 0).value();
    for (std::size_t i = 0; i < table.rows; ++i) {
      const std::string path = table.find(kPath)->strings[i];
      const int number = static_cast<int>(table.find(kWidth)->values<std::int64_t>()[i]);
      const std::string name = fs::path(path).lexically_relative(root_ / "photos");
      rows[name] = number;
      EXPECT_EQ(table.find(kHeight)->values<std::int64_t>()[i], 100);
      const std::string text = "picture " + std::to_string(number);
      EXPECT_EQ(table.find(kContent)->strings[i],
                features::sha256_of(std::as_bytes(std::span(text))));
      EXPECT_EQ(table.find(kBytes)->values<std::int64_t>()[i],
                static_cast<std::int64_t>(text.size()));
      expect_feature(table, i, number);
    }
    return rows;
  }

  static void expect_feature(const Table& table, std::size_t row, int number) {
    const std::vector<float> wanted = FakeEmbedder::feature_of(static_cast<float>(number));
    double length = 0;
    for (const float value : wanted) length += static_cast<double>(value) * value;
    const auto feature = table.find(kFeature)->values<float>().subspan(row * 4, 4);
    double product = 0;
    double stored = 0;
    for (std::size_t c = 0; c < 4; ++c) {
      product += static_cast<double>(feature[c]) * wanted[c];
      stored += static_cast<double>(feature[c]) * feature[c];
    }
    EXPECT_NEAR(product, std::sqrt(length * stored), 1e-5);
  }

  fs::path root_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  FakeEmbedder embedder_;
  int opened_ = 0;  ///< times that the last run opened the model
  PictureIndexOptions options_;
  std::map<std::string, std::string> skipped_;
  std::time_t clock_ = 1'600'000'000;
};

TEST_F(FolderIndexerTest, AddsEveryPicture) {
  put_picture("b.jpg", 2);
  put_picture("a/a.png", 1);
  const PictureIndexReport report = index();
  EXPECT_EQ(report.found, 2u);
  EXPECT_EQ(report.added, 2u);
  EXPECT_EQ(report.unchanged + report.updated + report.removed + report.skipped, 0u);
  EXPECT_THAT(rows(), ElementsAre(Pair("a/a.png", 1), Pair("b.jpg", 2)));
}

TEST_F(FolderIndexerTest, DoesNothingForAnEmptyFolder) {
  EXPECT_EQ(index().found, 0u);
  EXPECT_EQ(opened_, 0);
  EXPECT_THAT(rows(), IsEmpty());
}

TEST_F(FolderIndexerTest, ReadsNothingTheSecondTime) {
  for (int i = 1; i <= 5; ++i) put_picture("p" + std::to_string(i) + ".jpg", i);
  index();
  open();  // also after a restart
  const PictureIndexReport again = index();
  EXPECT_EQ(again.unchanged, 5u);
  EXPECT_EQ(again.added, 0u);
  EXPECT_EQ(embedder_.prepared, 0u);
  EXPECT_EQ(opened_, 0);
  EXPECT_EQ(rows().size(), 5u);
}

TEST_F(FolderIndexerTest, DoesOnlyWhatIsNewChangedOrDeleted) {
  for (int i = 1; i <= 5; ++i) put_picture("p" + std::to_string(i) + ".jpg", i);
  index();
  put_picture("p2.jpg", 22);
  put_picture("new.jpg", 9);
  remove("p3.jpg");
  const PictureIndexReport report = index();
  EXPECT_EQ(report.found, 5u);
  EXPECT_EQ(report.added, 1u);
  EXPECT_EQ(report.updated, 1u);
  EXPECT_EQ(report.unchanged, 3u);
  EXPECT_EQ(report.removed, 1u);
  EXPECT_EQ(embedder_.prepared, 2u);
  EXPECT_THAT(rows(), ElementsAre(Pair("new.jpg", 9), Pair("p1.jpg", 1), Pair("p2.jpg", 22),
                                  Pair("p4.jpg", 4), Pair("p5.jpg", 5)));
}

TEST_F(FolderIndexerTest, EmbedsTheSameBytesOnce) {
  for (int i = 0; i < 200; ++i) put_picture("p" + std::to_string(i) + ".jpg", 1 + i % 3);
  const PictureIndexReport report = index();
  EXPECT_EQ(report.added, 200u);
  EXPECT_EQ(report.reused, 197u);
  EXPECT_EQ(embedder_.prepared, 3u);
  EXPECT_EQ(embedder_.inferred, 3u);
  const auto stored = rows();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(stored.at("p" + std::to_string(i) + ".jpg"), 1 + i % 3);
}

TEST_F(FolderIndexerTest, CopiesTheFeaturesOfMovedFiles) {
  for (int i = 1; i <= 4; ++i) put_picture("old/p" + std::to_string(i) + ".jpg", i);
  index();
  fs::rename(root_ / "photos/old", root_ / "photos/new");
  const PictureIndexReport report = index();
  EXPECT_EQ(report.added, 4u);
  EXPECT_EQ(report.reused, 4u);
  EXPECT_EQ(report.removed, 4u);
  EXPECT_EQ(embedder_.prepared, 0u);
  EXPECT_THAT(rows(), ElementsAre(Pair("new/p1.jpg", 1), Pair("new/p2.jpg", 2),
                                  Pair("new/p3.jpg", 3), Pair("new/p4.jpg", 4)));
}

/// Far apart, so that sources of later copies are overwritten by earlier batches.
TEST_F(FolderIndexerTest, CopiesRightWhenContentsAreSwapped) {
  constexpr int kFiles = 200;
  std::map<std::string, int> wanted;
  const auto put_shifted = [&](int shift) {
    for (int i = 0; i < kFiles; ++i) {
      const std::string name = "p" + std::to_string(i) + ".jpg";
      wanted[name] = 1 + (i + shift) % kFiles;
      put_picture(name, wanted[name]);
    }
  };
  put_shifted(0);
  index();
  put_shifted(kFiles / 2);
  const PictureIndexReport report = index();
  EXPECT_EQ(report.updated, 200u);
  EXPECT_EQ(report.reused, 200u);
  EXPECT_EQ(embedder_.prepared, 0u);
  EXPECT_EQ(rows(), wanted);
}

TEST_F(FolderIndexerTest, TakesATouchedFileForUnchanged) {
  put_picture("a.jpg", 1);
  index();
  put_picture("a.jpg", 1);
  const PictureIndexReport report = index();
  EXPECT_EQ(report.unchanged, 1u);
  EXPECT_EQ(report.updated + report.reused, 0u);
  EXPECT_EQ(embedder_.prepared, 0u);
  index();
  EXPECT_EQ(embedder_.prepared, 0u);
}

TEST_F(FolderIndexerTest, NamesAndSkipsWhatItCannotRead) {
  put_picture("good.jpg", 1);
  put("page.jpg", "<html>");
  put("empty.png", "");
  put("nothing.gif", "picture 0");
  const PictureIndexReport report = index();
  EXPECT_EQ(report.found, 4u);
  EXPECT_EQ(report.added, 1u);
  EXPECT_EQ(report.skipped, 3u);
  EXPECT_THAT(skipped_, ElementsAre(Pair("empty.png", "is no picture"),
                                    Pair("nothing.gif", "the model gives no usable feature for it"),
                                    Pair("page.jpg", "is no picture")));
  EXPECT_THAT(rows(), ElementsAre(Pair("good.jpg", 1)));
  EXPECT_EQ(index().skipped, 3u);  // they may have been repaired
}

TEST_F(FolderIndexerTest, SkipsEveryCopyOfADamagedFile) {
  for (int i = 0; i < 300; ++i) put("bad" + std::to_string(i) + ".jpg", "broken");
  put_picture("good.jpg", 1);
  const PictureIndexReport report = index();
  EXPECT_EQ(report.skipped, 300u);
  EXPECT_EQ(skipped_.size(), 300u);
  EXPECT_EQ(embedder_.prepared, 2u);
  EXPECT_EQ(report.added, 1u);
}

TEST_F(FolderIndexerTest, DropsTheRowOfAFileThatIsNoPictureAnyMore) {
  put_picture("a.jpg", 1);
  index();
  put("a.jpg", "overwritten");
  const PictureIndexReport report = index();
  EXPECT_EQ(report.skipped, 1u);
  EXPECT_EQ(report.removed, 1u);
  EXPECT_THAT(rows(), IsEmpty());
}

TEST_F(FolderIndexerTest, SkipsNamesThatAreNotUtf8) {
  put_picture("bad\xFF.jpg", 1);
  put_picture("gut\xC3\xA4.jpg", 2);
  EXPECT_EQ(index().skipped, 1u);
  EXPECT_THAT(rows(), ElementsAre(Pair("gut\xC3\xA4.jpg", 2)));
}

TEST_F(FolderIndexerTest, SkipsFilesAboveTheLimit) {
  put_picture("a.jpg", 1);
  put("long.jpg", "picture 2" + std::string(100, ' '));
  options_.limits.bytes_max = 50;
  index();
  EXPECT_THAT(skipped_, ElementsAre(Pair("long.jpg", "109 bytes are more than the limit of 50")));
}

TEST_F(FolderIndexerTest, ForgetsOnlyBelowTheFolder) {
  put_picture("one/a.jpg", 1);
  put_picture("one-more/b.jpg", 2);
  index();
  remove("one/a.jpg");
  remove("one-more/b.jpg");
  EXPECT_EQ(index("photos/one").removed, 1u);
  EXPECT_THAT(rows(), ElementsAre(Pair("one-more/b.jpg", 2)));
}

TEST_F(FolderIndexerTest, ForgetsNothingWithoutPrune) {
  put_picture("a.jpg", 1);
  index();
  remove("a.jpg");
  options_.prune = false;
  EXPECT_EQ(index().removed, 0u);
  EXPECT_EQ(rows().size(), 1u);
}

TEST_F(FolderIndexerTest, ForgetsNothingInAFolderThatItCannotRead) {
  put_picture("closed/a.jpg", 1);
  index();
  fs::permissions(root_ / "photos/closed", fs::perms::none);
  // The superuser reads every folder, so for a moment the test is somebody else.
  const bool superuser = geteuid() == 0;
  if (superuser && seteuid(65534) != 0) GTEST_SKIP() << "cannot stop being root here";
  const PictureIndexReport report = index();
  ASSERT_TRUE(!superuser || seteuid(0) == 0);
  fs::permissions(root_ / "photos/closed", fs::perms::owner_all);
  EXPECT_EQ(report.removed, 0u);
  EXPECT_THAT(skipped_, ElementsAre(Pair("closed", "cannot be read: Permission denied")));
}

TEST_F(FolderIndexerTest, ChangesNothingWhereTheFolderIsGone) {
  put_picture("a.jpg", 1);
  index();
  EXPECT_EQ(try_index("absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(rows().size(), 1u);
}

TEST_F(FolderIndexerTest, StopsWhenToldAndGoesOnFromThere) {
  for (int i = 1; i <= 500; ++i) put_picture("p" + std::to_string(i) + ".jpg", i);
  CancelToken cancel;
  embedder_.on_prepare = [&] {
    if (embedder_.prepared >= 200) cancel.cancel();
  };
  options_.cancel = &cancel;
  const Result<PictureIndexReport> stopped = try_index();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  const std::size_t kept = rows().size();
  EXPECT_GT(kept, 50u);
  EXPECT_LT(kept, 400u);

  options_.cancel = nullptr;
  embedder_.on_prepare = nullptr;
  const PictureIndexReport report = index();
  EXPECT_EQ(report.unchanged, kept);
  EXPECT_EQ(report.added, 500 - kept);
  EXPECT_EQ(embedder_.prepared, 500 - kept);
  EXPECT_EQ(rows().size(), 500u);
}

TEST_F(FolderIndexerTest, PassesOnWhatTheModelFailsWith) {
  put_picture("a.jpg", 1);
  embedder_.infer_result = fail(ErrorCode::kInternal, "out of breath");
  EXPECT_EQ(try_index().error().message, "out of breath");
  EXPECT_THAT(rows(), IsEmpty());
}

TEST_F(FolderIndexerTest, ReportsProgressUpToTheEnd) {
  for (int i = 1; i <= 100; ++i) put_picture("p" + std::to_string(i) + ".jpg", i % 40);
  std::uint64_t last = 0;
  options_.progress = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_GE(done, last);
    EXPECT_EQ(total, 100u);
    last = done;
  };
  index();
  EXPECT_EQ(last, 100u);
}

TEST_F(FolderIndexerTest, GivesTheSameRowsForAnyNumberOfThreads) {
  for (int i = 1; i <= 150; ++i) put_picture("p" + std::to_string(i) + ".jpg", i % 50);
  options_.threads = 1;
  index();
  const auto single = rows();
  for (const std::uint32_t threads : {2u, 7u}) {
    SIMILE_CHECK(collection_->erase_where("width >= 0"));
    EXPECT_THAT(rows(), IsEmpty());
    options_.threads = threads;
    index();
    EXPECT_EQ(rows(), single);
  }
}

/// Random changes of a folder against a map.
TEST_F(FolderIndexerTest, StaysInStepThroughRandomChanges) {
  const std::uint64_t seed = 7;
  Random random(seed);
  std::map<std::string, int> wanted;
  for (int round = 0; round < 25; ++round) {
    for (std::uint64_t change = random.below(12); change > 0; --change) {
      const std::string name =
          "f" + std::to_string(random.below(3)) + "/p" + std::to_string(random.below(15)) + ".jpg";
      const int number = static_cast<int>(1 + random.below(10));
      switch (random.below(4)) {
        case 0:
          remove(name);
          wanted.erase(name);
          break;
        case 1:
          put(name, "broken");
          wanted.erase(name);
          break;
        default: put_picture(name, number); wanted[name] = number;
      }
    }
    options_.threads = static_cast<std::uint32_t>(1 + random.below(4));
    index();
    ASSERT_EQ(rows(), wanted) << "seed " << seed << ", round " << round;
    if (random.below(4) == 0) open();
  }
}

}  // namespace
}  // namespace simile::pictures
