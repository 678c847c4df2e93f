#pragma once
/// Many queries against many rows at the speed of a matrix product, for the question which rows may
/// be among the nearest. Values are not written anywhere: each tile of them is compared with its
/// queries' bounds while it is still in registers, and only the numbers of the few rows that pass
/// come out. What passes is then computed exactly, by distance.h.
///
/// The value of query q and row r is
///
///     query_factor(q) * row_factor(r) * <q, r>  +  query_weight(q) * row_term(r)
///
/// and r is nominated unless the value is greater than q's bound (so it is where either is NaN).
/// With factors and terms of the caller's choice this covers L2 (|r|^2 - 2 <q, r>), inner product
/// and cosine. Products are summed up the components one by one with fused multiply-adds; factors
/// are multiplied in before that, each product rounded once. int8 products are summed exactly, in
/// integers, and factors are multiplied in afterwards. So the same bits come out on every target,
/// apart from targets' panels, which are an order of nomination only.
///
/// Queries and rows are packed first, by functions of the same target. All functions are pure
/// apart from what `full` does, thread-safe and allocate nothing. No pointer needs alignment,
/// though packed memory is faster at whole cache lines.

#include "simile/kernels/screen_types.h"
#include "simile/kernels/target.h"
#include "simile/types.h"

namespace simile::kernels {

/// Of rows of `element`, with queries of float32 or, for int8, int8. Bits assert.
const ScreenFunctions& screen_functions(ElementType element, Target target = active_target());

}  // namespace simile::kernels
