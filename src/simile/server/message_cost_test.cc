#include "simile/server/message_cost.h"

#include <gtest/gtest.h>

#include <random>

#include <milvus/milvus.pb.h>
#include "simile/server/method_table.h"

namespace simile::server {
namespace {

constexpr std::uint64_t kAny = ~std::uint64_t{0};

std::uint64_t cost_of_bytes(std::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return message_cost(grpc::ByteBuffer(&slice, 1), kAny);
}
std::uint64_t cost(const google::protobuf::MessageLite& message) {
  return cost_of_bytes(message.SerializeAsString());
}

/// Rows of `dim` values that `make` gives, as a client inserts them.
template <class Make>
wire::InsertRequest vectors(std::size_t values, const Make& make) {
  wire::InsertRequest request;
  request.set_collection_name("c");
  auto& list = *request.add_fields_data()->mutable_vectors()->mutable_float_vector();
  for (std::size_t i = 0; i < values; ++i) {
    const float value = make();
    list.mutable_data()->append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return request;
}

TEST(MessageCost, OfVectorsIsWhatTheyTake) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  const auto of_normal = vectors(1 << 18, [&] { return normal(random); });
  const auto of_positive =
      vectors(1 << 18, [&] { return static_cast<float>(random()) / 4294967296.0F; });
  for (const auto& request : {of_normal, of_positive}) {
    const std::uint64_t bytes = request.ByteSizeLong();
    EXPECT_GE(cost(request), bytes);
    EXPECT_LE(cost(request), bytes + 4096);
  }
}

TEST(MessageCost, OfEmptyMessagesIsThatOfTheObjects) {
  constexpr std::uint64_t kCount = 10'000;
  wire::HybridSearchRequest searches;
  wire::InsertRequest texts;
  wire::InsertRequest columns;
  auto& list = *texts.add_fields_data()->mutable_scalars()->mutable_string_data();
  for (std::uint64_t i = 0; i < kCount; ++i) {
    searches.add_requests();
    list.add_data("");
    columns.add_fields_data();
  }
  EXPECT_LT(searches.ByteSizeLong(), 3 * kCount);
  EXPECT_GE(cost(searches), kCount * sizeof(wire::SearchRequest));
  EXPECT_GE(cost(columns), kCount * sizeof(wire_schema::FieldData));
  EXPECT_GE(cost(texts), kCount * (sizeof(std::string) + sizeof(void*)));
  EXPECT_LE(cost(searches), searches.ByteSizeLong() * kMessageGrowthMax);
  EXPECT_LE(cost(columns), columns.ByteSizeLong() * kMessageGrowthMax);
}

TEST(MessageCost, OfPackedNumbersIsThatOfTheNumbers) {
  for (const int number : {1, 8, 127}) {
    wire::InsertRequest request;
    auto& numbers = *request.add_fields_data()->mutable_scalars()->mutable_long_data();
    for (int i = 0; i < 10'000; ++i) numbers.add_data(number);
    EXPECT_GE(cost(request), 80'000U) << number;
  }
}

TEST(MessageCost, LooksIntoMessagesInsideOfBytes) {
  wire_schema::CollectionSchema schema;
  for (int i = 0; i < 1'000; ++i) schema.add_fields();
  wire::CreateCollectionRequest request;
  request.set_schema(schema.SerializeAsString());
  EXPECT_GE(cost(request), 1'000 * 96U);
}

TEST(MessageCost, StopsCountingAboveTheMost) {
  wire::HybridSearchRequest request;
  for (int i = 0; i < 10'000; ++i) request.add_requests();
  const std::string bytes = request.SerializeAsString();
  const grpc::Slice slice(bytes.data(), bytes.size());
  EXPECT_LT(message_cost(grpc::ByteBuffer(&slice, 1), 10'000), 20'000U);
  EXPECT_GT(message_cost(grpc::ByteBuffer(&slice, 1), 10'000), 10'000U);
}

TEST(MessageCost, IsTheSameInWhateverSlicesTheBytesArrive) {
  auto request = vectors(300, [] { return 1.0F; });
  request.add_fields_data()->mutable_scalars()->mutable_string_data()->add_data("a text");
  const std::string bytes = request.SerializeAsString();
  for (std::size_t at = 0; at <= bytes.size(); at += 7) {
    const grpc::Slice slices[] = {grpc::Slice(bytes.data(), at),
                                  grpc::Slice(bytes.data() + at, bytes.size() - at)};
    EXPECT_EQ(message_cost(grpc::ByteBuffer(slices, 2), kAny), cost_of_bytes(bytes)) << at;
  }
}

TEST(MessageCost, TakesAnyBytes) {
  std::mt19937 random(2);
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_GE(cost_of_bytes(bytes) + 200, 0U);
  }
  std::string deep;
  for (int level = 0; level < 1'000; ++level) {
    const std::size_t length = deep.size();
    std::string head = "\x0a";
    head += static_cast<char>(length < 0x80 ? length : 0x80 | (length & 0x7f));
    if (length >= 0x80) head += static_cast<char>(length >> 7);
    deep.insert(0, head);
  }
  EXPECT_GE(cost_of_bytes(deep), deep.size());
}

TEST(JsonCost, OfListsIsThatOfTheObjects) {
  std::string lists = "[";
  for (int i = 0; i < 1'000; ++i) lists += "[],";
  EXPECT_GE(json_cost(lists), 100'000U);
  EXPECT_LE(json_cost("{\"a\": 1}"), 300U);
}

}  // namespace
}  // namespace simile::server
