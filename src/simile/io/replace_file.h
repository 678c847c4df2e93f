#pragma once
/// Files that a user names, outside any database: any path the operating system takes.

#include <functional>
#include <memory>
#include <string>

#include "simile/error.h"
#include "simile/io/storage.h"

namespace simile::io {

/// Lets `write` fill a new file, which it must sync and close, and then puts it in the place of
/// `path`, durably: after a crash the old file is there or the new one, whole. On an error of
/// `write`, which is passed on, or any other, the old file is untouched. The folder must exist.
Status replace_file(const std::string& path,
                    const std::function<Status(std::unique_ptr<WritableFile> file)>& write);

/// kNotFound where there is none, kFailedPrecondition where it is a folder or a pipe.
Result<std::shared_ptr<ReadableFile>> open_file(const std::string& path);

}  // namespace simile::io
