#include "simile/scalar/group_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simile/scalar/test_rows.h"

namespace simile::scalar {
namespace {

using ::testing::HasSubstr;

class GroupKeys : public ::testing::Test {
 protected:
  static std::string fault(const char* text, const Schema& schema) {
    const auto key = GroupKey::parse(text, schema);
    return key ? "fine" : key.error().message;
  }

  static Schema make() {
    std::vector<Field> fields = make_schema({{"id", "int64 primary key"},
                                             {"label", "string nullable"},
                                             {"year", "int32"},
                                             {"tags", "array<string>"},
                                             {"info", "json nullable"},
                                             {"v", "float32[2] l2"}})
                                    .fields();
    Field& dynamic = fields.emplace_back();
    dynamic.name = kDynamicField;
    dynamic.type = FieldType::kJson;
    dynamic.dynamic = true;
    return Schema::make(std::move(fields)).value();
  }

  Schema schema_ = make();
};

TEST_F(GroupKeys, NameAFieldAPathOrADynamicName) {
  EXPECT_EQ(GroupKey::parse("label", schema_)->field().name, "label");
  EXPECT_EQ(GroupKey::parse("info", schema_)->field().name, "info");
  EXPECT_EQ(GroupKey::parse("info['a'][0]", schema_)->field().name, "info");
  EXPECT_EQ(GroupKey::parse("colour", schema_)->field().name, "$meta");
  EXPECT_EQ(GroupKey::parse("$meta['colour']", schema_)->field().name, "$meta");
}

TEST_F(GroupKeys, RefuseWhatHasNoGroups) {
  EXPECT_THAT(fault("v", schema_), HasSubstr("is vector; hits are grouped by"));
  EXPECT_THAT(fault("tags", schema_), HasSubstr("hits are grouped by"));
  EXPECT_THAT(fault("label['a']", schema_), HasSubstr("only JSON has"));
  for (const char* text : {"", " ", "21", "label == 'a'", "a b", "array_length(tags)", "\xff"}) {
    EXPECT_THAT(fault(text, schema_), HasSubstr("unknown field")) << text;
  }
}

TEST_F(GroupKeys, AreEqualWhereValuesAre) {
  Column info;
  info.type = FieldType::kJson;
  info.strings = {R"({"a": {"x": 1}})",
                  R"({"b": 2, "a": { "x" : 1 }})",
                  R"({"a": "null"})",
                  R"({"a": null})",
                  R"({})",
                  R"({"a": ""})"};
  const GroupKey key = GroupKey::parse("info['a']", schema_).value();
  EXPECT_EQ(key.of(info, 0), key.of(info, 1));
  EXPECT_EQ(key.of(info, 3), key.of(info, 4));
  EXPECT_NE(key.of(info, 2), key.of(info, 3));
  EXPECT_NE(key.of(info, 5), key.of(info, 3));
  const GroupKey whole = GroupKey::parse("info", schema_).value();
  EXPECT_NE(whole.of(info, 0), whole.of(info, 1));
  EXPECT_NE(whole.of(info, 4), whole.of(info, 3));
}

}  // namespace
}  // namespace simile::scalar
