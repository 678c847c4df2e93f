/// Any bytes as a manifest, as they are and with the checksum put right: what decodes must encode
/// to the same state again.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/checksum.h"
#include "simile/segment/manifest.h"

namespace {

using namespace simile;
using namespace simile::segment;

void decode(std::span<const std::byte> bytes) {
  const auto manifest = decode_manifest(bytes, "m");
  if (!manifest) return;
  const auto again = decode_manifest(encode_manifest(*manifest), "m");
  SIMILE_CHECK(again && *again == *manifest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  decode(input);
  std::vector<std::byte> bytes(input.begin(), input.end());
  if (bytes.size() >= 20) {
    std::memcpy(bytes.data(), "SIMILEMF\1\0\0\0", 12);
    const std::uint64_t checksum = checksum64(std::span(bytes).first(bytes.size() - 8));
    std::memcpy(bytes.data() + bytes.size() - 8, &checksum, sizeof checksum);
    decode(bytes);
  }
  return 0;
}
