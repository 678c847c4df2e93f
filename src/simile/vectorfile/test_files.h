#pragma once
/// Files of a test, in a folder that goes with it.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "simile/vectorfile/vector_file.h"

namespace simile::vectorfile {

class Folder {
 public:
  Folder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            (std::string("simile_") + test->test_suite_name() + "_" + test->name() + "_" +
             std::to_string(::getpid()));
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }

  /// Writes a file and returns its path.
  std::string file(const std::string& name, std::string_view content) const {
    std::ofstream((path_ / name).string(), std::ios::binary) << content;
    return path(name);
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T));
}

/// Everything a file holds.
struct Contents {
  FileInfo info;
  std::vector<float> floats;  ///< where the type is float32
  std::vector<std::byte> vectors;
  std::vector<std::string> columns;  ///< "name: 1 2 null", arrays as "[1,2]"
  std::size_t rows = 0;
  std::string error;  ///< of open() or of the first next() that failed
};

/// Reads to the end in blocks of `block_rows`.
Contents read_all(const std::string& path, const OpenOptions& options = {},
                  std::size_t block_rows = 3);

}  // namespace simile::vectorfile
