#include "simile/server/grpc_server.h"

#include <absl/synchronization/mutex.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "simile/base/check.h"
#include "simile/server/grpc_call.h"

namespace simile::server {

namespace {

/// Calls that a queue is ready to take at once; more wait in gRPC for a moment.
constexpr int kRequestedCalls = 64;
/// Events that are looked at before the calls among them that are quick are run.
constexpr int kEventsMax = 64;
/// A look at the network that finds a connection with news, but no call that has arrived whole,
/// comes back without an event: only after some of these is there nothing more.
constexpr int kEmptyMax = 3;

/// Calls that may wait for their password to be verified.
constexpr std::size_t kLoginsMax = 256;

class RunningServer final : public GrpcServer {
 public:
  RunningServer(const GrpcOptions& options, Service& service, const MethodTable& methods,
                Gate& gate, Metrics& metrics)
      : shared_{.service = service,
                .methods = methods,
                .metrics = metrics,
                .message_bytes_max = options.message_bytes_max,
                .reads{options.read_threads, options.queue_max, GrpcCall::run, GrpcCall::may_join},
                .writes{options.write_threads, options.queue_max, GrpcCall::run},
                .admin{4, options.queue_max, GrpcCall::run},
                .gate = gate,
                .logins{2, kLoginsMax, GrpcCall::sign_in}} {}

  ~RunningServer() override { stop(0); }

  Status listen(const GrpcOptions& options) {
    // Debian builds Abseil with its search for deadlocks, which keeps a graph of gRPC's locks: 4%
    // of the processor where searches are many.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    grpc::ServerBuilder builder;
    SIMILE_ASSIGN(const auto credentials, grpc_credentials(options.tls));
    using External = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
    acceptor_ =
        builder.experimental().AddExternalConnectionAcceptor(External::FROM_FD, credentials);
    builder.RegisterAsyncGenericService(&generic_);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
    builder.SetMaxSendMessageSize(-1);
    // Clients of Milvus ping every 10 s without calls; the default answers that with GOAWAY.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.streams_max);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                               static_cast<int>(options.receive_seconds * 1'000));
    // A client that vanished without a word is found out, and its calls are cancelled.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return fail(ErrorCode::kUnavailable, "gRPC cannot be started");
    for (int i = 0; i < kRequestedCalls; ++i) GrpcCall::request(shared_, generic_, *queue_);
    poller_ = std::jthread([this] { poll(*queue_); });
    return {};
  }

  void take(int socket) override {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = socket;
    acceptor_->HandleNewConnection(&connection);
  }

  void stop(double grace_seconds) override {
    if (server_ == nullptr) return;
    const auto grace = std::chrono::duration<double>(grace_seconds);
    // Returns when the last call is over; those that run past the grace are cancelled.
    server_->Shutdown(std::chrono::system_clock::now() +
                      std::chrono::duration_cast<std::chrono::milliseconds>(grace));
    shared_.logins.drain();
    shared_.reads.drain();
    shared_.writes.drain();
    shared_.admin.drain();
    // Every answer has been started: the queue ends when it has told of all of them.
    queue_->Shutdown();
    poller_.join();
    server_.reset();
  }

 private:
  /// One thread is enough to take the events of 68,000 empty calls a second; gRPC 1.51 has one set
  /// of connections for the whole process, so that two threads are in each other's way (47,000).
  /// Takes events as long as there are any, then runs the quick calls that were among them.
  static void poll(grpc::ServerCompletionQueue& queue) {
    std::vector<GrpcCall*> quick;
    int events = 0;
    int empty = 0;
    for (;;) {
      void* tag = nullptr;
      bool ok = false;
      const auto until = gpr_inf_past(GPR_CLOCK_REALTIME);
      const auto forever = gpr_inf_future(GPR_CLOCK_REALTIME);
      const auto next = queue.AsyncNext(&tag, &ok, quick.empty() ? forever : until);
      if (next == grpc::CompletionQueue::SHUTDOWN) return;
      if (next == grpc::CompletionQueue::GOT_EVENT) GrpcCall::on_event(tag, ok, quick);
      empty = next == grpc::CompletionQueue::GOT_EVENT ? 0 : empty + 1;
      if (++events < kEventsMax && empty < kEmptyMax) continue;
      GrpcCall::run_quick(quick);
      events = 0;
      empty = 0;
    }
  }

  GrpcShared shared_;
  grpc::AsyncGenericService generic_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::jthread poller_;
};

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(const GrpcOptions& options, Service& service,
                                                      const MethodTable& methods, Gate& gate,
                                                      Metrics& metrics) {
  auto server = std::make_unique<RunningServer>(options, service, methods, gate, metrics);
  SIMILE_TRY(server->listen(options));
  return server;
}

}  // namespace simile::server
