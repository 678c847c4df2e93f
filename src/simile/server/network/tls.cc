#include "simile/server/network/tls.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <array>
#include <mutex>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/server/log.h"

namespace simile::server {

namespace {

using Context = std::shared_ptr<SSL_CTX>;

/// What tells whether a file is another one than before.
struct FileStamp {
  ino_t inode = 0;
  off_t size = 0;
  timespec changed{};

  bool operator==(const FileStamp& other) const {
    return inode == other.inode && size == other.size && changed.tv_sec == other.changed.tv_sec &&
           changed.tv_nsec == other.changed.tv_nsec;
  }
};
using Stamps = std::array<FileStamp, 3>;

FileStamp stamp_of(const std::string& path) {
  struct stat info {};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return {};
  return {.inode = info.st_ino, .size = info.st_size, .changed = info.st_ctim};
}

Stamps stamps_of(const TlsFiles& files) {
  return {stamp_of(files.certificate), stamp_of(files.key), stamp_of(files.client_authority)};
}

/// The reason of the last failed call of OpenSSL on this thread.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

std::unexpected<Error> refuse_file(std::string_view what, const std::string& path) {
  return fail(ErrorCode::kInvalidArgument,
              join_text(path, ": cannot be used as the ", what, " of TLS: ", openssl_reason()));
}

Result<Context> load(const TlsFiles& files) {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SIMILE_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // A session is resumed without its certificate being looked at again, which may be another one.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    return refuse_file("certificate", files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return refuse_file("key", files.key);
  }
  if (files.client_authority.empty()) return context;
  if (SSL_CTX_load_verify_file(context.get(), files.client_authority.c_str()) != 1) {
    return refuse_file("authority of clients", files.client_authority);
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

class ReloadingContext final : public TlsContext {
 public:
  ReloadingContext(TlsFiles files, Stamps stamps, Context context)
      : files_(std::move(files)), stamps_(stamps), context_(std::move(context)) {}

  Context current() override {
    const std::scoped_lock lock(mutex_);
    const Stamps stamps = stamps_of(files_);
    if (stamps == stamps_) return context_;
    stamps_ = stamps;  // half-written files change once more
    auto loaded = load(files_);
    if (loaded) {
      context_ = *std::move(loaded);
      log_event(LogLevel::kInfo, "certificate_reloaded", {{"file", files_.certificate}});
    } else {
      log_event(LogLevel::kWarning, "certificate_kept", {{"reason", loaded.error().message}});
    }
    return context_;
  }

 private:
  const TlsFiles files_;
  std::mutex mutex_;
  Stamps stamps_;
  Context context_;
};

}  // namespace

Status require_tls13() {
  // gRPC 1.51 asks for TLS 1.2 and newer, and has no call that says otherwise; what the
  // configuration of OpenSSL forbids stays forbidden whatever a caller asks for.
  static constexpr std::string_view kText =
      "openssl_conf = all\n[all]\nssl_conf = tls\n[tls]\nsystem_default = new\n"
      "[new]\nMinProtocol = TLSv1.3\nProtocol = -TLSv1, -TLSv1.1, -TLSv1.2\n";
  const std::shared_ptr<BIO> text(BIO_new_mem_buf(kText.data(), static_cast<int>(kText.size())),
                                  BIO_free);
  const std::shared_ptr<CONF> conf(NCONF_new(nullptr), NCONF_free);
  long line = 0;
  OPENSSL_init_ssl(0, nullptr);  // reads the system's own configuration, which ours must follow
  if (NCONF_load_bio(conf.get(), text.get(), &line) != 1 ||
      CONF_modules_load(conf.get(), nullptr, 0) != 1) {
    return fail(ErrorCode::kInternal, join_text("TLS 1.3 cannot be required: ", openssl_reason()));
  }
  return {};
}

Result<std::shared_ptr<grpc::ServerCredentials>> grpc_credentials(const TlsFiles& files) {
  if (!files.enabled()) return grpc::InsecureServerCredentials();
  SIMILE_TRY(load(files));  // gRPC would start with files that it cannot use, and say nothing
  namespace tls = grpc::experimental;
  constexpr unsigned int kRefreshSeconds = 1;
  const auto provider = std::make_shared<tls::FileWatcherCertificateProvider>(
      files.key, files.certificate, files.client_authority, kRefreshSeconds);
  tls::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (!files.client_authority.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return tls::TlsServerCredentials(options);
}

Result<std::unique_ptr<TlsContext>> TlsContext::open(const TlsFiles& files) {
  const Stamps stamps = stamps_of(files);
  SIMILE_ASSIGN(Context context, load(files));
  return std::make_unique<ReloadingContext>(files, stamps, std::move(context));
}

}  // namespace simile::server
