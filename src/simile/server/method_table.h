#pragma once
/// The calls by name: parse the message, run, serialise the answer.

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <any>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include <milvus/milvus.pb.h>
#include "simile/server/access/authorize.h"
#include "simile/server/access/privileges.h"
#include "simile/server/call_context.h"
#include "simile/server/cancel_group.h"
#include "simile/server/fault.h"

namespace simile::server {

namespace wire = ::milvus::proto::milvus;
namespace wire_common = ::milvus::proto::common;
namespace wire_schema = ::milvus::proto::schema;

void set_status(wire_common::Status& status, const Fault& fault);
template <class Response>
void set_status(Response& response, const Fault& fault) {
  set_status(*response.mutable_status(), fault);
}
template <class Response>
void set_success(Response& response) {
  if constexpr (requires { response.mutable_status(); }) response.mutable_status();
}

/// Keeps for traces what the message is about.
template <class Request>
void note_request(CallContext& context, const Request& request) {
  if constexpr (requires { std::string(request.collection_name()); }) {
    context.notes.collection = request.collection_name();
  }
  if constexpr (requires { request.num_rows(); }) context.notes.rows = request.num_rows();
}
template <class Response>
void note_response(CallContext& context, const Response& response) {
  if constexpr (requires { response.results().scores_size(); }) {
    context.notes.rows = response.results().scores_size();
  } else if constexpr (requires { response.delete_cnt(); }) {
    if (response.delete_cnt() > 0) context.notes.rows = response.delete_cnt();
  }
}
/// Rows are as many as the first column has.
void note_response(CallContext& context, const wire::QueryResults& response);

/// Says of a call that was given up because its time was over that it was.
void tell_why(const CallContext& context, Fault& fault);
/// False where the message would take more memory than one call may, once it is parsed.
Answer<void> check_size(const CallContext& context, const grpc::ByteBuffer& in);

/// On which threads a call runs: those of searches are as many as there are cores; writes and
/// everything else wait for the disk, so that there are more of them.
enum class MethodKind : std::uint8_t { kRead, kWrite, kAdmin };

/// A call whose message has arrived, and its answer.
struct Exchange {
  CallContext context;
  grpc::ByteBuffer& request;
  grpc::ByteBuffer& response;
  CallCancel& cancel;
  grpc::Status status;  ///< where it is not OK there is no response
};

struct Method {
  MethodKind kind = MethodKind::kAdmin;
  Right right;  ///< of access/call_rights.cc
  std::function<grpc::Status(CallContext&, grpc::ByteBuffer& request, grpc::ByteBuffer& response)>
      run;
  /// Runs calls that wait at the same time, which may cost less than one after the other; null:
  /// there is no such way. Each has an answer of its own.
  void (*run_many)(const Method&, std::span<Exchange>) = nullptr;
  /// True where the call is over in a moment, so that handing it to another thread would cost more;
  /// null: never.
  bool (*is_quick)(const Exchange&) = nullptr;
  /// Makes the answer that says why the call was not run.
  std::function<void(const Fault&, grpc::ByteBuffer& response)> refuse;
  std::any handler;  ///< the function itself, for callers that have messages already
};

/// Reads the message straight from the slices that arrived; false where it is none.
bool parse(grpc::ByteBuffer& in, google::protobuf::MessageLite& message);
/// False where the message is larger than the protocol can carry, 2 GiB.
bool serialize(const google::protobuf::MessageLite& message, grpc::ByteBuffer& out);

class MethodTable {
 public:
  template <class Request, class Response>
  void add(std::string name, MethodKind kind,
           Answer<Response> (*handler)(CallContext&, const Request&)) {
    Method method{.kind = kind,
                  .right = right_of_call(name),
                  .run = nullptr,
                  .refuse = nullptr,
                  .handler = handler};
    method.run = [name, handler, right = method.right](CallContext& context, grpc::ByteBuffer& in,
                                                       grpc::ByteBuffer& out) {
      Request request;
      if (const Answer<void> fits = check_size(context, in); !fits) {
        context.code = static_cast<int>(fits.error().code);
        Response refusal;
        set_status(refusal, fits.error());
        serialize(refusal, out);
        return grpc::Status::OK;
      }
      if (!parse(in, request)) {
        return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the request cannot be read");
      }
      note_request(context, request);
      Answer<Response> answer = guarded(context, name, right, request, handler);
      if (!answer && answer.error().code == FaultCode::kNotPermitted) {
        return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, answer.error().message);
      }
      if (answer) {
        note_response(context, *answer);
        set_success(*answer);
        if (serialize(*answer, out)) return grpc::Status::OK;
        answer = refuse_parameter("the answer is larger than 2 GiB; ask for fewer rows or fields");
      }
      context.code = static_cast<int>(answer.error().code);
      Response refusal;
      set_status(refusal, answer.error());
      serialize(refusal, out);
      return grpc::Status::OK;
    };
    method.refuse = [](const Fault& fault, grpc::ByteBuffer& out) {
      Response refusal;
      set_status(refusal, fault);
      serialize(refusal, out);
    };
    methods_.emplace(std::move(name), std::move(method));
  }

  /// Gives a method that was added a way to run many calls at once.
  void add_many(std::string_view name, void (*run_many)(const Method&, std::span<Exchange>),
                bool (*is_quick)(const Exchange&)) {
    const auto found = methods_.find(name);
    SIMILE_CHECK(found != methods_.end());
    found->second.run_many = run_many;
    found->second.is_quick = is_quick;
  }

  /// Runs a method without serialising anything.
  template <class Response, class Request>
  Answer<Response> call(CallContext& context, std::string_view name, const Request& request) const {
    using Handler = Answer<Response> (*)(CallContext&, const Request&);
    const Method* method = find(name);
    SIMILE_CHECK(method != nullptr);
    const auto* handler = std::any_cast<Handler>(&method->handler);
    SIMILE_CHECK(handler != nullptr);
    note_request(context, request);
    Answer<Response> answer = guarded(context, name, method->right, request, *handler);
    if (answer) note_response(context, *answer);
    return answer;
  }

  /// The named method, "Search" for example, or null.
  const Method* find(std::string_view name) const {
    const auto found = methods_.find(name);
    return found == methods_.end() ? nullptr : &found->second;
  }
  const std::map<std::string, Method, std::less<>>& methods() const { return methods_; }

 private:
  /// Every call of every port comes through here: who may not make it is refused, and the audit
  /// log is told.
  template <class Request, class Response>
  static Answer<Response> guarded(CallContext& context, std::string_view name, const Right& right,
                                  const Request& request,
                                  Answer<Response> (*handler)(CallContext&, const Request&)) {
    const TargetNames names = targets_of(context, request);
    const Answer<void> allowed = authorize(context, name, right, names);
    Answer<Response> answer =
        allowed ? handler(context, request) : std::unexpected(allowed.error());
    if (!answer) tell_why(context, answer.error());
    record_call(context, name, names, answer ? 0 : static_cast<int>(answer.error().code));
    return answer;
  }

  std::map<std::string, Method, std::less<>> methods_;
};

}  // namespace simile::server
