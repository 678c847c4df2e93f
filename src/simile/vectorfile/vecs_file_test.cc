#include <gmock/gmock.h>

#include "simile/vectorfile/array_writer.h"
#include "simile/vectorfile/test_files.h"

namespace simile::vectorfile {
namespace {

using ::testing::HasSubstr;

TEST(VecsFile, ReadsEachComponentType) {
  const Folder folder;
  const auto row = [](auto... values) {
    return bytes_of<std::int32_t>({sizeof...(values)}) + bytes_of({values...});
  };
  const Contents floats = read_all(folder.file("x.fvecs", row(1.5f, 2.0f) + row(3.0f, 4.0f)));
  EXPECT_EQ(floats.floats, (std::vector<float>{1.5, 2, 3, 4}));
  const auto byte = [](int value) { return static_cast<std::uint8_t>(value); };
  const Contents bytes = read_all(folder.file("x.bvecs", row(byte(0), byte(255), byte(7))));
  EXPECT_EQ(bytes.floats, (std::vector<float>{0, 255, 7}));
  EXPECT_EQ(bytes.info.stored_type, "uint8");
  EXPECT_EQ(read_all(folder.file("x.ivecs", row(-1, 9))).floats, (std::vector<float>{-1, 9}));
}

TEST(VecsFile, TakesBytesAsPackedBits) {
  const Folder folder;
  OpenOptions options;
  options.element = ElementType::kBit;
  const auto path = folder.file("x.bvecs", bytes_of<std::int32_t>({2}) + "\x81\x01");
  const Contents all = read_all(path, options);
  EXPECT_EQ(all.info.type, (VectorType{ElementType::kBit, 16}));
  EXPECT_EQ(all.vectors, (std::vector<std::byte>{std::byte{0x81}, std::byte{0x01}}));
}

TEST(VecsFile, NamesTheRowWhereItIsCutOff) {
  const Folder folder;
  const std::string row = bytes_of<std::int32_t>({2}) + bytes_of<float>({1, 2});
  const std::string whole = row + row + row;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string error = read_all(folder.file("x.fvecs", whole.substr(0, length))).error;
    if (length % row.size() != 0) {
      EXPECT_THAT(error, HasSubstr("row")) << length;
    } else {
      EXPECT_EQ(error.empty(), length > 0) << length;
    }
  }
  EXPECT_THAT(read_all(folder.file("x.fvecs", whole.substr(0, 30))).error,
              HasSubstr("cut off in row 2"));
}

TEST(VecsFile, NamesTheRowOfAnotherDimension) {
  const Folder folder;
  const std::string row = bytes_of<std::int32_t>({2}) + bytes_of<float>({1, 2});
  const std::string other = bytes_of<std::int32_t>({3}) + bytes_of<float>({1, 2});
  const Contents all = read_all(folder.file("x.fvecs", row + row + row + row + other));
  EXPECT_THAT(all.error, HasSubstr("row 4 has 3 components, the first has 2"));
  EXPECT_EQ(all.rows, 3u);  // the first block of three
}

TEST(VecsFile, RefusesDimensionsOutOfRange) {
  const Folder folder;
  for (const std::int32_t dim : {0, -1, 65'537, 0x7FFF'FFFF}) {
    const auto path = folder.file("x.fvecs", bytes_of<std::int32_t>({dim, 0, 0}));
    EXPECT_THAT(read_all(path).error, HasSubstr("can be read")) << dim;
  }
}

TEST(ArrayWriter, WritesWhatTheReadersRead) {
  const Folder folder;
  for (const std::string name : {"x.npy", "x.fvecs"}) {
    auto writer = ArrayWriter::create(folder.path(name), ArrayWriter::Type::kFloat32, 2).value();
    EXPECT_TRUE(writer->append(std::vector<float>{1, 2}));
    EXPECT_TRUE(writer->append(std::vector<float>{3, 4}));
    EXPECT_FALSE(std::filesystem::exists(folder.path(name)));
    EXPECT_TRUE(writer->finish());
    EXPECT_EQ(read_all(folder.path(name)).floats, (std::vector<float>{1, 2, 3, 4})) << name;
  }
}

TEST(ArrayWriter, RefusesIdsThatTheFormatDoesNotHold) {
  const Folder folder;
  auto writer = ArrayWriter::create(folder.path("x.ivecs"), ArrayWriter::Type::kInt64, 1).value();
  EXPECT_TRUE(writer->append(std::vector<std::int64_t>{-1}));
  EXPECT_FALSE(writer->append(std::vector<std::int64_t>{std::int64_t{1} << 31}));
}

TEST(ArrayWriter, LeavesNothingBehindWhenItIsNotFinished) {
  const Folder folder;
  const auto path = folder.path("x.npy");
  { auto writer = ArrayWriter::create(path, ArrayWriter::Type::kInt64, 1).value(); }
  EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::path(path).parent_path()));
  EXPECT_FALSE(ArrayWriter::create(folder.path("absent/x.npy"), ArrayWriter::Type::kInt64, 1));
  EXPECT_FALSE(ArrayWriter::create(folder.path("x.txt"), ArrayWriter::Type::kInt64, 1));
}

}  // namespace
}  // namespace simile::vectorfile
