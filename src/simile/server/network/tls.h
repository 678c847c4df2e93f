#pragma once
/// TLS of both ports: version 1.3, and certificates that are read again when their files change.

#include <memory>
#include <string>

#include "simile/error.h"

namespace grpc {
class ServerCredentials;
}
struct ssl_ctx_st;

namespace simile::server {

struct TlsFiles {
  std::string certificate;       ///< PEM: the server's, then those between it and an authority
  std::string key;               ///< PEM, without a password
  std::string client_authority;  ///< PEM; clients must show a certificate signed by one of these

  bool enabled() const { return !certificate.empty(); }
};

/// No protocol below TLS 1.3 in this process from here on: gRPC has no setting of its own for it.
/// Before the first use of TLS.
Status require_tls13();

/// Credentials of a gRPC port; files that change are seen within a second.
Result<std::shared_ptr<grpc::ServerCredentials>> grpc_credentials(const TlsFiles& files);

/// The context of new HTTPS connections. Thread rule: any call from any thread.
class TlsContext {
 public:
  /// Fails where a file cannot be read, or key and certificate do not belong together.
  static Result<std::unique_ptr<TlsContext>> open(const TlsFiles& files);
  virtual ~TlsContext() = default;
  /// Reads files again that have changed since; where that fails, the context stays as it was and
  /// the log says so.
  virtual std::shared_ptr<ssl_ctx_st> current() = 0;
};

}  // namespace simile::server
