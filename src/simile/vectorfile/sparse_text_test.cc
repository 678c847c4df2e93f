#include "simile/vectorfile/sparse_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "simile/types.h"

namespace simile::vectorfile {
namespace {

using testing::ElementsAre;

std::vector<SparseEntry> entries_of(const std::string& packed) {
  std::vector<SparseEntry> entries(packed.size() / sizeof(SparseEntry));
  std::memcpy(entries.data(), packed.data(), packed.size());
  return entries;
}

TEST(SparseText, ComesInOrder) {
  EXPECT_THAT(
      entries_of(*parse_sparse(R"({"4294967294": 1, "7": -0.5, "0": 3e-1})")),
      ElementsAre(SparseEntry{0, 0.3F}, SparseEntry{7, -0.5F}, SparseEntry{4294967294U, 1}));
  EXPECT_EQ(*parse_sparse("{}"), "");
}

TEST(SparseText, WhatIsNoneIsRefused) {
  for (const char* json : {"", "[1]", "{\"a\": 1}", "{\"-1\": 1}", "{\"4294967295\": 1}",
                           "{\"1\": \"x\"}", "{\"1\": 1e99}", "{\"1\": 1, \"1\": 2}", "{\"1\": "}) {
    EXPECT_EQ(parse_sparse(json).error().code, ErrorCode::kInvalidArgument) << json;
  }
}

}  // namespace
}  // namespace simile::vectorfile
