#include "simile/server/serve.h"

#include <google/protobuf/stubs/common.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/features/isolated_codec.h"
#include "simile/server/access/access_changes.h"
#include "simile/server/access/audit_log.h"
#include "simile/server/access/gate.h"
#include "simile/server/calls/calls.h"
#include "simile/server/config.h"
#include "simile/server/grpc_server.h"
#include "simile/server/http_server.h"
#include "simile/server/log.h"
#include "simile/server/network/http_origin.h"
#include "simile/server/network/shared_port.h"
#include "simile/server/ui/browser.h"

namespace simile::server {

namespace {

using Clock = std::chrono::steady_clock;

/// glibc gives threads eight arenas a core, and memory that one of them has freed is not another's.
void limit_arenas() {
  constexpr int kArenasLeast = 2;
  ::mallopt(M_ARENA_MAX,
            std::max(kArenasLeast, static_cast<int>(std::thread::hardware_concurrency())));
}

Result<std::string> read_text(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return fail(ErrorCode::kNotFound, join_text(path, ": cannot be read"));
  return text;
}

Error as_error(const Fault& fault) { return {ErrorCode::kUnknown, fault.message}; }

Result<Config> read_config(const ServeArguments& arguments) {
  SIMILE_ASSIGN(const std::string text, read_text(arguments.config_file));
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here writes the environment
  const Environment environment = [](const std::string& name) { return std::getenv(name.c_str()); };
  return make_config(text, environment, arguments.options);
}

Result<std::unique_ptr<GrpcServer>> start_grpc(const Config& config, Service& service,
                                               const MethodTable& methods, Gate& gate) {
  GrpcOptions options;
  options.message_bytes_max = config.message_bytes_max;
  options.read_threads = config.threads;
  options.write_threads = config.write_threads;
  options.queue_max = config.queue_max;
  options.tls = config.tls;
  options.streams_max = config.streams_max;
  options.receive_seconds = config.receive_seconds;
  return GrpcServer::start(options, service, methods, gate, service.metrics());
}

/// The port of gRPC, which speaks HTTP too; null where only the page is wanted.
Result<std::unique_ptr<SharedPort>> listen_for_clients(const Config& config, bool page_only) {
  if (page_only) return nullptr;
  SharedPortOptions options;
  options.host = config.host;
  options.port = config.port;
  options.tls = config.tls.enabled();
  options.receive_seconds = config.receive_seconds;
  return SharedPort::listen(options);
}

Result<std::unique_ptr<HttpServer>> start_http(const Config& config, const std::string& path,
                                               Service& service, const MethodTable& methods,
                                               Gate& gate, PageState& page) {
  HttpOptions options;
  options.host = config.host;
  options.port = config.http_port;
  options.body_bytes_max = config.message_bytes_max;
  options.threads = config.threads + config.write_threads;
  options.connections_max = config.connections_max;
  options.receive_seconds = config.receive_seconds;
  options.tls = config.tls;
  options.backups = {.database = path, .folder = config.texts.at("backup_dir")};
  options.local_only = is_loopback(config.host) && gate.is_open() && !config.insecure;
  return HttpServer::start(options, service, methods, gate, page);
}

/// What other machines can reach needs TLS, so that credentials are not read on the way, and users.
Status check_exposure(const Config& config, bool authorized) {
  if (is_loopback(config.host) || (config.tls.enabled() && authorized)) return {};
  if (config.insecure) {
    log_event(LogLevel::kWarning, "insecure",
              {{"host", config.host},
               {"tls", config.tls.enabled()},
               {"users", authorized},
               {"meaning", authorized ? "passwords can be read on the way"
                                      : "whoever reaches the ports may do everything"}});
    return {};
  }
  return fail(ErrorCode::kFailedPrecondition,
              join_text("refusing to listen on ", config.host, ", which other machines can reach, ",
                        config.tls.enabled() ? "" : "without TLS (--tls-certificate, --tls-key)",
                        config.tls.enabled() || authorized ? "" : " and ",
                        authorized ? "" : "without users (simile user add root --role admin)",
                        "; say --insecure if this is wanted"));
}

/// The first administrator, where SIMILE_ROOT_PASSWORD names a password and there is none.
Status make_root(AccessStore& users) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here writes the environment
  const char* password = std::getenv("SIMILE_ROOT_PASSWORD");
  if (password == nullptr || *password == '\0' || users.current()->has_admin()) return {};
  if (const std::string wrong = refuse_password(password); !wrong.empty()) {
    return fail(ErrorCode::kInvalidArgument, "SIMILE_ROOT_PASSWORD: " + wrong);
  }
  SIMILE_ASSIGN(const std::string hash, hash_password(password));
  return users.change([&](AccessData& data) -> Status {
    const std::string root(kRootUser);
    data.users[root].password_hash = hash;
    return give_role(data, root, std::string(kAdminRole));
  });
}

/// Users, audit log and gate of a server.
struct Access {
  std::unique_ptr<AccessStore> users;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<Gate> gate;
};

Result<Access> open_access(const Config& config, const std::string& database) {
  Access access;
  SIMILE_ASSIGN(access.users, AccessStore::open(database));
  SIMILE_TRY(make_root(*access.users));
  const bool has_admin = access.users->current()->has_admin();
  if (config.authorization == "on" && !has_admin) {
    return fail(ErrorCode::kFailedPrecondition,
                join_text("authorization is on, and nobody could come in: give the database an "
                          "administrator first, simile user add root --role admin --db ",
                          database, ", or set SIMILE_ROOT_PASSWORD"));
  }
  const bool authorized =
      config.authorization == "on" || (config.authorization == "auto" && has_admin);
  SIMILE_TRY(check_exposure(config, authorized));
  AuditLevel level = authorized ? AuditLevel::kChanges : AuditLevel::kOff;
  if (config.audit == "off") level = AuditLevel::kOff;
  if (config.audit == "changes") level = AuditLevel::kChanges;
  if (config.audit == "all") level = AuditLevel::kAll;
  if (level != AuditLevel::kOff) {
    SIMILE_ASSIGN(access.audit, AuditLog::open(database, level));
  }
  access.gate =
      std::make_unique<Gate>(authorized ? access.users.get() : nullptr, config.calls_per_second);
  return access;
}

void print_routes(const MethodTable& methods, const HttpServer& http) {
  for (const auto& [name, method] : methods.methods()) {
    std::printf("gRPC %s %s\n", name.c_str(), describe(method.right).c_str());
  }
  std::fputs(http.describe_routes().c_str(), stdout);
}

/// A signal handler can set a token, but not wake a thread.
void wait_for(const CancelToken& cancel) {
  constexpr std::chrono::milliseconds kPoll{20};
  while (!cancel.cancelled()) std::this_thread::sleep_for(kPoll);
}

PageOptions page_options(const ServeArguments& arguments, const Config& config, int grpc_port) {
  PageOptions options;
  options.database_path = arguments.path;
  if (grpc_port > 0) options.grpc_address = join_text(config.host, ":", grpc_port);
  options.picture_folders = config.picture_folders;
  return options;
}

/// Pictures that clients send are decoded by workers, which are this program again.
void isolate_decoding(const Config& config) {
  features::IsolationOptions options;
  options.command = {"/proc/self/exe", "decode-worker"};
  options.workers_max = config.threads;
  features::isolate_pictures(std::move(options));
}

void announce_page(const std::string& path, const std::string& address) {
  std::printf("%s is open at %s  (Ctrl-C ends it)\n", path.c_str(), address.c_str());
  std::fflush(stdout);
}

/// Null where nobody asks for traces.
Result<std::unique_ptr<Tracer>> start_tracer(const Config& config) {
  const TracingOptions options =
      // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here writes the environment
      tracing_options(config.otlp_endpoint, config.trace_ratio,
                      [](const char* name) -> const char* { return std::getenv(name); });
  if (options.endpoint.empty()) return nullptr;
  return Tracer::start(options);
}

void announce(const std::string& path, const Config& config, int port, int http_port) {
  // For people, and for scripts that let the system choose the ports.
  std::printf("simile serves %s: gRPC %s:%d, HTTP %s:%d\n", path.c_str(), config.host.c_str(), port,
              config.host.c_str(), http_port);
  std::fflush(stdout);
}

}  // namespace

