/// The calls of the protocol, from message to message through the table that the network uses.

#include "simile/server/calls/calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <limits>

#include "simile/server/access/caller.h"

namespace simile::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

/// A server without a network, on a database of its own.
class CallsTest : public ::testing::Test {
 protected:
  CallsTest() {
    folder_ = fs::temp_directory_path() /
              ("simile_calls_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    reopen();
  }
  ~CallsTest() override {
    catalog_.reset();
    fs::remove_all(folder_);
  }

  void reopen() {
    catalog_.reset();
    auto catalog = Catalog::open(folder_.string(), {});
    SIMILE_CHECK(catalog.has_value());
    catalog_ = *std::move(catalog);
  }

  template <class Response, class Request>
  Response call(const std::string& name, const Request& request) {
    const Method* method = table_.find(name);
    SIMILE_CHECK(method != nullptr);
    Service service(*catalog_, metrics_);
    CallContext context{
        .service = service, .database = database_, .caller = caller_, .cancel = cancel_};
    grpc::ByteBuffer in;
    grpc::ByteBuffer out;
    SIMILE_CHECK(serialize(request, in));
    const grpc::Status status = method->run(context, in, out);
    EXPECT_TRUE(status.ok()) << status.error_message();
    Response response;
    SIMILE_CHECK(parse(out, response));
    return response;
  }

  std::vector<wire::SearchResults> search_together(
      Service& service, const std::vector<wire::SearchRequest>& requests) {
    std::vector<grpc::ByteBuffer> in(requests.size());
    std::vector<grpc::ByteBuffer> out(requests.size());
    std::deque<CallCancel> cancels(requests.size());
    std::vector<Exchange> exchanges;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      SIMILE_CHECK(serialize(requests[i], in[i]));
      exchanges.push_back({.context = {.service = service,
                                       .database = {},
                                       .caller = caller_,
                                       .cancel = &cancels[i].token()},
                           .request = in[i],
                           .response = out[i],
                           .cancel = cancels[i],
                           .status = {}});
    }
    const Method* method = table_.find("Search");
    method->run_many(*method, exchanges);
    std::vector<wire::SearchResults> answers(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      EXPECT_TRUE(exchanges[i].status.ok());
      SIMILE_CHECK(parse(out[i], answers[i]));
    }
    return answers;
  }

  /// A collection "c" with key `id`, text `t` of at most 4 bytes, and `v` of two float32.
  void make_collection() {
    wire_schema::CollectionSchema schema;
    schema.set_name("c");
    auto& key = *schema.add_fields();
    key.set_name("id");
    key.set_data_type(wire_schema::DataType::Int64);
    key.set_is_primary_key(true);
    auto& text = *schema.add_fields();
    text.set_name("t");
    text.set_data_type(wire_schema::DataType::VarChar);
    add_pair(*text.mutable_type_params(), "max_length", "4");
    auto& vector = *schema.add_fields();
    vector.set_name("v");
    vector.set_data_type(wire_schema::DataType::FloatVector);
    add_pair(*vector.mutable_type_params(), "dim", "2");
    wire::CreateCollectionRequest request;
    request.set_collection_name("c");
    request.set_schema(schema.SerializeAsString());
    EXPECT_EQ(call<wire_common::Status>("CreateCollection", request).code(), 0);
    wire::CreateIndexRequest index;
    index.set_collection_name("c");
    index.set_field_name("v");
    add_pair(*index.mutable_extra_params(), "metric_type", "L2");
    EXPECT_EQ(call<wire_common::Status>("CreateIndex", index).code(), 0);
    wire::LoadCollectionRequest load;
    load.set_collection_name("c");
    EXPECT_EQ(call<wire_common::Status>("LoadCollection", load).code(), 0);
  }

  template <class Pairs>
  static void add_pair(Pairs& pairs, const std::string& key, const std::string& value) {
    auto& pair = *pairs.Add();
    pair.set_key(key);
    pair.set_value(value);
  }

