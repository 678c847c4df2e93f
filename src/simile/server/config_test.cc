#include "simile/server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "simile/server/config_table.h"

namespace simile::server {
namespace {

using ::testing::HasSubstr;

const char* nothing(const std::string& /*name*/) { return nullptr; }

TEST(Config, WhatIsPrintedIsReadBackAsTheSame) {
  const auto config = make_config("", nothing, {{"port", "7"}, {"queue_max", "11"}});
  ASSERT_TRUE(config.has_value());
  const auto again = make_config(print_config(*config), nothing, {});
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->texts, config->texts);
  EXPECT_EQ(again->port, 7);
  EXPECT_GT(again->threads, 0U);
}

TEST(Config, LaterSourcesGoFirst) {
  const Environment environment = [](const std::string& name) {
    return name == "SIMILE_PORT" ? "2" : nullptr;
  };
  EXPECT_EQ(make_config("port = 1", nothing, {})->port, 1);
  EXPECT_EQ(make_config("port = 1", environment, {})->port, 2);
  EXPECT_EQ(make_config("port = 1", environment, {{"port", "3"}})->port, 3);
}

TEST(Config, EverySettingRefusesAValueThatIsNone) {
  for (const Setting& setting : kSettings) {
    constexpr std::array<std::string_view, 7> kAnyText = {
        "host",          "key_file",        "key_command",
        "otlp_endpoint", "picture_folders", "rerank_endpoints",
        "backup_dir"};
    if (std::ranges::find(kAnyText, setting.name) != kAnyText.end()) continue;
    const auto config = make_config("", nothing, {{std::string(setting.name), "-x"}});
    ASSERT_FALSE(config.has_value()) << setting.name;
    EXPECT_THAT(config.error().message, HasSubstr(std::string(setting.name)));
  }
}

}  // namespace
}  // namespace simile::server
