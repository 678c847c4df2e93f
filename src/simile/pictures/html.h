#pragma once
/// Pieces of HTML out of strings that may hold anything.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace simile::pictures {

/// Text for element content and quoted attributes. Bytes that are not UTF-8 and control characters
/// become U+FFFD.
std::string escape_html(std::string_view text);

/// "file:///a%20b.jpg" of an absolute path.
std::string file_url(std::string_view path);

/// RFC 4648, with padding.
std::string base64(std::span<const std::byte> bytes);

}  // namespace simile::pictures
