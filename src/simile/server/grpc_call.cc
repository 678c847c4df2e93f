#include "simile/server/grpc_call.h"

#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/access/audit_log.h"

namespace simile::server {

namespace {

constexpr std::string_view kPrefix = "/milvus.proto.milvus.MilvusService/";

/// Messages that are searched together are copied into one matrix; larger ones gain nothing.
constexpr std::size_t kJoinedBytesMax = 64 << 10;

/// Quick calls that the thread of the network runs at a time; the rest goes to the workers.
constexpr std::size_t kQuickMax = 16;
/// Fewer are not worth waking a worker for, where there are cores to spare: half of them are left
/// to those who ask. On two cores that 16 clients shared, two threads answered 8% fewer
/// searches a second than one.
constexpr std::size_t kPartLeast = 2;

std::string metadata_of(const grpc::ServerContextBase& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

}  // namespace

GrpcCall::GrpcCall(GrpcShared& shared, grpc::AsyncGenericService& generic,
                   grpc::ServerCompletionQueue& queue)
    : shared_(shared), generic_(generic), queue_(queue) {
  context_.AsyncNotifyWhenDone(&over_);
}

GrpcCall::~GrpcCall() {
  if (method_ == nullptr) return;
  const std::chrono::duration<double> took = Clock::now() - begin_;
  shared_.metrics.observe(name_, took.count(), code_);
  shared_.metrics.add_in_flight(-1);
  if (!span_) return;
  end_span(*span_, code_);
  shared_.service.tracer()->record(*std::move(span_));
}

void GrpcCall::request(GrpcShared& shared, grpc::AsyncGenericService& generic,
                       grpc::ServerCompletionQueue& queue) {
  auto* call = new GrpcCall(shared, generic, queue);
  generic.RequestCall(&call->context_, &call->stream_, &queue, &queue, &call->arrived_);
}

void GrpcCall::on_event(void* tag, bool ok, std::vector<GrpcCall*>& quick) {
  const Event event = *static_cast<const Event*>(tag);
  event.call->on(event.step, ok, quick);
}

void GrpcCall::on(Step step, bool ok, std::vector<GrpcCall*>& quick) {
  switch (step) {
    case Step::kArrived:
      if (!ok) {  // the server stops; a call that never began is not told to be over
        delete this;
        return;
      }
      request(shared_, generic_, queue_);
      arrived();
      return;
    case Step::kReceived: received(ok, quick); return;
    case Step::kAnswered: let_go(); return;
    case Step::kOver:
      if (context_.IsCancelled()) cancel_.cancel();
      let_go();
      return;
  }
}

void GrpcCall::let_go() {
  if (--events_left_ == 0) delete this;
}

void GrpcCall::arrived() {
  begin_ = Clock::now();
  const std::string_view path = context_.method();
  const Method* method = nullptr;
  if (path.starts_with(kPrefix)) method = shared_.methods.find(path.substr(kPrefix.size()));
  name_ = path;
  if (method != nullptr) {
    method_ = method;
    name_ = path.substr(kPrefix.size());
    shared_.metrics.add_in_flight(1);
  }
  if (auto admission = shared_.gate.admit_at_once(credential())) {
    admitted(*std::move(admission));
  } else if (!shared_.logins.submit(this)) {
    shared_.metrics.add_rejected();
    refuse(Refusal{Refusal::Kind::kTooOften, "too many sign in at once; try again later"});
  }
}

void GrpcCall::sign_in(std::span<GrpcCall*> calls) {
  for (GrpcCall* call : calls) {
    call->admitted(call->shared_.gate.admit(call->credential(), call->from()));
  }
}

std::string GrpcCall::credential() const {
  return shared_.gate.is_open() ? std::string()
                                : credential_of_metadata(metadata_of(context_, "authorization"));
}

std::string GrpcCall::from() const {
  const std::string peer = context_.peer();  // "ipv4:127.0.0.1:41234"
  return peer.substr(0, peer.rfind(':'));
}

void GrpcCall::admitted(Admission admission) {
  if (!admission) {
    refuse(admission.error());
    return;
  }
  caller_ = *std::move(admission);
  if (method_ == nullptr) {
    finish({grpc::StatusCode::UNIMPLEMENTED, join_text("simile does not know the call ", name_)});
    return;
  }
  if (const auto refusal = shared_.gate.look(*caller_, method_->right, name_)) {
    refuse(*refusal);
    return;
  }
  if (Tracer* tracer = shared_.service.tracer()) {
    span_ = begin_span(*tracer, "grpc", name_, metadata_of(context_, "traceparent"));
  }
  stream_.Read(&request_, &received_);
}

void GrpcCall::refuse(const Refusal& refusal) {
  if (AuditLog* audit = shared_.service.audit()) {
    audit->record({.user = refusal.user,
                   .from = from(),
                   .call = name_,
                   .outcome = "refused",
                   .code = static_cast<int>(FaultCode::kNotPermitted)});
  }
  // Clients wait and repeat a call that is one of too many, but not a wrong password.
  if (caller_ != nullptr && method_ != nullptr && refusal.kind == Refusal::Kind::kTooOften) {
    refuse(Fault{FaultCode::kTooManyRequests, refusal.message});
    return;
  }
  const auto status = refusal.kind == Refusal::Kind::kForbidden
                          ? grpc::StatusCode::PERMISSION_DENIED
                          : grpc::StatusCode::UNAUTHENTICATED;
  code_ = static_cast<int>(status);
  finish({status, refusal.message});
}

void GrpcCall::received(bool ok, std::vector<GrpcCall*>& quick) {
  if (!ok) {
    code_ = static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT);
    finish({grpc::StatusCode::INVALID_ARGUMENT,
            join_text("the request did not arrive whole; a request has at most ",
                      shared_.message_bytes_max, " bytes (message_bytes_max of the server)")});
    return;
  }
  if (method_->is_quick != nullptr) {
    const Exchange call = exchange();
    if (method_->is_quick(call)) {
      quick.push_back(this);
      return;
    }
  }
  if (!pool().submit(this)) refuse_too_many();
}

void GrpcCall::refuse_too_many() {
  shared_.metrics.add_rejected();
  refuse({FaultCode::kTooManyRequests,
          "too many calls are waiting (rate limit exceeded); try again later, or raise queue_max "
          "of the server"});
}

WorkerPool<GrpcCall*>& GrpcCall::pool() {
  switch (method_->kind) {
    case MethodKind::kRead: return shared_.reads;
    case MethodKind::kWrite: return shared_.writes;
    case MethodKind::kAdmin: break;
  }
  return shared_.admin;
}

Exchange GrpcCall::exchange() {
  return {.context = {.service = shared_.service,
                      .database = metadata_of(context_, "dbname"),
                      .caller = caller_,
                      .from = shared_.service.audit() == nullptr ? std::string() : from(),
                      .cancel = &cancel_.token(),
                      .call_cancel = &cancel_,
                      .embedded = metadata_of(context_, "simile-rules") == "embedded"},
          .request = request_,
          .response = response_,
          .cancel = cancel_,
          .status = {}};
}

bool GrpcCall::may_join(GrpcCall* first, GrpcCall* next) {
  // Those of several users may see different rows.
  return first->method_ == next->method_ && first->caller_ == next->caller_ &&
         first->method_->run_many != nullptr && first->request_.Length() <= kJoinedBytesMax &&
         next->request_.Length() <= kJoinedBytesMax;
}

void GrpcCall::run_quick(std::vector<GrpcCall*>& calls) {
  if (calls.empty()) return;
  WorkerPool<GrpcCall*>& pool = calls[0]->shared_.reads;
  const std::size_t threads = std::max<std::size_t>(pool.threads() / 2, 1);
  const std::size_t parts = std::clamp<std::size_t>(calls.size() / kPartLeast, 1, threads);
  const std::size_t own = std::min((calls.size() + parts - 1) / parts, kQuickMax);
  const std::span<GrpcCall*> rest = std::span(calls).subspan(own);
  const std::size_t taken = pool.submit_many(rest);
  for (GrpcCall* call : rest.subspan(taken)) call->refuse_too_many();
  run(std::span(calls).first(own));
  calls.clear();
}

void GrpcCall::run(std::span<GrpcCall*> calls) {
  std::vector<Exchange> exchanges;
  exchanges.reserve(calls.size());
  std::vector<GrpcCall*> wanted;
  for (GrpcCall* call : calls) {
    // A call whose client has given up while it waited is not worth its work.
    if (call->cancel_.token().cancelled()) {
      call->code_ = static_cast<int>(grpc::StatusCode::CANCELLED);
      call->finish(grpc::Status::CANCELLED);
      continue;
    }
    exchanges.push_back(call->exchange());
    wanted.push_back(call);
  }
  if (wanted.empty()) return;
  const Method& method = *wanted.front()->method_;
  // What waits for the disk, a flush for example, ends when it is done or nobody waits for it.
  const bool is_timed = method.kind != MethodKind::kAdmin;
  std::vector<WorkClock::Guard> timed;
  timed.reserve(wanted.size());
  WorkClock& clock = wanted.front()->shared_.service.work_clock();
  for (GrpcCall* call : wanted) timed.push_back(clock.begin(is_timed ? &call->cancel_ : nullptr));
  const auto engine_begin = Clock::now();
  if (method.run_many != nullptr) {
    method.run_many(method, exchanges);
  } else {
    for (Exchange& each : exchanges)
      each.status = method.run(each.context, each.request, each.response);
  }
  const std::chrono::duration<double> engine = Clock::now() - engine_begin;
  timed.clear();  // before calls are answered, and gone
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    GrpcCall& call = *wanted[i];
    if (call.span_) {
      const std::chrono::duration<double> queue = engine_begin - call.begin_;
      note_call(*call.span_, exchanges[i].context, {queue.count(), engine.count()});
    }
    call.answer(exchanges[i]);
  }
}

void GrpcCall::answer(const Exchange& done) {
  request_.Clear();
  code_ = done.status.ok() ? done.context.code : static_cast<int>(done.status.error_code());
  if (!done.status.ok()) {
    finish(done.status);
    return;
  }
  // The call may be gone when this returns.
  stream_.WriteAndFinish(response_, {}, grpc::Status::OK, &answered_);
}

void GrpcCall::refuse(const Fault& fault) {
  request_.Clear();
  code_ = static_cast<int>(fault.code);
  method_->refuse(fault, response_);
  stream_.WriteAndFinish(response_, {}, grpc::Status::OK, &answered_);
}

void GrpcCall::finish(const grpc::Status& status) { stream_.Finish(status, &answered_); }

}  // namespace simile::server
