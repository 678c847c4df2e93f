#include "simile/base/module.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace simile {
namespace {

using testing::HasSubstr;

const ModuleName kAbsent{.file = "libsimile_absent.so",
                         .environment = "SIMILE_ABSENT_MODULE",
                         .remedy = "plant it first"};

std::string error_with(const std::string& value, ErrorCode code) {
  setenv("SIMILE_ABSENT_MODULE", value.c_str(), 1);
  const Result<const void*> module = load_module(kAbsent);
  unsetenv("SIMILE_ABSENT_MODULE");
  if (module) return "no error";
  EXPECT_EQ(module.error().code, code);
  return module.error().message;
}

TEST(Module, SaysWhatToInstallAndWhereItLooked) {
  const std::string error = error_with("", ErrorCode::kUnimplemented);
  EXPECT_THAT(error, HasSubstr("libsimile_absent.so is not installed; plant it first"));
  EXPECT_THAT(error, HasSubstr("lib/simile/libsimile_absent.so"));
}

TEST(Module, IsLookedForBesideTheProgramFirst) {
  const std::string error = error_with("", ErrorCode::kUnimplemented);
  const auto own = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  EXPECT_THAT(error, HasSubstr("(looked for " + (own / "libsimile_absent.so").string()));
}

TEST(Module, IsTakenFromTheEnvironmentAndNowhereElse) {
  const std::string error = error_with("/no/such/module.so", ErrorCode::kUnimplemented);
  EXPECT_THAT(error, HasSubstr("(looked for /no/such/module.so)"));
}

TEST(Module, RefusesAFileThatIsNoLibrary) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("module_test." + std::to_string(getpid()) + ".so");
  std::ofstream(path) << "text";
  EXPECT_THAT(error_with(path, ErrorCode::kUnimplemented), HasSubstr("cannot be loaded"));
  std::filesystem::remove(path);
}

TEST(Module, RefusesALibraryOfSomebodyElse) {
  Dl_info info{};
  ASSERT_NE(dladdr(reinterpret_cast<const void*>(&std::strtol), &info), 0);
  EXPECT_THAT(error_with(info.dli_fname, ErrorCode::kFailedPrecondition),
              HasSubstr("is not a module of Simile"));
}

TEST(DataFolders, HoldTheModelsOfTheSourceTree) {
  const std::vector<std::string> folders = data_folders("models");
  EXPECT_TRUE(std::ranges::any_of(folders, [](const std::string& folder) {
    return std::filesystem::exists(folder + "/simile-photo-128.json");
  })) << testing::PrintToString(folders);
}

}  // namespace
}  // namespace simile
