#include "simile/cli/key_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simile::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(KeyList, ReadsKeysOfTheCollectionsType) {
  const std::vector<std::string> texts = {"7", "-9223372036854775808"};
  const KeyList integers = KeyList::parse(texts, FieldType::kInt64).value();
  EXPECT_EQ(integers.size(), 2u);
  EXPECT_THAT(std::get<0>(integers.view()),
              ElementsAre(7, std::numeric_limits<std::int64_t>::min()));
  const KeyList strings = KeyList::parse(texts, FieldType::kString).value();
  EXPECT_THAT(std::get<1>(strings.view()), ElementsAre("7", "-9223372036854775808"));
}

TEST(KeyList, NamesWhatIsNoKey) {
  for (const std::string bad : {"", "x", "7x", "7.0", " 7", "9223372036854775808"}) {
    const auto keys = KeyList::parse({"1", bad}, FieldType::kInt64);
    ASSERT_FALSE(keys) << bad;
    EXPECT_THAT(keys.error().message, HasSubstr("'" + bad + "' is no key"));
  }
}

}  // namespace
}  // namespace simile::cli
