#pragma once
/// Which of the two protocols of a shared port a connection speaks, from its first bytes.
///
///   Plain: gRPC begins with HTTP/2's preface "PRI * HTTP/2.0", HTTP/1.1 with another method.
///   TLS: the first message (RFC 8446, 4.1.2) lists what may be spoken inside (ALPN, RFC 7301).
///   Clients of gRPC offer h2 alone; those that offer http/1.1, or nothing, get HTTP/1.1.

#include <cstddef>
#include <string_view>

namespace simile::server {

enum class Spoken {
  kUnknown,  ///< more bytes are needed
  kGrpc,
  kHttp,
};

/// What is neither is left to gRPC, which ends it.
Spoken spoken_plain(std::string_view begin);
Spoken spoken_tls(std::string_view begin);

/// Bytes that are enough to tell: one record of TLS.
inline constexpr std::size_t kSpokenBytesMax = (16 << 10) + 5;

}  // namespace simile::server
