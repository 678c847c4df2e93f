#include <gmock/gmock.h>

#include "simile/vectorfile/csv_layout.h"
#include "simile/vectorfile/test_files.h"

namespace simile::vectorfile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Contents read_csv(std::string_view text, const OpenOptions& options = {}) {
  const Folder folder;
  return read_all(folder.file("x.csv", text), options);
}

TEST(CsvReader, ReadsAVectorAsColumns) {
  const Contents all = read_csv(
      "id,label,v0,v1,year\n"
      "7,cat,0.5,1,1999\n"
      "8,\"a \"\"big\"\", dog\",-2e3,+4,\n");
  EXPECT_EQ(all.error, "");
  EXPECT_EQ(all.floats, (std::vector<float>{0.5, 1, -2000, 4}));
  EXPECT_THAT(all.columns, ElementsAre("id: 7 8", "label: cat a \"big\", dog", "year: 1999 null"));
}

TEST(CsvReader, ReadsAVectorAsOneList) {
  for (const std::string list :
       {"\"[0.5, 1]\"", "0.5 1", "[0.5;1]", "\"0.5,1\"", "\" [ 0.5 1 ] \""}) {
    const Contents all = read_csv("vector,label\n" + list + ",x\n");
    EXPECT_EQ(all.error, "") << list;
    EXPECT_EQ(all.floats, (std::vector<float>{0.5, 1})) << list;
    EXPECT_THAT(all.columns, ElementsAre("label: x"));
  }
}

TEST(CsvReader, NeedsNoHeaderWhereAllIsNumbers) {
  EXPECT_EQ(read_csv("1,2\n3,4\n").floats, (std::vector<float>{1, 2, 3, 4}));
  OpenOptions options;
  options.id_column = "0";
  const Contents all = read_csv("10,0.1,0.2\n11,0.3,0.4\n", options);
  EXPECT_EQ(all.floats, (std::vector<float>{0.1f, 0.2f, 0.3f, 0.4f}));
  EXPECT_THAT(all.columns, ElementsAre("0: 10 11"));
}

TEST(CsvReader, KnowsTheHeaderOfPandas) {
  const Contents with_index = read_csv(",0,1\n5,0.5,0.25\n");
  EXPECT_EQ(with_index.floats, (std::vector<float>{0.5, 0.25}));
  EXPECT_THAT(with_index.columns, ElementsAre("id: 5"));
  EXPECT_EQ(read_csv("0,1,2\n7,8,9\n").floats, (std::vector<float>{7, 8, 9}));
}

TEST(CsvReader, TakesOtherSeparatorsLineEndsAndAByteOrderMark) {
  for (const std::string text : {"\xEF\xBB\xBFv0;v1;name\r\n1;2;a,b\r\n", "v0\tv1\tname\n1\t2\ta,b",
                                 "v0|v1|name\n\n1|2|a,b\n\n"}) {
    const Contents all = read_csv(text);
    EXPECT_EQ(all.error, "") << text;
    EXPECT_EQ(all.floats, (std::vector<float>{1, 2})) << text;
    EXPECT_THAT(all.columns, ElementsAre("name: a,b")) << text;
  }
}

TEST(CsvReader, NamesTheLineThatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"v0,v1\n1,2\n3\n", "x.csv: line 3: 1 columns, the first line has 2"},
      {"v0,v1\n1,2\n3,x\n", "line 3: column 'v1' holds the text 'x', a number is needed"},
      {"v0,v1\n1,2\n3,\n", "line 3: column 'v1' holds nothing, a number is needed"},
      {"vector\n\"1,2\"\n\"1,2,3\"\n", "line 3: a vector of 3 components, the first has 2"},
      {"vector\n[1 2\n", "line 2: column 'vector' holds the text '[1 2', a list"},
      {"v0,v1\n1,\"2", "line 2: a quote is never closed"},
      {"v0,v1\n1,\"2\"3\n", "line 2: something follows a closing quote"},
      {"", "is empty"},
      {"v0,v1\n", "holds no vector"},
      {"name,city\na,b\n", "columns: name, city"},
      {"a b,a-b,v0,v1\n1,2,3,4\n", "two columns would be called 'a_b'"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_THAT(read_csv(text).error, HasSubstr(expected)) << text;
  }
}

TEST(CsvReader, RefusesABadLineOfTheSampleBeforeAnyRow) {
  const Folder folder;
  const auto file = VectorFile::open(folder.file("x.csv", "v0,v1\n1,2\n3,4\n5,x\n"));
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("line 4"));
}

TEST(CsvReader, TakesTheTypesItIsTold) {
  OpenOptions options;
  Field year;
  year.name = "year";
  year.type = FieldType::kString;
  options.fields = {year};
  EXPECT_THAT(read_csv("v0,v1,year\n1,2,1999\n", options).columns, ElementsAre("year: 1999"));
  EXPECT_THAT(read_csv("v0,v1,year\n1,2,\n", options).error,
              HasSubstr("line 2: 'year' needs string, not nothing"));
}

TEST(CsvReader, SkipsColumns) {
  OpenOptions options;
  options.skip_columns = {"a b"};
  const Contents all = read_csv("a b,a-b,v0,v1\n1,2,3,4\n", options);
  EXPECT_EQ(all.error, "");
  EXPECT_THAT(all.columns, ElementsAre("a_b: 2"));
}

TEST(CsvReader, SaysWhereALaterLineDoesNotFitTheSample) {
  std::string text = "v0,v1,n\n";
  for (int i = 0; i < 1501; ++i) text += "1,2,3\n";
  const Contents all = read_csv(text + "1,2,many\n");
  EXPECT_EQ(all.rows, 1500u);  // whole blocks of three
  EXPECT_THAT(all.error, HasSubstr("line 1503: 'n' needs int64, not the text 'many'"));
}

TEST(CsvReader, GivesAnyElementTypeThatHoldsTheValues) {
  OpenOptions options;
  options.element = ElementType::kInt8;
  EXPECT_EQ(read_csv("1,-128\n", options).vectors,
            (std::vector<std::byte>{std::byte{1}, std::byte{0x80}}));
  EXPECT_THAT(read_csv("1,0.5\n", options).error, HasSubstr("int8 takes whole numbers"));
}

TEST(CsvLayout, FindsTheVectorInTheColumns) {
  const auto plan = [](const std::string& names) {
    std::vector<Cell> cells;
    for (std::size_t at = 0; at <= names.size();) {
      const std::size_t end = std::min(names.find(' ', at), names.size());
      Cell cell;
      cell.kind = Cell::Kind::kText;
      cell.text = names.substr(at, end - at);
      cells.push_back(cell);
      at = end + 1;
    }
    const auto layout = plan_csv(cells, "vector", "id");
    return layout
               ? std::to_string(layout->vector_first) + "+" + std::to_string(layout->vector_count)
               : "none";
  };
  EXPECT_EQ(plan("id v0 v1 v2"), "1+3");
  EXPECT_EQ(plan("id vector_0 vector_1 b"), "1+2");
  EXPECT_EQ(plan("dim[3] dim[4] dim[5]"), "0+3");
  EXPECT_EQ(plan("y2019 y2020 f1 f2 f3"), "2+3");  // the longest run
  EXPECT_EQ(plan("f1 f3 f2"), "none");             // alone, they are no vector
  EXPECT_EQ(plan("id vector_0"), "1+1");           // but this is one of one component
  EXPECT_EQ(plan("id vector label"), "1+0");
  EXPECT_EQ(plan("id label"), "none");
}

}  // namespace
}  // namespace simile::vectorfile
