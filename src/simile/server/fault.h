#pragma once
/// What goes wrong, in the codes that Milvus' clients act on.

#include <cstdint>
#include <expected>
#include <string>

#include "simile/base/check.h"
#include "simile/error.h"

namespace simile::server {

/// Codes as published; the names say what clients do with them where they do anything.
enum class FaultCode : std::int32_t {
  kNotReady = 1,
  kTooManyRequests = 8,  ///< clients wait and try again
  kInternal = 5,
  kUnimplemented = 10,
  kCollectionNotFound = 100,
  kCollectionNotLoaded = 101,
  kCollectionLoaded = 104,
  kSchemaMismatch = 109,  ///< clients read the schema again and try once more
  kPartitionNotFound = 200,
  kPartitionNotLoaded = 201,
  kIndexNotFound = 700,
  kIndexDuplicate = 702,
  kDatabaseNotFound = 800,
  kDatabaseInvalidName = 802,
  kInvalidParameter = 1100,
  kMissingParameter = 1101,
  kNotAuthenticated = 1400,
  kNotPermitted = 1401,
  kAliasNotFound = 1600,
  kAliasNameConflict = 1601,
  kAliasExists = 1602,
  kFieldNotFound = 1700,
  kUnexpected = 65535,
};

struct Fault {
  FaultCode code = FaultCode::kUnexpected;
  std::string message;
  ErrorCode origin = ErrorCode::kUnknown;  ///< of an error of the engine, as it was

  Fault(FaultCode fault_code, std::string text) : code(fault_code), message(std::move(text)) {}
  /// An error of the engine; implicit, so that SIMILE_TRY passes it on.
  Fault(const Error& error);  // NOLINT(google-explicit-constructor)
};

template <class T>
using Answer = std::expected<T, Fault>;

[[nodiscard]] inline std::unexpected<Fault> refuse(FaultCode code, std::string message) {
  return std::unexpected<Fault>(std::in_place, code, std::move(message));
}
[[nodiscard]] inline std::unexpected<Fault> refuse(const Error& error) {
  return std::unexpected<Fault>(error);
}
[[nodiscard]] inline std::unexpected<Fault> refuse_parameter(std::string message) {
  return refuse(FaultCode::kInvalidParameter, std::move(message));
}

/// The number that clients from before Milvus 2.3 read beside the code.
std::int32_t old_code(FaultCode code);

}  // namespace simile::server
