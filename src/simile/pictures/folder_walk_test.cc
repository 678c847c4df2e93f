#include "simile/pictures/folder_walk.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace simile::pictures {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class FolderWalk : public testing::Test {
 protected:
  FolderWalk() : root_(fs::temp_directory_path() / ("folder_walk." + std::to_string(getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
    root_ = fs::canonical(root_);
  }
  ~FolderWalk() override { fs::remove_all(root_); }

  void put(const std::string& name, const std::string& content = "x") {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << content;
  }

  /// Paths found, relative to the root.
  std::vector<std::string> walk(bool follow_symlinks = false) {
    const Result<FolderContents> contents = walk_folder(root_, follow_symlinks);
    EXPECT_TRUE(contents) << contents.error().message;
    std::vector<std::string> names;
    for (const FoundPicture& picture : contents->pictures) {
      names.push_back(fs::path(picture.path).lexically_relative(root_));
    }
    return names;
  }

  fs::path root_;
};

TEST_F(FolderWalk, FindsPicturesByTheirEndingsInOrder) {
  for (const char* name : {"b.jpg", "a/z.PNG", "a/y.Jpeg", "c.webp", "d.gif", "e.bmp", "f.jfif",
                           "notes.txt", "jpg", "movie.mp4", "g.jpg.part", "h."}) {
    put(name);
  }
  EXPECT_THAT(walk(),
              ElementsAre("a/y.Jpeg", "a/z.PNG", "b.jpg", "c.webp", "d.gif", "e.bmp", "f.jfif"));
}

TEST_F(FolderWalk, LeavesOutWhatIsHidden) {
  put(".hidden.jpg");
  put(".thumbnails/a.jpg");
  put("shown.jpg");
  EXPECT_THAT(walk(), ElementsAre("shown.jpg"));
}

TEST_F(FolderWalk, TellsSizeAndTimeOfChange) {
  put("a.jpg", "12345");
  const timespec times[2] = {{.tv_sec = 5, .tv_nsec = 6}, {.tv_sec = 1'700'000'000, .tv_nsec = 7}};
  ASSERT_EQ(utimensat(AT_FDCWD, (root_ / "a.jpg").c_str(), times, 0), 0);
  const FolderContents contents = walk_folder(root_, false).value();
  EXPECT_EQ(contents.pictures[0].bytes, 5u);
  EXPECT_EQ(contents.pictures[0].modified, 1'700'000'000'000'000'007);
}

TEST_F(FolderWalk, FollowsLinksOnlyWhenAsked) {
  put("real/a.jpg");
  fs::create_directory_symlink(root_ / "real", root_ / "linked");
  fs::create_symlink(root_ / "real/a.jpg", root_ / "b.jpg");
  fs::create_symlink(root_ / "nowhere", root_ / "dangling.jpg");
  EXPECT_THAT(walk(), ElementsAre("real/a.jpg"));
  // One folder under two names is read under one of them.
  EXPECT_THAT(walk(true), testing::AnyOf(ElementsAre("b.jpg", "linked/a.jpg"),
                                         ElementsAre("b.jpg", "real/a.jpg")));
}

TEST_F(FolderWalk, EndsInLoopsOfLinks) {
  put("a/b/c.jpg");
  fs::create_directory_symlink(root_, root_ / "a/up");
  fs::create_directory_symlink(root_ / "a", root_ / "a/b/self");
  const std::vector<std::string> found = walk(true);
  EXPECT_GE(found.size(), 1u);
  EXPECT_LE(found.size(), 2u);
}

TEST_F(FolderWalk, GoesDeeperThanAnyStack) {
  std::string path;
  for (int i = 0; i < 300; ++i) path += "d/";
  put(path + "a.jpg");
  EXPECT_THAT(walk(), ElementsAre(path + "a.jpg"));
}

TEST_F(FolderWalk, TakesNoPipeForAPicture) {
  ASSERT_EQ(mkfifo((root_ / "pipe.jpg").c_str(), 0600), 0);
  fs::create_directory(root_ / "folder.jpg");
  EXPECT_THAT(walk(), testing::IsEmpty());
}

TEST_F(FolderWalk, ResolvesTheFolderItself) {
  put("real/a.jpg");
  fs::create_directory_symlink(root_ / "real", root_ / "linked");
  EXPECT_EQ(walk_folder(root_ / "linked", false)->pictures[0].path, root_ / "real/a.jpg");
  EXPECT_EQ(walk_folder((root_ / "real/").string() + "../real/", false)->folder, root_ / "real");
}

TEST_F(FolderWalk, RefusesWhatIsNoFolder) {
  put("a.jpg");
  EXPECT_EQ(walk_folder(root_ / "absent", false).error().code, ErrorCode::kNotFound);
  const Result<FolderContents> file = walk_folder(root_ / "a.jpg", false);
  EXPECT_EQ(file.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(file.error().message, testing::HasSubstr("a.jpg: is not a folder"));
  EXPECT_FALSE(walk_folder("", false));
}

TEST(LiesBelow, GoesByWholeNames) {
  EXPECT_TRUE(lies_below("/a/b/c.jpg", "/a/b"));
  EXPECT_TRUE(lies_below("/a/b/c.jpg", "/"));
  EXPECT_FALSE(lies_below("/a/bc/d.jpg", "/a/b"));
  EXPECT_FALSE(lies_below("/a/b", "/a/b"));
  EXPECT_FALSE(lies_below("/x", "/a/b"));
}

}  // namespace
}  // namespace simile::pictures
