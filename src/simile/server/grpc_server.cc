#include "simile/server/grpc_server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <chrono>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::server {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kPrefix = "/milvus.proto.milvus.MilvusService/";

struct Shared {
  Service& service;
  const MethodTable& methods;
  Metrics& metrics;
  WorkerPool reads;
  WorkerPool writes;
  WorkerPool admin;
};

std::string metadata_of(const grpc::CallbackServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

/// One call. Lives until gRPC says that it is done, which is after the answer was handed over.
class CallReactor final : public grpc::ServerGenericBidiReactor {
 public:
  CallReactor(Shared& shared, grpc::GenericCallbackServerContext& context)
      : shared_(shared), context_(context) {
    shared_.metrics.add_in_flight(1);
    const std::string_view path = context.method();
    if (path.starts_with(kPrefix)) method_ = shared_.methods.find(path.substr(kPrefix.size()));
    if (method_ == nullptr) {
      Finish({grpc::StatusCode::UNIMPLEMENTED, join_text("simile does not know the call ", path)});
      return;
    }
    name_ = path.substr(kPrefix.size());
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {  // the client is gone, or sent half a message or too large a one
      Finish({grpc::StatusCode::INVALID_ARGUMENT, "the request did not arrive"});
      return;
    }
    if (!pool().submit([this] { run(); })) {
      shared_.metrics.add_rejected();
      answer_refusal();
    }
  }

  void OnCancel() override { cancel_.cancel(); }

  void OnDone() override {
    const std::chrono::duration<double> took = Clock::now() - begin_;
    if (!name_.empty()) shared_.metrics.observe(name_, took.count(), code_);
    shared_.metrics.add_in_flight(-1);
    delete this;
  }

 private:
  WorkerPool& pool() {
    switch (method_->kind) {
      case MethodKind::kRead: return shared_.reads;
      case MethodKind::kWrite: return shared_.writes;
      case MethodKind::kAdmin: break;
    }
    return shared_.admin;
  }

  void run() {
    // A call whose client has given up while it waited is not worth its work.
    if (cancel_.cancelled()) {
      Finish(grpc::Status::CANCELLED);
      return;
    }
    CallContext call{.service = shared_.service,
                     .database = metadata_of(context_, "dbname"),
                     .user = {},
                     .cancel = &cancel_,
                     .embedded = metadata_of(context_, "simile-rules") == "embedded"};
    const grpc::Status status = method_->run(call, request_, response_);
    request_.Clear();
    code_ = call.code;
    if (!status.ok()) {
      code_ = static_cast<int>(status.error_code());
      Finish(status);
      return;
    }
    StartWriteAndFinish(&response_, {}, grpc::Status::OK);
  }

  void answer_refusal() {
    code_ = static_cast<int>(FaultCode::kTooManyRequests);
    method_->refuse({FaultCode::kTooManyRequests,
                     "too many calls are waiting (rate limit exceeded); try again later, or raise "
                     "queue_max of the server"},
                    response_);
    StartWriteAndFinish(&response_, {}, grpc::Status::OK);
  }

  Shared& shared_;
  grpc::GenericCallbackServerContext& context_;
  const Clock::time_point begin_ = Clock::now();
  const Method* method_ = nullptr;
  std::string name_;
  int code_ = 0;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  CancelToken cancel_;
};

class GenericService final : public grpc::CallbackGenericService {
 public:
  explicit GenericService(Shared& shared) : shared_(shared) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new CallReactor(shared_, *context);  // deletes itself in OnDone
  }

 private:
  Shared& shared_;
};

class RunningServer final : public GrpcServer {
 public:
  RunningServer(const GrpcOptions& options, Service& service, const MethodTable& methods,
                Metrics& metrics)
      : shared_{.service = service,
                .methods = methods,
                .metrics = metrics,
                .reads{options.read_threads, options.queue_max},
                .writes{options.write_threads, options.queue_max},
                .admin{4, options.queue_max}},
        generic_(shared_) {}

  ~RunningServer() override { stop(0); }

  Status listen(const GrpcOptions& options) {
    grpc::ServerBuilder builder;
    const bool v6 = options.host.find(':') != std::string::npos;
    const std::string address =
        join_text(v6 ? "[" : "", options.host, v6 ? "]:" : ":", options.port);
    SIMILE_ASSIGN(const auto credentials, grpc_credentials(options.tls));
    builder.AddListeningPort(address, credentials, &port_);
    builder.RegisterCallbackGenericService(&generic_);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
    builder.SetMaxSendMessageSize(-1);
    // A second server on the port must fail, not take half of the connections.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // Clients of Milvus ping every 10 s without calls; the default answers that with GOAWAY.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      return fail(ErrorCode::kUnavailable,
                  join_text(address,
                            " cannot be listened on; is another server running there? "
                            "Choose another port with --port"));
    }
    return {};
  }

  int port() const override { return port_; }

  void stop(double grace_seconds) override {
    if (server_ == nullptr) return;
    const auto grace = std::chrono::duration<double>(grace_seconds);
    server_->Shutdown(std::chrono::system_clock::now() +
                      std::chrono::duration_cast<std::chrono::milliseconds>(grace));
    server_.reset();
    shared_.reads.drain();
    shared_.writes.drain();
    shared_.admin.drain();
  }

 private:
  Shared shared_;
  GenericService generic_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(const GrpcOptions& options, Service& service,
                                                      const MethodTable& methods,
                                                      Metrics& metrics) {
  auto server = std::make_unique<RunningServer>(options, service, methods, metrics);
  SIMILE_TRY(server->listen(options));
  return server;
}

}  // namespace simile::server
