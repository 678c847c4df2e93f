#pragma once
/// The shapes of the screen's functions; screen.h has the contract.

#include <cstddef>
#include <cstdint>

namespace simile::kernels {

/// What is packed: `count` vectors of `dim` components, `stride` bytes apart.
struct PackSource {
  const void* vectors;
  std::size_t stride;
  const std::uint32_t* ids;  ///< the vectors' numbers; null: 0 to count - 1
  std::size_t count;
  std::size_t dim;
  const float* factors;  ///< by a vector's place among the packed; null: 1. Not used for int8
};

/// One query of a screen.
struct ScreenQuery {
  float bound;
  float weight;
  float factor;         ///< int8: query_factor; else it is packed
  std::int32_t offset;  ///< int8: as pack_queries wrote it
  std::uint32_t* rows;  ///< receives nominated rows, room for ScreenFunctions::panel_rows + limit
  std::uint32_t count;  ///< of them so far
};

struct Screen {
  const void* queries;  ///< packed
  ScreenQuery* states;  ///< one a query
  std::size_t query_count;
  const void* rows;  ///< packed
  std::size_t row_count;
  std::size_t dim;
  const float* row_terms;    ///< both with whole panels' room
  const float* row_factors;  ///< int8 only
  const std::uint32_t* ids;  ///< the rows' numbers; null: first_row and those that follow
  std::uint32_t first_row;
  std::uint32_t limit;  ///< from so many nominated rows of a query on, `full` is called
  /// Takes the nominated rows of a query: sets count to 0 and, as a rule, a lower bound.
  void (*full)(void* context, std::size_t query);
  void* context;
  const void* next;  ///< brought to the second-level cache meanwhile
  std::size_t next_bytes;
};

struct ScreenFunctions {
  std::size_t panel_rows;    ///< packed rows take the room of whole panels
  std::size_t tile_queries;  ///< packed queries that of whole tiles
  /// Bytes of one packed vector.
  std::size_t (*packed_bytes)(std::size_t dim);
  /// Writes count rounded up to tiles; for int8 also one offset a query, else `offsets` may be
  /// null.
  void (*pack_queries)(const PackSource& source, void* packed, std::int32_t* offsets);
  /// Writes count rounded up to panels, and as many squared Euclidean lengths (of what is packed,
  /// in float32: relative error below dim * 2^-24; exact for int8, but for the last rounding).
  void (*pack_rows)(const PackSource& source, void* packed, float* squared_lengths);
  void (*screen)(const Screen& screen);
};

}  // namespace simile::kernels
