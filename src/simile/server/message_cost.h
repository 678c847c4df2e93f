#pragma once
/// What a message takes once it is parsed, estimated from its bytes: few bytes may become many, an
/// empty message of two bytes an object of some hundred.

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <string_view>

namespace simile::server {

/// No byte of a message becomes more than so many: the two bytes of an empty message.
inline constexpr std::uint64_t kMessageGrowthMax = 256;

/// Of a message of protobuf, whatever its type is; stops counting above `most`. Bytes that read as
/// a message are taken for one, which all but never happens to vectors and texts. Numbers that are
/// packed into a byte each are counted as eight.
std::uint64_t message_cost(const grpc::ByteBuffer& message, std::uint64_t most);

/// Of a JSON text as a tree.
std::uint64_t json_cost(std::string_view text);

}  // namespace simile::server
