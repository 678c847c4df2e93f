#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "simile/error.h"

namespace simile::features {

/// SHA-256 in lower-case hexadecimal (FIPS 180-4).
std::string sha256_of(std::span<const std::byte> bytes);

/// The same of a file, read in pieces. kNotFound or kUnknown, naming the file, where it cannot be
/// read.
Result<std::string> sha256_of_file(const std::string& path);

}  // namespace simile::features
