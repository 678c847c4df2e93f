/// What is refused, with which words; and what changes nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "simile/db/test_rows.h"
#include "simile/io/fault_storage.h"

namespace simile::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class InputTest : public testing::Test {
 protected:
  InputTest() { EXPECT_TRUE(upsert(*collection_, {test_row(1, 1, "cat"), test_row(2, 2, "dog")})); }

  SearchRequest request(std::uint32_t dim = 4) const {
    SearchRequest request;
    request.queries = MatrixView(query_.data(), 1, {ElementType::kFloat32, dim});
    return request;
  }
  Error search_error(const SearchRequest& request) const {
    const auto result = collection_->snapshot()->search(request);
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  }

  std::vector<float> query_ = {1, 0, 0, 1, 0, 0, 0, 0};
  std::shared_ptr<io::FaultStorage> disk_ = io::FaultStorage::make();
  std::unique_ptr<Database> database_ = open_or_die(disk_);
  std::shared_ptr<Collection> collection_ = *database_->create_collection("c", test_schema());
};

TEST_F(InputTest, BadSearchesAreRefusedByName) {
  EXPECT_THAT(search_error(request(8)).message, HasSubstr("dimension 8"));
  SearchRequest many = request();
  many.k = kMaxK + 1;
  EXPECT_THAT(search_error(many).message, HasSubstr("k is 16385"));
  many.k = 0;
  EXPECT_THAT(search_error(many).message, HasSubstr("k is 0"));
  SearchRequest field = request();
  field.field = "feeture";
  EXPECT_THAT(search_error(field).message, HasSubstr("feature"));
  SearchRequest fields = request();
  fields.fields = {"lable"};
  EXPECT_THAT(search_error(fields).message, HasSubstr("id, feature, label, weight"));
  SearchRequest where = request();
  where.where = "lable == 'cat'";
  EXPECT_THAT(search_error(where).message, HasSubstr("lable"));
  SearchRequest type = request();
  type.queries = MatrixView(query_.data(), 1, {ElementType::kInt8, 4});
  EXPECT_THAT(search_error(type).message, HasSubstr("int8"));
  query_[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(search_error(request()).code, ErrorCode::kInvalidArgument);
}

TEST_F(InputTest, QueriesOfAnotherModelAreRefusedWithBothNames) {
  std::vector<Field> fields = test_schema().fields();
  fields[1].model_card = R"({"name": "photo", "sha256": "aaaabbbbccccdddd"})";
  const auto other = *database_->create_collection("other", *Schema::make(fields));
  SearchRequest query = request();
  query.model_sha256 = "aaaabbbbccccdddd";
  EXPECT_TRUE(other->snapshot()->search(query));
  query.model_sha256 = "eeeeffff";
  const auto refused = other->snapshot()->search(query);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, testing::AllOf(HasSubstr("photo"), HasSubstr("eeeeffff")));
}

