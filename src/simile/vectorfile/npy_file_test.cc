#include <gmock/gmock.h>

#include "simile/base/text.h"
#include "simile/vectorfile/npy_header.h"
#include "simile/vectorfile/test_files.h"

namespace simile::vectorfile {
namespace {

using ::testing::HasSubstr;

/// A .npy file with the given dict.
std::string npy(std::string dict, std::string_view values, int version = 1) {
  dict += '\n';
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  const auto length = static_cast<std::uint32_t>(dict.size());
  file.append(reinterpret_cast<const char*>(&length), version == 1 ? 2 : 4);
  return file + dict + std::string(values);
}

std::string dict(std::string_view descr, std::string_view shape, std::string_view order = "False") {
  return join_text("{'descr': '", descr, "', 'fortran_order': ", order, ", 'shape': ", shape,
                   ", }");
}

const std::string kSixFloats = bytes_of<float>({1, 2, 3, 4, 5, 6});

TEST(NpyFile, ReadsEveryVersionInBlocks) {
  const Folder folder;
  for (const int version : {1, 2, 3}) {
    const auto path = folder.file("x.npy", npy(dict("<f4", "(3, 2)"), kSixFloats, version));
    const Contents all = read_all(path, {}, 2);
    EXPECT_EQ(all.error, "");
    EXPECT_EQ(all.info.rows, 3u);
    EXPECT_EQ(all.info.type, (VectorType{ElementType::kFloat32, 2}));
    EXPECT_EQ(all.floats, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  }
}

TEST(NpyFile, ReadsHeadersAsOtherProgramsWriteThem) {
  const Folder folder;
  for (const std::string header : {
           "{\"shape\": (3L, 2L), \"fortran_order\": False, \"descr\": \"<f4\"}",
           "{'descr':'<f4','fortran_order':False,'shape':(3,2)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2,),}",
       }) {
    const Contents all = read_all(folder.file("x.npy", npy(header, kSixFloats)));
    EXPECT_EQ(all.error, "") << header;
    EXPECT_EQ(all.rows, 3u) << header;
  }
}

TEST(NpyFile, TakesOneDimensionAsOneVector) {
  const Folder folder;
  const Contents all = read_all(folder.file("x.npy", npy(dict("<f4", "(6,)"), kSixFloats)));
  EXPECT_EQ(all.rows, 1u);
  EXPECT_EQ(all.info.type.dim, 6u);
}

TEST(NpyFile, HoldsNoRowsWithoutComplaint) {
  const Folder folder;
  const Contents all = read_all(folder.file("x.npy", npy(dict("<f4", "(0, 4)"), "")));
  EXPECT_EQ(all.error, "");
  EXPECT_EQ(all.rows, 0u);
  EXPECT_EQ(all.info.type.dim, 4u);
}

TEST(NpyFile, RefusesWhatIsNoListOfVectors) {
  const Folder folder;
  const std::pair<std::string, std::string> cases[] = {
      {npy(dict("<f4", "(3, 2)", "True"), kSixFloats), "ascontiguousarray"},
      {npy(dict(">f4", "(3, 2)"), kSixFloats), "'>f4'"},
      {npy(dict("|O", "(3, 2)"), kSixFloats), "'|O'"},
      {npy(dict("<f4", "(1, 3, 2)"), kSixFloats), "shape (1, 3, 2)"},
      {npy(dict("<f4", "()"), kSixFloats), "shape ()"},
      {npy(dict("<f4", "(3, 0)"), ""), "0 components"},
      {npy(dict("<f4", "(0, 70000)"), ""), "70000 components"},
      {npy(dict("<f4", "(3, 2)"), kSixFloats, 9), ".npy version 9"},
      {npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (3,)}", kSixFloats),
       "plain numbers"},
  };
  for (const auto& [content, expected] : cases) {
    const auto path = folder.file("x.npy", content);
    EXPECT_THAT(read_all(path).error, HasSubstr(expected));
    EXPECT_THAT(read_all(path).error, HasSubstr(path));
  }
}

TEST(NpyFile, SaysThatItIsCutOffAtEveryLength) {
  const Folder folder;
  const std::string whole = npy(dict("<f4", "(3, 2)"), kSixFloats);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Contents all = read_all(folder.file("x.npy", whole.substr(0, length)));
    EXPECT_NE(all.error, "") << length;
    EXPECT_EQ(all.rows, 0u) << length;
  }
}

TEST(NpyFile, IsNotFooledByLengthsThatOverflow) {
  const Folder folder;
  // In 64 bits, 4 x (2^62 + 1) x 4 is 16.
  for (const std::string shape : {"(18446744073709551615, 2)", "(4611686018427387905, 4)"}) {
    const Contents all = read_all(folder.file("x.npy", npy(dict("<f4", shape), kSixFloats)));
    EXPECT_THAT(all.error, HasSubstr("cut off: its header says " + shape));
    EXPECT_EQ(all.rows, 0u);
  }
  const auto path = folder.file("x.npy", npy(dict("<f4", "(99999999999999999999, 2)"), kSixFloats));
  EXPECT_THAT(read_all(path).error, HasSubstr("plain numbers"));
}

TEST(NpyDict, RefusesDamage) {
  for (const std::string text : {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4",
                                 "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (1,",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
                                 "{'descr': '<f4', 'fortran_order': False, 'other': 1}"}) {
    EXPECT_FALSE(parse_npy_dict(text)) << text;
  }
}

TEST(NpyHeader, WrittenIsReadBack) {
  const std::string header = make_npy_header("<f4", 18446744073709551615u, 65536);
  EXPECT_EQ(header.size() % 64, 0u);
  EXPECT_EQ(make_npy_header("<f4", 0, 65536).size(), header.size());
  const auto parsed = parse_npy_dict(std::string_view(header).substr(10)).value();
  EXPECT_EQ(parsed.shape, (std::vector<std::uint64_t>{18446744073709551615u, 65536}));
}

}  // namespace
}  // namespace simile::vectorfile
