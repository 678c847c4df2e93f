#include "simile/server/network/spoken.h"

#include <cstdint>
#include <optional>

namespace simile::server {

namespace {

/// Takes fields from the front of a message; nothing where it is too short.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}

  std::optional<std::size_t> number(std::size_t width) {
    const auto bytes = take(width);
    if (!bytes) return std::nullopt;
    std::size_t value = 0;
    for (const char byte : *bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }

  std::optional<std::string_view> take(std::size_t size) {
    if (bytes_.size() < size) return std::nullopt;
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  /// A field with its length in front of it.
  std::optional<std::string_view> block(std::size_t width) {
    const auto size = number(width);
    return size ? take(*size) : std::nullopt;
  }

  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

/// The extensions of a ClientHello that is whole in its record.
std::optional<std::string_view> extensions_of(std::string_view record) {
  constexpr std::size_t kClientHello = 1;
  constexpr std::size_t kVersionAndRandom = 2 + 32;
  Fields fields(record);
  if (fields.number(1) != kClientHello || !fields.number(3)) return std::nullopt;
  const bool whole = fields.take(kVersionAndRandom) && fields.block(1) &&  // session
                     fields.block(2) && fields.block(1);                   // ciphers, compression
  return whole ? fields.block(2) : std::nullopt;
}

/// The list of names of ALPN; nothing where the client sends none.
std::optional<std::string_view> offered(std::string_view extensions) {
  constexpr std::size_t kAlpn = 16;
  Fields fields(extensions);
  while (!fields.empty()) {
    const auto type = fields.number(2);
    const auto body = fields.block(2);
    if (!body) return std::nullopt;
    if (type == kAlpn) return Fields(*body).block(2);
  }
  return std::nullopt;
}

}  // namespace

Spoken spoken_plain(std::string_view begin) {
  constexpr std::string_view kPreface = "PRI * ";
  if (begin.starts_with(kPreface)) return Spoken::kGrpc;
  if (kPreface.starts_with(begin)) return Spoken::kUnknown;
  return begin.front() >= 'A' && begin.front() <= 'Z' ? Spoken::kHttp : Spoken::kGrpc;
}

Spoken spoken_tls(std::string_view begin) {
  constexpr char kHandshake = 22;
  if (begin.empty()) return Spoken::kUnknown;
  if (begin.front() != kHandshake) return Spoken::kGrpc;
  Fields fields(begin);
  fields.take(3);  // type and version
  const auto record = fields.block(2);
  if (!record) return begin.size() < kSpokenBytesMax ? Spoken::kUnknown : Spoken::kGrpc;
  const auto extensions = extensions_of(*record);
  if (!extensions) return Spoken::kGrpc;
  const auto names = offered(*extensions);
  if (!names) return Spoken::kHttp;
  for (Fields each(*names); !each.empty();) {
    const auto name = each.block(1);
    if (!name) return Spoken::kGrpc;
    if (*name == "http/1.1") return Spoken::kHttp;
  }
  return Spoken::kGrpc;
}

}  // namespace simile::server
