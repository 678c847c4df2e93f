#pragma once
/// Parts that need large libraries are shared libraries of their own, loaded when they are first
/// wanted: linking libvips alone would cost every start of a program 20 ms and 104 libraries, and
/// the engine must run where neither libvips nor OpenVINO is installed.

#include <string>
#include <vector>

#include "simile/error.h"

namespace simile {

/// One kind of module.
struct ModuleName {
  const char* file;         ///< "libsimile_openvino.so"
  const char* environment;  ///< a variable that holds the path of a file to take instead
  const char* remedy;       ///< what the user can do where there is none
};

/// What every module exports as `simile_module`.
struct ModuleEntry {
  const char* version;  ///< of the Simile it was built from; another one is refused
  const void* object;   ///< of the class that the kind of module implements; lives for ever
};
using ModuleFunction = ModuleEntry();

/// The object of a module, loaded once and kept until the process ends. The file is looked for
///   1. where the environment variable says, and then nowhere else;
///   2. beside the program or library that this code is linked into;
///   3. in ../lib/simile from there, and in lib/simile of the configured prefix;
///   4. in the build tree, for a program of the build tree.
/// kUnimplemented, with the remedy and the places looked at, where there is none or it cannot be
/// loaded; kFailedPrecondition where it is of another version.
Result<const void*> load_module(const ModuleName& name);

/// Folders where the data of this installation may lie, existing or not: for models/, beside the
/// program or library, in the prefix, and in the source tree for a program of the build tree.
std::vector<std::string> data_folders(const std::string& name);

}  // namespace simile