Result<int> serve(const ServeArguments& arguments, const CancelToken& cancel) {
  limit_arenas();
  SIMILE_ASSIGN(const Config config, read_config(arguments));
  if (arguments.print_config) {
    std::fputs(print_config(config).c_str(), stdout);
    return 0;
  }
  set_log_level(config.log_level);
#if GOOGLE_PROTOBUF_VERSION < 4000000
  // It writes a line of its own for each text of a client that is not UTF-8.
  google::protobuf::SetLogHandler(nullptr);
#endif
  if (config.tls.enabled()) SIMILE_TRY(require_tls13());
  isolate_decoding(config);
  const auto begin = Clock::now();
  OpenOptions open_options;
  open_options.growing_bytes_max = config.growing_bytes_max;
  open_options.key = {"", config.texts.at("key_file"), config.texts.at("key_command")};
  if (!open_options.key.given()) open_options.key = key_from_environment();
  auto catalog = Catalog::open(arguments.path, open_options);
  if (!catalog) return std::unexpected(as_error(catalog.error()));
  SIMILE_ASSIGN(const Access access, open_access(config, arguments.path));
  Metrics metrics;
  SIMILE_ASSIGN(const auto tracer, start_tracer(config));
  Service service(**catalog, metrics, tracer.get(), config.call_limits);
  service.keep_users(access.users.get());
  service.keep_audit(access.audit.get());
  const MethodTable methods = make_method_table();
  std::unique_ptr<GrpcServer> grpc;
  SIMILE_ASSIGN(const auto clients, listen_for_clients(config, arguments.page_only));
  if (clients) {
    SIMILE_ASSIGN(grpc, start_grpc(config, service, methods, *access.gate));
  }
  const int grpc_port = clients ? clients->port() : 0;
  PageState page(page_options(arguments, config, grpc_port), **catalog);
  SIMILE_ASSIGN(const auto http,
                start_http(config, arguments.path, service, methods, *access.gate, page));
  const std::chrono::duration<double> took = Clock::now() - begin;
  log_event(LogLevel::kInfo, "listening",
            {{"database", arguments.path},
             {"grpc_port", grpc_port},
             {"http_port", http->port()},
             {"open_seconds", took.count()}});
  if (arguments.print_routes) {
    print_routes(methods, *http);
    return 0;
  }
  if (clients) {
    clients->start([&grpc](int socket) { grpc->take(socket); },
                   [&http](int socket) { http->take(socket); });
  }
  if (arguments.page_only) {
    const std::string address = join_text("http://", config.host, ":", http->port(), "/");
    announce_page(arguments.path, address);
    if (arguments.open_browser) show_in_browser(address);
  } else {
    announce(arguments.path, config, grpc_port, http->port());
  }
  wait_for(cancel);
  log_event(LogLevel::kInfo, "stopping", {{"calls_in_flight", metrics.in_flight()}});
  if (clients) clients->stop();
  http->stop();
  if (grpc) grpc->stop(config.grace_seconds);
  page.jobs().stop();
  SIMILE_TRY((*catalog)->close());
  log_event(LogLevel::kInfo, "stopped", nlohmann::ordered_json::object());
  return 0;
}

}  // namespace simile::server
