#include "simile/io/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simile/io/storage.h"

namespace simile::io {
namespace {

TEST(Path, AcceptsPartsJoinedBySlashes) {
  for (const char* path : {"a", "wal/000001.log", "a/b/c", "a..b", "ü/漢"}) {
    EXPECT_TRUE(check_path(path)) << path;
  }
}

TEST(Path, RefusesEverythingThatCouldLeaveTheRoot) {
  for (const char* path : {"", "/", "/etc", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b",
                           ".hidden", "a/.tmp-1", "a\nb", "a\x7f"}) {
    EXPECT_FALSE(check_path(path)) << path;
  }
  EXPECT_FALSE(check_path(std::string_view("a\0b", 3)));
}

TEST(Path, JoinsToAPathOrRefuses) {
  EXPECT_EQ(*join_path("wal", "1.log"), "wal/1.log");
  EXPECT_EQ(*join_path("", "manifest"), "manifest");
  EXPECT_EQ(*join_path("a/b", "c/d"), "a/b/c/d");
  EXPECT_EQ(join_path("wal", "../x").error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(join_path("wal", ""));
  EXPECT_FALSE(join_path("/wal", "x"));
}

TEST(Path, SplitsIntoFolderAndName) {
  EXPECT_EQ(folder_of("a/b/c"), "a/b");
  EXPECT_EQ(name_in_folder("a/b/c"), "c");
  EXPECT_EQ(folder_of("c"), "");
  EXPECT_EQ(name_in_folder("c"), "c");
}

TEST(Path, PrefixMayEndAnywhereButNotOutside) {
  for (const char* prefix : {"", "wal", "wal/", "wal/00"}) EXPECT_TRUE(check_prefix(prefix));
  for (const char* prefix : {"/", "../", "wal//", ".", "wal/."}) EXPECT_FALSE(check_prefix(prefix));
}

}  // namespace
}  // namespace simile::io
