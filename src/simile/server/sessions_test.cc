#include "simile/server/sessions.h"

#include <gtest/gtest.h>

namespace simile::server {
namespace {

TEST(Sessions, TheOneThatWasUnusedLongestIsForgotten) {
  Sessions sessions(2);
  sessions.put("a", {.snapshot = nullptr, .distance = 1, .score = 1, .at_bound = 0});
  sessions.put("b", {});
  EXPECT_NE(sessions.find("a"), nullptr);
  sessions.put("c", {});
  EXPECT_EQ(sessions.find("b"), nullptr);
  ASSERT_NE(sessions.find("a"), nullptr);
  EXPECT_EQ(sessions.find("a")->distance, 1);
  sessions.put("a", {.snapshot = nullptr, .distance = 2, .score = 2, .at_bound = 0});
  EXPECT_EQ(sessions.find("a")->distance, 2);
}

}  // namespace
}  // namespace simile::server
