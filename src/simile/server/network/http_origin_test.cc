#include "simile/server/network/http_origin.h"

#include <gtest/gtest.h>

namespace simile::server {
namespace {

TEST(HttpOrigin, LoopbackIsAnAddressNotANameThatLooksLikeOne) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"", "0.0.0.0", "::", "127.evil.example", "localhost.evil.example",
                           "10.0.0.1", "1127.0.0.1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(HttpOrigin, PagesOfOtherSitesAreRefused) {
  EXPECT_EQ(refuse_origin("127.0.0.1:9091", "", true), "");
  EXPECT_EQ(refuse_origin("127.0.0.1:9091", "http://127.0.0.1:9091", true), "");
  EXPECT_EQ(refuse_origin("[::1]:9091", "http://[::1]:9091", true), "");
  EXPECT_NE(refuse_origin("127.0.0.1:9091", "http://evil.example", true), "");
  EXPECT_NE(refuse_origin("127.0.0.1:9091", "http://127.0.0.1:80", true), "");
  EXPECT_NE(refuse_origin("127.0.0.1:9091", "null", true), "");
}

TEST(HttpOrigin, ANameThatWasPointedHereIsRefused) {
  EXPECT_NE(refuse_origin("evil.example:9091", "", true), "");
  EXPECT_NE(refuse_origin("", "", true), "");
  EXPECT_NE(refuse_origin("[", "", true), "");
  EXPECT_EQ(refuse_origin("vectors.example", "", false), "");
}

}  // namespace
}  // namespace simile::server
