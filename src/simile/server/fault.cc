#include "simile/server/fault.h"

namespace simile::server {

namespace {

FaultCode code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kOutOfRange:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists: return FaultCode::kInvalidParameter;
    case ErrorCode::kResourceExhausted: return FaultCode::kTooManyRequests;
    case ErrorCode::kUnimplemented: return FaultCode::kUnimplemented;
    case ErrorCode::kUnavailable:
    case ErrorCode::kFailedPrecondition: return FaultCode::kNotReady;
    default: return FaultCode::kUnexpected;
  }
}

}  // namespace

Fault::Fault(const Error& error)
    : code(code_of(error.code)), message(error.message), origin(error.code) {}

std::int32_t old_code(FaultCode code) {
  constexpr std::int32_t kUnexpectedError = 1;
  constexpr std::int32_t kCollectionNotExists = 4;
  constexpr std::int32_t kIllegalArgument = 5;
  constexpr std::int32_t kIndexNotExist = 25;
  constexpr std::int32_t kRateLimit = 49;
  constexpr std::int32_t kSchemaMismatch = 62;
  switch (code) {
    case FaultCode::kCollectionNotFound: return kCollectionNotExists;
    case FaultCode::kInvalidParameter: return kIllegalArgument;
    case FaultCode::kIndexNotFound: return kIndexNotExist;
    case FaultCode::kTooManyRequests: return kRateLimit;
    case FaultCode::kSchemaMismatch: return kSchemaMismatch;
    default: return kUnexpectedError;
  }
}

}  // namespace simile::server
