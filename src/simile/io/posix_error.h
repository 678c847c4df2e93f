#pragma once
/// What the operating system's error numbers mean to a user.

#include <string_view>

#include "simile/error.h"

namespace simile::io {

/// "cannot <doing> '<path>': <why>; <what to do>", with the code that fits `number` (an errno).
Error posix_error(int number, std::string_view doing, std::string_view path);

}  // namespace simile::io
