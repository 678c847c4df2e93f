#pragma once
/// The gate for rows that users write: what passes is stored as it is, without another look.

#include <cstddef>

#include "simile/batch.h"
#include "simile/error.h"
#include "simile/schema.h"

namespace simile::scalar {

inline constexpr std::size_t kMaxTextBytes = std::size_t{64} << 20;  ///< of one string or JSON
inline constexpr std::size_t kMaxBatchRows = std::size_t{1} << 24;

/// Refuses with kInvalidArgument, naming the field and, where it is one row's fault, the first bad
/// row:
///   unknown, repeated or missing fields (those with a default and nullable ones may be missing; an
///   automatic key must be)
///   more than kMaxBatchRows rows
///   a type, element type, dimension or length that is not the field's
///   null in a field that is not nullable and has no default, texts longer than max_length, arrays
///   longer than max_capacity, a dynamic field that is no JSON object, a bool that is not 0 or 1,
///   NaN or Inf in float and double text that is not UTF-8, JSON that does not parse or nests
///   deeper than 1,000 array offsets that do not start at 0, rise, and end at the number of
///   elements vectors that check_vectors() refuses a primary key that occurs twice
/// Values under a null are not looked at.
Status validate_batch(const Schema& schema, const Batch& batch);

/// The same for rows that need only have the primary key, automatic or not.
Status validate_update(const Schema& schema, const Batch& batch);

}  // namespace simile::scalar
