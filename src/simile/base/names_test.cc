#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "simile/error.h"
#include "simile/types.h"
#include "simile/version.h"

namespace simile {
namespace {

using testing::HasSubstr;

TEST(Names, ComeBackAsTheValueTheyName) {
  for (const Metric metric :
       {Metric::kL2, Metric::kInnerProduct, Metric::kCosine, Metric::kHamming, Metric::kJaccard}) {
    EXPECT_EQ(*parse_metric(name_of(metric)), metric);
  }
  for (const ElementType type : {ElementType::kFloat32, ElementType::kFloat16,
                                 ElementType::kBFloat16, ElementType::kInt8, ElementType::kBit}) {
    EXPECT_EQ(*parse_element_type(name_of(type)), type);
  }
  for (const IndexKind kind : {IndexKind::kFlat, IndexKind::kGraph}) {
    EXPECT_EQ(*parse_index_kind(name_of(kind)), kind);
  }
}

TEST(Names, OtherWordsForAMetricAreTaken) {
  EXPECT_EQ(*parse_metric("euclidean"), Metric::kL2);
  EXPECT_EQ(*parse_metric("inner_product"), Metric::kInnerProduct);
  EXPECT_EQ(*parse_metric("angular"), Metric::kCosine);
  EXPECT_EQ(name_of(Metric::kL2), "l2") << "but not given";
}

TEST(Names, AnUnknownOneIsAnErrorThatListsTheKnown) {
  for (const std::string name : {"", "L2", "l2 ", "manhattan"}) {
    const auto metric = parse_metric(name);
    ASSERT_FALSE(metric);
    EXPECT_EQ(metric.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(metric.error().message,
                testing::AllOf(HasSubstr("'" + name + "'"), HasSubstr("l2, ip, cosine")));
  }
  EXPECT_THAT(parse_element_type("double").error().message, HasSubstr("float32, float16"));
  EXPECT_THAT(parse_index_kind("tree").error().message, HasSubstr("flat, graph"));
}

TEST(Names, EveryErrorCodeHasTheNumberAndTheNameOfGrpc) {
  EXPECT_EQ(name_of(ErrorCode::kCancelled), "cancelled");
  EXPECT_EQ(name_of(ErrorCode::kInvalidArgument), "invalid_argument");
  EXPECT_EQ(name_of(ErrorCode::kResourceExhausted), "resource_exhausted");
  EXPECT_EQ(name_of(ErrorCode::kDataLoss), "data_loss");
  EXPECT_EQ(static_cast<int>(ErrorCode::kDataLoss), 15);
  std::set<std::string_view> names;
  for (int code = 1; code <= 15; ++code) names.insert(name_of(static_cast<ErrorCode>(code)));
  EXPECT_EQ(names.size(), 15u);
}

TEST(CheckMetric, BitsGoWithHammingAndJaccardAndNothingElseDoes) {
  for (int m = 0; m <= 4; ++m) {
    for (int e = 0; e <= 4; ++e) {
      const auto metric = static_cast<Metric>(m);
      const auto element = static_cast<ElementType>(e);
      const Status status = check_metric(metric, element);
      ASSERT_EQ(status.has_value(), (m >= 3) == (element == ElementType::kBit)) << m << ' ' << e;
      if (!status) {
        EXPECT_THAT(status.error().message, HasSubstr(std::string(name_of(element)) + " vectors"));
      }
    }
  }
}

TEST(Version, IsThreeNumbers) {
  EXPECT_THAT(std::string(version()), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

}  // namespace
}  // namespace simile