TEST_F(InputTest, InsertOfAPresentKeyNamesItAndChangesNothing) {
  const Status refused = insert(*collection_, {test_row(3), test_row(2)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(refused.error().message, HasSubstr("key 2"));
  EXPECT_THAT(ids_in(*collection_), ElementsAre(1, 2));
  EXPECT_FALSE(insert(*collection_, {test_row(3), test_row(3)}));
  EXPECT_TRUE(insert(*collection_, {test_row(3)}));
}

TEST_F(InputTest, KeysOfTheWrongTypeAreRefused) {
  const std::vector<std::string_view> names = {"a"};
  const KeysView keys = std::span<const std::string_view>(names);
  EXPECT_EQ(collection_->erase(keys).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(collection_->snapshot()->get(keys, {}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(InputTest, CollectionNamesAreCheckedAndUnknownOnesListed) {
  for (const char* name : {"", "1st", "a b", "a/b", "-a", "\xC3\xA4"}) {
    EXPECT_EQ(database_->create_collection(name, test_schema()).error().code,
              ErrorCode::kInvalidArgument)
        << name;
  }
  EXPECT_FALSE(database_->create_collection(std::string(256, 'a'), test_schema()));
  EXPECT_EQ(database_->create_collection("c", test_schema()).error().code,
            ErrorCode::kAlreadyExists);
  const auto unknown = database_->collection("d");
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(unknown.error().message, HasSubstr("there are: c"));
}

TEST_F(InputTest, DroppedCollectionIsGoneAndItsNameIsFree) {
  ASSERT_TRUE(collection_->flush());
  const auto held = collection_->snapshot();
  ASSERT_TRUE(database_->drop_collection("c"));
  EXPECT_EQ(upsert(*collection_, {test_row(1)}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(rows_in(*collection_).size(), 0);
  EXPECT_EQ(rows_in(*held).size(), 2);
  EXPECT_EQ(database_->drop_collection("c").error().code, ErrorCode::kNotFound);
  const auto again = database_->create_collection("c", test_schema());
  ASSERT_TRUE(again);
  EXPECT_EQ(rows_in(**again).size(), 0);
  ASSERT_TRUE(database_->close());
  database_ = open_or_die(disk_);
  EXPECT_EQ(rows_in(**database_->collection("c")).size(), 0);
}

TEST_F(InputTest, ClosedDatabaseTakesNoWritesAndStillAnswers) {
  ASSERT_TRUE(database_->close());
  EXPECT_TRUE(database_->close());
  EXPECT_EQ(upsert(*collection_, {test_row(3)}).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(collection_->flush());
  EXPECT_FALSE(database_->create_collection("d", test_schema()));
  EXPECT_THAT(ids_in(*collection_), ElementsAre(1, 2));
}

TEST_F(InputTest, ReadOnlyDatabaseTakesNoWrites) {
  OpenOptions options = foreground();
  options.read_only = true;
  const auto reader = open_or_die(disk_, options);
  const auto steps = disk_->steps();
  const auto collection = *reader->collection("c");
  EXPECT_EQ(upsert(*collection, {test_row(3)}).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(collection->compact().error().message, HasSubstr("read-only"));
  EXPECT_THAT(ids_in(*collection), ElementsAre(1, 2));
  EXPECT_TRUE(reader->close());
  EXPECT_EQ(disk_->steps(), steps);
}

TEST_F(InputTest, NothingIsMadeWhereThatIsNotWanted) {
  const auto empty = io::FaultStorage::make();
  OpenOptions options = foreground();
  options.create = false;
  EXPECT_EQ(open_database(empty, options).error().code, ErrorCode::kNotFound);
  options.create = true;
  options.read_only = true;
  EXPECT_EQ(open_database(empty, options).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(empty->steps(), 0);
}

TEST_F(InputTest, CancelledSearchSaysSo) {
  CancelToken cancel;
  cancel.cancel();
  SearchRequest query = request();
  query.cancel = &cancel;
  EXPECT_EQ(search_error(query).code, ErrorCode::kCancelled);
}

TEST_F(InputTest, ACancelledLookForRowsSaysSoAndChangesNothing) {
  for (const bool sealed : {false, true}) {
    if (sealed) {
      EXPECT_TRUE(collection_->flush());
    }
    CancelToken cancel;
    QueryRequest query;
    query.filter.where = "label != 'bird'";
    query.filter.cancel = &cancel;
    const auto snapshot = collection_->snapshot();
    EXPECT_EQ(snapshot->query(query)->rows, 2U);
    cancel.cancel();
    EXPECT_EQ(snapshot->query(query).error().code, ErrorCode::kCancelled);
    query.by_key = true;
    EXPECT_EQ(snapshot->query(query).error().code, ErrorCode::kCancelled);
    EXPECT_EQ(snapshot->count(query.filter).error().code, ErrorCode::kCancelled);
    EXPECT_EQ(collection_->erase_where(query.filter).error().code, ErrorCode::kCancelled);
    EXPECT_EQ(collection_->info().rows, 2U);
  }
}

TEST_F(InputTest, RowsThatTakeMoreMemoryThanTheyMayAreRefused) {
  // Of a row: 8 bytes of the key, 16 of the vector, 4 of the weight, and its text.
  constexpr std::uint64_t kFixed = 2 * (8 + 16 + 4);
  constexpr std::uint64_t kTexts = 2 * (sizeof(std::string) + 3);
  for (const bool sealed : {false, true}) {
    if (sealed) {
      EXPECT_TRUE(collection_->flush());
    }
    const auto snapshot = collection_->snapshot();
    const std::int64_t ids[] = {1, 2};
    SearchRequest search = request();
    search.fields = {"label", "feature", "weight"};
    QueryRequest query;
    const auto expect = [&](std::uint64_t most, bool enough) {
      search.call_bytes_max = query.call_bytes_max = most;
      EXPECT_EQ(snapshot->search(search).has_value(), enough) << most;
      EXPECT_EQ(snapshot->query(query).has_value(), enough) << most;
      const auto got = snapshot->get(std::span<const std::int64_t>(ids), {}, most);
      EXPECT_EQ(got.has_value(), enough) << most;
      if (!got) {
        EXPECT_THAT(got.error().message, HasSubstr("call_bytes_max"));
      }
    };
    expect(kFixed + kTexts, true);
    expect(kFixed + kTexts - 1, false);
    expect(kFixed - 1, false);
    expect(0, false);
    query.fields = {"id"};
    query.by_key = true;
    query.call_bytes_max = 64;  // the keys alone take more while they are sorted
    EXPECT_THAT(snapshot->query(query).error().message, HasSubstr("call_bytes_max"));
  }
}

}  // namespace
}  // namespace simile::db
