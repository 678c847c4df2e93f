#include "simile/base/module.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "simile/base/text.h"

namespace simile {
namespace {

namespace fs = std::filesystem;

/// The program or shared library this code is linked into, or an empty path.
fs::path own_file() {
  Dl_info info{};
  link_map* map = nullptr;
  const auto here = reinterpret_cast<const void*>(&own_file);
  if (dladdr1(here, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0) return {};
  // For a program the linker knows only how it was called, which says nothing after a chdir.
  const bool is_program = map == nullptr || map->l_name == nullptr || map->l_name[0] == '\0';
  std::error_code ignored;
  return fs::canonical(is_program ? "/proc/self/exe" : map->l_name, ignored);
}

bool lies_under(const fs::path& file, const fs::path& folder) {
  const fs::path relative = file.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

/// An installed program must not look into the folder it was once built in: anybody might own it
/// by now.
bool is_of_build_tree(const fs::path& own) {
  const std::string_view build = SIMILE_BUILD_DIR;
  return !build.empty() && lies_under(own, build);
}

std::vector<fs::path> candidates(const ModuleName& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here writes the environment
  if (const char* chosen = std::getenv(name.environment); chosen != nullptr && *chosen != '\0') {
    return {chosen};
  }
  const fs::path own = own_file();
  std::vector<fs::path> files;
  if (!own.empty()) {
    files.push_back(own.parent_path() / name.file);
    files.push_back(own.parent_path().parent_path() / "lib" / "simile" / name.file);
  }
  files.push_back(fs::path(SIMILE_MODULE_DIR) / name.file);
  if (is_of_build_tree(own)) files.push_back(fs::path(SIMILE_BUILD_DIR) / "lib/simile" / name.file);
  return files;
}

Result<const void*> open_module(const fs::path& file, const ModuleName& name) {
  // RTLD_LOCAL: symbols of its libraries must not stand in for those of the calling program.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(ErrorCode::kUnimplemented,
                join_text(file.string(), ": cannot be loaded: ", dlerror(), "; ", name.remedy));
  }
  const auto entry_of = reinterpret_cast<ModuleFunction*>(dlsym(library, "simile_module"));
  if (entry_of == nullptr) {
    return fail(ErrorCode::kFailedPrecondition,
                join_text(file.string(), ": is not a module of Simile"));
  }
  const ModuleEntry entry = entry_of();
  if (std::string_view(entry.version) != SIMILE_VERSION) {
    return fail(ErrorCode::kFailedPrecondition,
                join_text(file.string(), ": is of Simile ", entry.version, ", this is Simile ",
                          SIMILE_VERSION, "; install both from one build"));
  }
  return entry.object;
}

}  // namespace

Result<const void*> load_module(const ModuleName& name) {
  std::string places;
  for (const fs::path& file : candidates(name)) {
    std::error_code ignored;
    if (fs::exists(file, ignored)) return open_module(file, name);
    places += join_text(places.empty() ? "" : ", ", file.string());
  }
  return fail(ErrorCode::kUnimplemented, join_text(name.file, " is not installed; ", name.remedy,
                                                   " (looked for ", places, ")"));
}

std::vector<std::string> data_folders(const std::string& name) {
  const fs::path own = own_file();
  std::vector<std::string> folders;
  if (!own.empty()) {
    folders.push_back(own.parent_path() / name);
    folders.push_back(own.parent_path().parent_path() / "share" / "simile" / name);
  }
  folders.push_back(fs::path(SIMILE_DATA_DIR) / name);
  if (is_of_build_tree(own)) folders.push_back(fs::path(SIMILE_SOURCE_DIR) / name);
  return folders;
}

}  // namespace simile
