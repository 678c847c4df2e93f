#include "simile/imports/import_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simile::imports {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

vectorfile::FileInfo file_with(const std::vector<std::string>& columns) {
  vectorfile::FileInfo file;
  file.path = "x.csv";
  file.type = {ElementType::kFloat32, 4};
  file.columns = parse_declared_fields(columns).value();
  return file;
}

ImportWishes wishes_with(Metric metric) {
  ImportWishes wishes;
  wishes.metric = metric;
  return wishes;
}

std::vector<std::string> fields_of(const Schema& schema) {
  std::vector<std::string> texts;
  for (const Field& field : schema.fields()) texts.push_back(field.name + " " + describe(field));
  return texts;
}

TEST(PlanSchema, HasAKeyTheVectorAndTheColumns) {
  const auto file = file_with({"id=string", "label=string nullable", "year=int64 nullable"});
  const Schema schema = plan_schema(file, wishes_with(Metric::kCosine)).value();
  EXPECT_EQ(schema.primary_key().type, FieldType::kString);
  ASSERT_EQ(schema.fields().size(), 4u);
  EXPECT_EQ(schema.fields()[0].name, "id");
  EXPECT_EQ(schema.fields()[1].name, "vector");
  EXPECT_EQ(schema.fields()[1].vector, file.type);
  EXPECT_EQ(schema.fields()[1].metric, Metric::kCosine);
  EXPECT_EQ(schema.fields()[1].index, IndexKind::kGraph);
  EXPECT_EQ(schema.fields()[3].name, "year");
}

TEST(PlanSchema, CallsTheKeyIdWhateverItsColumnIsCalled) {
  ImportWishes wishes = wishes_with(Metric::kL2);
  wishes.id_column = "sku";
  const Schema schema = plan_schema(file_with({"sku=string", "n=int64"}), wishes).value();
  EXPECT_THAT(fields_of(schema),
              ElementsAre("id string primary key", HasSubstr("vector float32[4] l2"), "n int64"));
}

TEST(PlanSchema, TakesIntegerKeysWhereThereAreNone) {
  const Schema schema = plan_schema(file_with({}), wishes_with(Metric::kL2)).value();
  EXPECT_EQ(schema.primary_key().type, FieldType::kInt64);
  ImportWishes wishes = wishes_with(Metric::kL2);
  wishes.ids = FieldType::kString;
  EXPECT_EQ(plan_schema(file_with({}), wishes)->primary_key().type, FieldType::kString);
}

TEST(PlanSchema, NeedsTheKeyColumnThatWasNamed) {
  ImportWishes wishes = wishes_with(Metric::kL2);
  wishes.id_column = "skuu";
  wishes.needs_id_column = true;
  EXPECT_THAT(
      plan_schema(file_with({"sku=string", "n=int64"}), wishes).error().message,
      HasSubstr("--ids 'skuu' is neither a file nor a column of x.csv; its columns: sku, n"));
  EXPECT_THAT(plan_schema(file_with({}), wishes).error().message, HasSubstr("which has none"));
}

TEST(PlanSchema, NamesTheColumnThatIsCalledLikeTheKey) {
  ImportWishes wishes = wishes_with(Metric::kL2);
  wishes.id_column = "sku";
  EXPECT_THAT(plan_schema(file_with({"sku=string", "id=int64"}), wishes).error().message,
              HasSubstr("x.csv: column 'id' is called like the key of the collection; leave it out "
                        "with --skip-field id"));
}

TEST(PlanSchema, NeedsAMetricThatFits) {
  vectorfile::FileInfo file = file_with({});
  EXPECT_THAT(plan_schema(file, {}).error().message, HasSubstr("--metric l2, ip, cosine"));
  file.metric = Metric::kInnerProduct;
  EXPECT_EQ(plan_schema(file, {})->fields()[1].metric, Metric::kInnerProduct);
  EXPECT_FALSE(plan_schema(file, wishes_with(Metric::kHamming)));
}

TEST(CheckSchema, NamesBothSidesOfADifference) {
  const auto file = file_with({"label=string nullable"});
  const Schema schema = plan_schema(file, wishes_with(Metric::kCosine)).value();
  EXPECT_TRUE(check_schema(schema, file, {}));
  EXPECT_TRUE(check_schema(schema, file, wishes_with(Metric::kCosine)));
  EXPECT_THAT(check_schema(schema, file, wishes_with(Metric::kL2)).error().message,
              HasSubstr("cosine"));

  vectorfile::FileInfo longer = file;
  longer.type.dim = 5;
  EXPECT_THAT(check_schema(schema, longer, {}).error().message,
              HasSubstr("x.csv: vectors are float32[5], field 'vector' of the collection is "
                        "float32[4]"));
  EXPECT_THAT(check_schema(schema, file_with({"colour=string"}), {}).error().message,
              HasSubstr("no field 'colour'; leave it out with --skip-field colour; it has: id, "
                        "label"));
}

TEST(DeclaredFields, AreScalarFieldsOnly) {
  EXPECT_TRUE(parse_declared_fields({"a=int32", "b=array<string> nullable"}));
  for (const std::string bad : {"a", "a=", "a=colour", "a=float32[4] l2", "a=int64 primary key"}) {
    EXPECT_FALSE(parse_declared_fields({bad})) << bad;
  }
}

TEST(OpenOptions, FollowTheCollectionThatIsThere) {
  ImportWishes wishes = wishes_with(Metric::kL2);
  wishes.element = ElementType::kFloat16;
  wishes.id_column = "sku";
  vectorfile::FileInfo file = file_with({"sku=string", "n=int16"});
  file.type.element = ElementType::kFloat16;
  const Schema schema = plan_schema(file, wishes).value();
  wishes.element = std::nullopt;
  const auto options = open_options_for(wishes, &schema);
  EXPECT_EQ(options.element, ElementType::kFloat16);
  ASSERT_EQ(options.fields.size(), 2u);
  EXPECT_EQ(options.fields[0].name, "sku");
  EXPECT_EQ(options.fields[1].type, FieldType::kInt16);
}

}  // namespace
}  // namespace simile::imports
