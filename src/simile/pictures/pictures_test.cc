/// The public calls with the default model; skipped where codec or runtime were not built.

#include "simile/pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "simile/base/bytes.h"

namespace simile {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A BMP of 24 bits: stripes of a direction and a colour.
std::vector<std::byte> stripes(std::uint32_t kind) {
  constexpr std::uint32_t kSide = 64;
  ByteWriter file;
  file.put(std::uint16_t{0x4D42});
  file.put(54 + kSide * kSide * 3);
  file.put(std::uint32_t{0});
  for (const std::uint32_t value : {54u, 40u, kSide, kSide, 24u << 16 | 1u}) file.put(value);
  for (int i = 0; i < 6; ++i) file.put(std::uint32_t{0});
  for (std::uint32_t y = 0; y < kSide; ++y) {
    for (std::uint32_t x = 0; x < kSide; ++x) {
      const double wave = std::sin((kind % 2 == 0 ? x : y) * 0.2 * (1 + kind));
      file.put(static_cast<std::uint8_t>(127 + 120 * wave));
      file.put(static_cast<std::uint8_t>(kind * 50));
      file.put(static_cast<std::uint8_t>(200 - kind * 30));
    }
  }
  return file.take();
}

class Pictures : public testing::Test {
 protected:
  Pictures() : root_(fs::temp_directory_path() / ("pictures_test." + std::to_string(getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_ / "photos");
    root_ = fs::canonical(root_);
  }
  ~Pictures() override {
    database_.reset();
    fs::remove_all(root_);
  }
  void SetUp() override {
    const auto embedder = PictureEmbedder::open("", 1);
    if (!embedder && embedder.error().code == ErrorCode::kUnimplemented) {
      GTEST_SKIP() << embedder.error().message;
    }
    ASSERT_TRUE(embedder) << embedder.error().message;
    for (std::uint32_t kind = 0; kind < 5; ++kind) put("stripes" + std::to_string(kind), kind);
    database_ = Database::open(root_ / "db.simile").value();
  }

  void put(const std::string& name, std::uint32_t kind) {
    const std::vector<std::byte> bytes = stripes(kind);
    std::ofstream(root_ / "photos" / (name + ".bmp"), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  std::string photo(const std::string& name) const { return root_ / "photos" / (name + ".bmp"); }

  void index() {
    const auto report = index_pictures(*database_, root_ / "photos", {});
    ASSERT_TRUE(report) << report.error().message;
  }

  static std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  fs::path root_;
  std::unique_ptr<Database> database_;
};

TEST_F(Pictures, FindTheirTwinFirst) {
  index();
  put("copy", 3);
  PictureSearchOptions options;
  options.k = 3;
  const auto found = search_pictures(*database_, photo("copy"), options);
  ASSERT_TRUE(found) << found.error().message;
  const std::vector<PictureHit>& hits = found->hits;
  ASSERT_EQ(hits.size(), 3u);
  EXPECT_EQ(hits[0].path, photo("stripes3"));
  EXPECT_NEAR(hits[0].distance, 0, 1e-5);
  EXPECT_LE(hits[1].distance, hits[2].distance);
  EXPECT_EQ(found->model, default_model());
  EXPECT_GT(found->seconds, 0);
}

TEST_F(Pictures, AreSealedWithTheirIndex) {
  index();
  const CollectionInfo info = database_->collection("pictures").value()->info();
  EXPECT_EQ(info.growing_rows, 0u);
  EXPECT_EQ(info.indexed_rows, 5u);
}

TEST_F(Pictures, AreSealedByTheNextRunWhereOneWasStopped) {
  index();
  const auto collection = database_->collection("pictures").value();
  const Table rows = collection->snapshot()->query("", {}, 1, 0).value();
  Batch batch{.rows = 1, .columns = {}};
  std::vector<std::vector<std::string_view>> strings(rows.columns.size());
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    const Column& column = rows.columns[i];
    strings[i].assign(column.strings.begin(), column.strings.end());
    ColumnView& view = batch.columns.emplace_back();
    view.field = column.field;
    view.type = column.type;
    view.vector = column.vector;
    view.fixed = column.fixed;
    view.strings = strings[i];
  }
  ASSERT_TRUE(collection->upsert(batch));
  ASSERT_EQ(collection->info().growing_rows, 1u);
  index();
  EXPECT_EQ(collection->info().growing_rows, 0u);
}

TEST_F(Pictures, AreFoundByFilterAndExactly) {
  index();
  PictureSearchOptions options;
  options.where = "path != '" + photo("stripes3") + "'";
  options.exact = true;
  const auto found = search_pictures(*database_, photo("stripes3"), options);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->hits.size(), 4u);
  for (const PictureHit& hit : found->hits) EXPECT_NE(hit.path, photo("stripes3"));
}

TEST_F(Pictures, NameTheFileThatCannotBeSearchedWith) {
  index();
  const auto absent = search_pictures(*database_, "/no/such.jpg", {});
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(absent.error().message, HasSubstr("/no/such.jpg: cannot be read"));
  std::ofstream(root_ / "page.jpg") << "<html>";
  EXPECT_THAT(search_pictures(*database_, root_ / "page.jpg", {}).error().message,
              HasSubstr("page.jpg: is HTML or XML"));
}

TEST_F(Pictures, LeaveNoCollectionBehindWhenTheFolderIsWrong) {
  EXPECT_FALSE(index_pictures(*database_, root_ / "absent", {}));
  PictureIndexOptions options;
  options.model = "no such model";
  EXPECT_EQ(index_pictures(*database_, root_ / "photos", options).error().code,
            ErrorCode::kNotFound);
  EXPECT_THAT(database_->collections(), testing::IsEmpty());
  EXPECT_EQ(search_pictures(*database_, photo("stripes1"), {}).error().code, ErrorCode::kNotFound);
}

TEST_F(Pictures, RefuseAnotherModelAndNameBoth) {
  index();
  const RegisteredModel model = find_model("").value();
  ModelCard card = model.card;
  card.name = "stranger";
  card.mean[0] += 0.1f;
  const fs::path file = fs::path(model.card_path).parent_path() / card.file;
  fs::copy_file(file, root_ / card.file);
  const std::string card_path = root_ / (file.stem().string() + ".json");
  std::ofstream(card_path) << card.to_json();

  PictureSearchOptions options;
  options.model = card_path;
  const auto hits = search_pictures(*database_, photo("stripes1"), options);
  ASSERT_FALSE(hits);
  EXPECT_EQ(hits.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(hits.error().message,
              testing::AllOf(HasSubstr(model.card.name), HasSubstr("stranger")));
  PictureIndexOptions indexing;
  indexing.model = card_path;
  EXPECT_EQ(index_pictures(*database_, root_ / "photos", indexing).error().code,
            ErrorCode::kFailedPrecondition);
}

TEST_F(Pictures, ArePresentedOnOnePageThatNeedsNothingElse) {
  const std::string page = root_ / "page.html";
  const std::vector<PictureHit> hits = {{photo("stripes1"), 0.25f}, {photo("stripes2"), 0.5f}};
  ASSERT_TRUE(write_picture_page(page, photo("stripes0"), hits, 0.0032, "a <note>"));
  const std::string html = text_of(page);
  EXPECT_THAT(html, HasSubstr("Pictures similar to stripes0.bmp"));
  EXPECT_THAT(html, HasSubstr("alt=\"Result 1: stripes1.bmp, distance 0.2500\""));
  EXPECT_THAT(html, HasSubstr("2 pictures, nearest first, found in 3.2 ms"));
  EXPECT_THAT(html, HasSubstr("a &lt;note&gt;"));
  EXPECT_EQ(html.find("http"), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  std::size_t thumbnails = 0;
  for (std::size_t at = 0; (at = html.find("data:image/jpeg;base64,", at)) != std::string::npos;
       ++at) {
    ++thumbnails;
  }
  EXPECT_EQ(thumbnails, 3u);
}

TEST_F(Pictures, StayOnThePageWhenTheirFileIsGone) {
  const std::string page = root_ / "page.html";
  ASSERT_TRUE(write_picture_page(page, photo("stripes0"), {{"/gone/<b>.jpg", 1}}, 2, ""));
  EXPECT_THAT(text_of(page), HasSubstr("Result 1: &lt;b&gt;.jpg, distance 1.0000: cannot be read: "
                                       "No such file or directory"));
}

TEST_F(Pictures, NameThePageThatCannotBeWritten) {
  const Status status = write_picture_page("/no/such/page.html", photo("stripes0"), {}, 1, "");
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("/no/such/page.html: cannot be written: No such"));
}

}  // namespace
}  // namespace simile