  /// Rows 0..rows-1 at (row, 0).
  static wire::InsertRequest rows(int count) {
    wire::InsertRequest request;
    request.set_collection_name("c");
    request.set_num_rows(static_cast<std::uint32_t>(count));
    auto& ids = *request.add_fields_data();
    ids.set_field_name("id");
    ids.set_type(wire_schema::DataType::Int64);
    auto& texts = *request.add_fields_data();
    texts.set_field_name("t");
    texts.set_type(wire_schema::DataType::VarChar);
    auto& vectors = *request.add_fields_data();
    vectors.set_field_name("v");
    vectors.set_type(wire_schema::DataType::FloatVector);
    vectors.mutable_vectors()->set_dim(2);
    for (int i = 0; i < count; ++i) {
      ids.mutable_scalars()->mutable_long_data()->add_data(i);
      texts.mutable_scalars()->mutable_string_data()->add_data("t" + std::to_string(i));
      const float row[] = {static_cast<float>(i), 0};
      vectors.mutable_vectors()->mutable_float_vector()->mutable_data()->append(
          reinterpret_cast<const char*>(row), sizeof row);
    }
    return request;
  }

  void fill(int count) {
    make_collection();
    const auto written = call<wire::MutationResult>("Insert", rows(count));
    EXPECT_EQ(written.status().code(), 0) << written.status().reason();
    EXPECT_EQ(written.insert_cnt(), count);
  }

  /// A search for the rows nearest to each (x, 0).
  static wire::SearchRequest nearest(const std::vector<float>& xs, const std::string& topk) {
    wire::SearchRequest request;
    request.set_collection_name("c");
    wire_common::PlaceholderGroup group;
    auto& placeholder = *group.add_placeholders();
    placeholder.set_tag("$0");
    placeholder.set_type(wire_common::PlaceholderType::FloatVector);
    for (const float x : xs) {
      const float query[2] = {x, 0};
      placeholder.add_values(query, sizeof query);
    }
    request.set_placeholder_group(group.SerializeAsString());
    add_pair(*request.mutable_search_params(), "topk", topk);
    return request;
  }

  std::string database_;
  const CancelToken* cancel_ = nullptr;
  std::shared_ptr<const Caller> caller_ = Caller::unrestricted();

  fs::path folder_;
  std::unique_ptr<Catalog> catalog_;
  Metrics metrics_;
  MethodTable table_ = make_method_table();
};

TEST_F(CallsTest, SearchReturnsKeysScoresAndFieldsOfEveryQuery) {
  fill(10);
  auto request = nearest({3.1F, 7.9F}, "2");
  request.add_output_fields("t");
  const auto found = call<wire::SearchResults>("Search", request);
  ASSERT_EQ(found.status().code(), 0) << found.status().reason();
  EXPECT_THAT(found.results().ids().int_id().data(), ElementsAre(3, 4, 8, 7));
  EXPECT_THAT(found.results().topks(), ElementsAre(2, 2));
  EXPECT_NEAR(found.results().scores(0), 0.01, 1e-5);
  ASSERT_EQ(found.results().fields_data_size(), 1);
  EXPECT_THAT(found.results().fields_data(0).scalars().string_data().data(),
              ElementsAre("t3", "t4", "t8", "t7"));
}

TEST_F(CallsTest, WhatWasWrittenIsThereAfterReopening) {
  fill(10);
  reopen();
  const auto found = call<wire::SearchResults>("Search", nearest({5}, "1"));
  EXPECT_EQ(found.status().code(), 0) << found.status().reason();
  EXPECT_THAT(found.results().ids().int_id().data(), ElementsAre(5));
}

TEST_F(CallsTest, ABadRequestChangesNothing) {
  fill(3);
  auto too_long = rows(2);
  too_long.mutable_fields_data(1)->mutable_scalars()->mutable_string_data()->set_data(1, "12345");
  auto too_few = rows(2);
  too_few.mutable_fields_data(0)->mutable_scalars()->mutable_long_data()->mutable_data()->Truncate(
      1);
  auto wrong_dimension = rows(2);
  wrong_dimension.mutable_fields_data(2)->mutable_vectors()->set_dim(3);
  auto wrong_type = rows(2);
  wrong_type.mutable_fields_data(1)->mutable_scalars()->mutable_bool_data()->add_data(true);
  auto no_field = rows(2);
  no_field.mutable_fields_data(1)->set_field_name("other");
  auto twice = rows(2);
  *twice.add_fields_data() = twice.fields_data(0);
  auto absent = rows(2);
  absent.mutable_fields_data()->RemoveLast();
  auto bad_text = rows(2);
  bad_text.mutable_fields_data(1)->mutable_scalars()->mutable_string_data()->set_data(1, "t\xff");
  for (const auto* bad :
       {&too_long, &too_few, &wrong_dimension, &wrong_type, &no_field, &twice, &absent}) {
    const auto answer = call<wire::MutationResult>("Insert", *bad);
    EXPECT_NE(answer.status().code(), 0);
    EXPECT_NE(answer.status().error_code(), 0);
    EXPECT_FALSE(answer.status().reason().empty());
  }
  wire::GetCollectionStatisticsRequest stats;
  stats.set_collection_name("c");
  const auto counted =
      call<wire::GetCollectionStatisticsResponse>("GetCollectionStatistics", stats);
  EXPECT_EQ(counted.stats(0).value(), "3");
}

