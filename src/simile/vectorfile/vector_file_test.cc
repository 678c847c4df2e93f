#include "simile/vectorfile/vector_file.h"

#include <gmock/gmock.h>

#include "simile/vectorfile/test_files.h"

namespace simile::vectorfile {
namespace {

using ::testing::HasSubstr;

TEST(VectorFile, ListsTheKindsOfFilesItKnows) {
  const auto file = VectorFile::open("x.parquet");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("x.parquet: not a kind of file that can be read; "
                                              "known: .npy .npz .fvecs"));
}

TEST(VectorFile, SaysWhatIsWrongWithThePathForEveryKind) {
  const Folder folder;
  for (const std::string name : {"x.npy", "x.npz", "x.fvecs", "x.hdf5", "x.csv", "x.jsonl"}) {
    const auto absent = VectorFile::open(folder.path(name));
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, ErrorCode::kNotFound) << name;
    EXPECT_THAT(absent.error().message, HasSubstr(name + ": cannot be read"));
    std::filesystem::create_directory(folder.path(name));
    const auto directory = VectorFile::open(folder.path(name));
    ASSERT_FALSE(directory);
    EXPECT_THAT(directory.error().message, HasSubstr("not a regular file")) << name;
  }
}

TEST(VectorFile, RefusesRandomBytesWhateverTheNameSays) {
  const Folder folder;
  const std::string noise = bytes_of<std::uint32_t>({0xFF93'0007, 0x6573'0000, 0x8180'2003, 7});
  for (const std::string name :
       {"x.npy", "x.npz", "x.fvecs", "x.bvecs", "x.ivecs", "x.hdf5", "x.csv", "x.jsonl"}) {
    const Contents all = read_all(folder.file(name, noise));
    EXPECT_THAT(all.error, HasSubstr(name));
    EXPECT_EQ(all.rows, 0u);
  }
}

TEST(VectorFile, EstimatesTheRowsOfTextFiles) {
  const Folder folder;
  std::string text = "a0,a1\n";
  for (int i = 0; i < 40'000; ++i) text += "0.25,0.75\n";
  auto file = VectorFile::open(folder.file("x.csv", text)).value();
  Block block;
  ASSERT_TRUE(file->next(20'000, block));
  EXPECT_FALSE(file->info().rows);
  EXPECT_GT(file->rows_estimate(), 30'000u);
  EXPECT_LT(file->rows_estimate(), 50'000u);
}

}  // namespace
}  // namespace simile::vectorfile
