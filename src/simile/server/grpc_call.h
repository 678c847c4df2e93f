#pragma once
/// One call of a client over gRPC, and what all calls share.
///
/// 1. request() waits for a call of any name; arrived() looks its method up, and who makes it;
///    admitted() reads the message of those who may.
/// 2. received() hands it to the pool of its method; a worker runs it, alone or together with
/// others
///    of its method, and starts the answer.
/// 3. The call deletes itself when gRPC has told that the answer is sent and that the call is over,
///    in whatever order. The latter comes early where the client has gone: then work is cancelled.
///
/// Steps are driven by the events of a completion queue, each of which one thread takes. Against
/// the callback interface that is 12 us of processor a call instead of 28 (an empty one,
/// gRPC 1.51): nothing is handed from thread to thread but what a worker runs.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "simile/server/access/gate.h"
#include "simile/server/cancel_group.h"
#include "simile/server/method_table.h"
#include "simile/server/metrics.h"
#include "simile/server/service.h"
#include "simile/server/tracing/call_span.h"
#include "simile/server/worker_pool.h"

namespace simile::server {

class GrpcCall;

struct GrpcShared {
  Service& service;
  const MethodTable& methods;
  Metrics& metrics;
  std::uint64_t message_bytes_max = 0;
  WorkerPool<GrpcCall*> reads;
  WorkerPool<GrpcCall*> writes;
  WorkerPool<GrpcCall*> admin;
  Gate& gate;
  WorkerPool<GrpcCall*> logins;  ///< verifying a password takes 20 ms
};

class GrpcCall {
 public:
  /// Waits for the next call that `queue` is given; deletes itself.
  static void request(GrpcShared& shared, grpc::AsyncGenericService& generic,
                      grpc::ServerCompletionQueue& queue);
  /// What the completion queue said of `tag`. A call that is over in a moment is put behind `quick`
  /// instead of being handed to a pool; the caller runs it.
  static void on_event(void* tag, bool ok, std::vector<GrpcCall*>& quick);
  /// Runs calls that one pool holds; several only where may_join() said so.
  static void run(std::span<GrpcCall*> calls);
  /// Runs quick calls, some of them on other threads where there are many.
  static void run_quick(std::vector<GrpcCall*>& calls);
  static bool may_join(GrpcCall* first, GrpcCall* next);
  /// Verifies the credentials of calls.
  static void sign_in(std::span<GrpcCall*> calls);

 private:
  enum class Step : std::uint8_t { kArrived, kReceived, kAnswered, kOver };
  struct Event {
    GrpcCall* call;
    Step step;
  };

  GrpcCall(GrpcShared& shared, grpc::AsyncGenericService& generic,
           grpc::ServerCompletionQueue& queue);
  ~GrpcCall();
  void on(Step step, bool ok, std::vector<GrpcCall*>& quick);
  void arrived();
  void received(bool ok, std::vector<GrpcCall*>& quick);
  void admitted(Admission admission);
  void refuse(const Refusal& refusal);
  std::string credential() const;
  std::string from() const;
  void let_go();
  WorkerPool<GrpcCall*>& pool();
  Exchange exchange();
  void answer(const Exchange& done);
  void refuse(const Fault& fault);
  void refuse_too_many();
  void finish(const grpc::Status& status);

  using Clock = std::chrono::steady_clock;

  GrpcShared& shared_;
  grpc::AsyncGenericService& generic_;
  grpc::ServerCompletionQueue& queue_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  Event arrived_{this, Step::kArrived};
  Event received_{this, Step::kReceived};
  Event answered_{this, Step::kAnswered};
  Event over_{this, Step::kOver};
  int events_left_ = 2;  // kAnswered and kOver
  Clock::time_point begin_;
  std::optional<Span> span_;  // where the call is traced
  const Method* method_ = nullptr;
  std::shared_ptr<const Caller> caller_;
  std::string name_;
  int code_ = 0;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  CallCancel cancel_;
};

}  // namespace simile::server
