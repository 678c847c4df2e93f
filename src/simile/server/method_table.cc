#include "simile/server/method_table.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>

#include <limits>

#include "simile/base/text.h"
#include "simile/server/message_cost.h"
#include "simile/server/service.h"

namespace simile::server {

bool parse(grpc::ByteBuffer& in, google::protobuf::MessageLite& message) {
  if (!in.Valid()) return false;
  grpc::ProtoBufferReader reader(&in);
  return message.ParseFromZeroCopyStream(&reader) && reader.status().ok();
}

void tell_why(const CallContext& context, Fault& fault) {
  if (fault.origin != ErrorCode::kCancelled) return;
  if (context.call_cancel == nullptr || !context.call_cancel->is_out_of_time()) return;
  fault = Fault(FaultCode::kInvalidParameter,
                join_text("the call was ended after ", context.service.limits().seconds,
                          " s of work, the most that one may take (call_seconds of the server); "
                          "ask for less at a time"));
}

Answer<void> check_size(const CallContext& context, const grpc::ByteBuffer& in) {
  const std::uint64_t most = context.service.limits().bytes_max;
  if (in.Length() < most / kMessageGrowthMax || message_cost(in, most) <= most) return {};
  return refuse_parameter(join_text("the request would take more than ", most,
                                    " bytes of memory once it is unpacked, the most of one call "
                                    "(call_bytes_max of the server); send less at a time"));
}

bool serialize(const google::protobuf::MessageLite& message, grpc::ByteBuffer& out) {
  const std::size_t bytes = message.ByteSizeLong();
  if (bytes > std::numeric_limits<std::int32_t>::max()) return false;
  constexpr int kBlockBytesMax = 1 << 20;
  grpc::ProtoBufferWriter writer(&out, kBlockBytesMax, static_cast<int>(bytes));
  return message.SerializeToZeroCopyStream(&writer);
}

void note_response(CallContext& context, const wire::QueryResults& response) {
  if (response.fields_data_size() == 0) return;
  const auto& scalars = response.fields_data(0).scalars();
  context.notes.rows = scalars.has_string_data() ? scalars.string_data().data_size()
                                                 : scalars.long_data().data_size();
}

void set_status(wire_common::Status& status, const Fault& fault) {
  status.set_code(static_cast<std::int32_t>(fault.code));
  status.set_error_code(static_cast<wire_common::ErrorCode>(old_code(fault.code)));
  status.set_reason(fault.message);
  if (fault.origin != ErrorCode::kUnknown) {
    (*status.mutable_extra_info())["simile_code"] = std::to_string(static_cast<int>(fault.origin));
  }
  status.set_retriable(fault.code == FaultCode::kTooManyRequests ||
                       fault.code == FaultCode::kNotReady);
}

}  // namespace simile::server