TEST_F(CallsTest, ALimitOutOfRangeIsRefusedWithTheRange) {
  fill(3);
  for (const char* topk : {"0", "-1", "16385", "9223372036854775808", "x"}) {
    const auto found = call<wire::SearchResults>("Search", nearest({1}, topk));
    EXPECT_EQ(found.status().code(), 1100) << topk;
    EXPECT_THAT(found.status().reason(), HasSubstr("topk"));
  }
}

TEST_F(CallsTest, SearchesThatAreRunTogetherAnswerLikeEachAlone) {
  fill(3);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<wire::SearchRequest> requests = {
      nearest({0}, "1"),    nearest({2}, "1"),
      nearest({nan}, "1"),  nearest({1}, "1"),
      nearest({1}, "2"),    nearest({1}, "0"),
      nearest({1, 2}, "2"), nearest(std::vector<float>(1'025, 1), "16384")};
  Service service(*catalog_, metrics_);
  // The second time, plans are there already; the third time the collection is another one.
  for (int round = 0; round < 3; ++round) {
    if (round == 2) {
      wire::DropCollectionRequest drop;
      drop.set_collection_name("c");
      EXPECT_EQ(call<wire_common::Status>("DropCollection", drop).code(), 0);
      fill(2);
    }
    const auto answers = search_together(service, requests);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      auto alone = call<wire::SearchResults>("Search", requests[i]);
      alone.set_session_ts(answers[i].session_ts());
      EXPECT_EQ(answers[i].SerializeAsString(), alone.SerializeAsString()) << round << " " << i;
    }
    EXPECT_EQ(answers[1].results().ids().int_id().data(0), round == 2 ? 1 : 2);
    EXPECT_EQ(answers[2].status().code(), 1100);
    EXPECT_THAT(answers.back().status().reason(), HasSubstr("16777216"));
  }
}

TEST_F(CallsTest, WhatIsGivenUpIsNotSearched) {
  fill(3);
  CancelToken given_up;
  given_up.cancel();
  cancel_ = &given_up;
  const auto found = call<wire::SearchResults>("Search", nearest({1}, "1"));
  EXPECT_THAT(found.status().reason(), HasSubstr("cancelled"));
}

TEST_F(CallsTest, AMessageOfRandomBytesIsNoQuery) {
  fill(3);
  auto request = nearest({1}, "1");
  const std::string good = request.placeholder_group();
  for (std::size_t length = 0; length < good.size(); ++length) {
    request.set_placeholder_group(good.substr(0, length));
    EXPECT_EQ(call<wire::SearchResults>("Search", request).status().code(), 1100) << length;
  }
}

TEST_F(CallsTest, AnotherDatabaseIsNamedByTheCallOrTheMessage) {
  wire::CreateDatabaseRequest create;
  create.set_db_name("other");
  EXPECT_EQ(call<wire_common::Status>("CreateDatabase", create).code(), 0);
  database_ = "other";
  fill(3);
  reopen();
  wire::HasCollectionRequest has;
  has.set_collection_name("c");
  EXPECT_TRUE(call<wire::BoolResponse>("HasCollection", has).value());
  has.set_db_name("default");
  EXPECT_FALSE(call<wire::BoolResponse>("HasCollection", has).value());
  wire::DropDatabaseRequest drop;
  drop.set_db_name("other");
  EXPECT_NE(call<wire_common::Status>("DropDatabase", drop).code(), 0);
}

}  // namespace
}  // namespace simile::server
