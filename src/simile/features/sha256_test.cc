#include "simile/features/sha256.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace simile::features {
namespace {

std::string sha256_of_text(const std::string& text) {
  return sha256_of(std::as_bytes(std::span(text)));
}

TEST(Sha256, MatchesThePublishedExamples) {
  EXPECT_EQ(sha256_of_text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of_text("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("sha256_test." + std::to_string(getpid()));
  const std::string text(3'000'000, 'x');
  std::ofstream(path, std::ios::binary) << text;
  const Result<std::string> digest = sha256_of_file(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(digest);
  EXPECT_EQ(*digest, sha256_of_text(text));
}

TEST(Sha256, NamesTheFileThatIsNotThere) {
  const Result<std::string> digest = sha256_of_file("/no/such/model.onnx");
  ASSERT_FALSE(digest);
  EXPECT_EQ(digest.error().code, ErrorCode::kNotFound);
  EXPECT_NE(digest.error().message.find("/no/such/model.onnx"), std::string::npos);
}

TEST(Sha256, OfAFolderIsAnError) { EXPECT_FALSE(sha256_of_file("/tmp")); }

}  // namespace
}  // namespace simile::features
