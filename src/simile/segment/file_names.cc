#include "simile/segment/file_names.h"

#include <charconv>

namespace simile::segment {

namespace {

constexpr std::size_t kDigits = 12;  // so that names sort as numbers do

std::string numbered(std::string_view before, std::uint64_t number, std::string_view after) {
  const std::string digits = std::to_string(number);
  std::string name(before);
  if (digits.size() < kDigits) name.append(kDigits - digits.size(), '0');
  name += digits;
  name += after;
  return name;
}

}  // namespace

std::string manifest_name(std::uint64_t number) { return numbered(kManifestPrefix, number, ""); }
std::string log_name(std::uint64_t number) { return numbered(kLogFolder, number, ".log"); }
std::string rows_name(std::uint64_t number) { return numbered(kSegmentFolder, number, ".rows"); }
std::string keys_name(std::uint64_t number) { return numbered(kSegmentFolder, number, ".keys"); }
std::string index_name(std::uint64_t number) { return numbered(kSegmentFolder, number, ".index"); }
std::string deletes_name(std::uint64_t number) {
  return numbered(kSegmentFolder, number, ".deletes");
}

std::optional<std::uint64_t> number_in(std::string_view path) {
  const std::size_t digits = path.find_first_of("0123456789");
  if (digits == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto end = std::from_chars(path.data() + digits, path.data() + path.size(), number);
  if (end.ec != std::errc{}) return std::nullopt;
  for (const auto& name : {manifest_name(number), log_name(number), rows_name(number),
                           keys_name(number), index_name(number), deletes_name(number)}) {
    if (name == path) return number;
  }
  return std::nullopt;
}

}  // namespace simile::segment
