#pragma once
/// Many queries against many rows as a matrix product (Goto, van de Geijn 2008; the BLIS loops),
/// over the Lanes of the target in use. A unit is 32 bits of a vector: one float32 component, which
/// float16 and bfloat16 become, or two int8 components as int16.
///
///   1. kPackedRows rows by kDepth units are packed, in panels of kPanel rows: unit by unit, the
///      kPanel rows' values side by side, so that they load as whole registers. 128 KiB of L2.
///   2. kPackedQueries queries by kDepth units are widened, query by query: 60 KiB of L2.
///   3. A tile of up to kTileQueries queries by one panel is summed up in registers over the depth:
///      each unit costs kTileVectors loads, kTileQueries broadcasts and their product's steps, so
///      that arithmetic binds, and a panel (32 KiB) is read from L1 or L2 at under 5 bytes a cycle.
///   4. Between one kDepth and the next the sums wait in `out`, as they are; after the last they
///      become distances.
///
/// L2 sums squared differences rather than |a|^2 + |b|^2 - 2ab: nothing cancels, equal vectors are
/// at exactly 0, and where subtractions have their own ports (Zen) it is as fast. float32 sums go
/// up the components one by one with fused multiply-adds, for every tile shape: the same bits on
/// every target. Their relative error is below dim * 2^-24, in practice about sqrt(dim) * 2^-24.

#include "simile/kernels/distance_kernels.h"

namespace simile::kernels {
namespace {

inline constexpr std::size_t kDepth = 256;
inline constexpr std::size_t kPanel = Lanes::kTileVectors * Lanes::kFloats;
inline constexpr std::size_t kPackedRows = 128 / kPanel * kPanel;
inline constexpr std::size_t kPackedQueries = 56 / Lanes::kTileQueries * Lanes::kTileQueries;
// 17 cache lines from query to query: a tile's queries lie in different sets of L1.
inline constexpr std::size_t kQueryStride = kDepth + 16;

inline constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

/// Where sums lie: `columns` of them for each query.
struct TileOut {
  float* out;
  std::size_t stride;
  std::size_t columns;
};

inline void copy_tile(std::size_t queries, const TileOut& from, const TileOut& to) {
  for (std::size_t q = 0; q < queries; ++q) {
    for (std::size_t c = 0; c < from.columns; ++c) {
      to.out[q * to.stride + c] = from.out[q * from.stride + c];
    }
  }
}

/// How sums of float units grow. Apart from the rows' type, so that the many shapes of tiles are
/// compiled once for the three of them.
template <class Op>
struct FloatSums {
  using Sum = Lanes::Floats;
  static Sum resume(Lanes::Floats waiting) { return waiting; }
  static Lanes::Floats suspend(Sum sum) { return sum; }
  static Sum step(Sum sum, Lanes::Floats row, const float* query) {
    return step(sum, row, query, Op{});
  }

 private:
  static Sum step(Sum sum, Lanes::Floats row, const float* query, L2) {
    const Lanes::Floats difference = Lanes::sub_broadcast(row, query);
    return Lanes::fma(difference, difference, sum);
  }
  static Sum step(Sum sum, Lanes::Floats row, const float* query, Product) {
    return Lanes::fma(row, Lanes::broadcast(query), sum);
  }
};

/// How sums of units of two int8 grow.
template <class Op>
struct Int8Sums {
  using Sum = Lanes::Ints;
  static Sum resume(Lanes::Floats waiting) { return Lanes::as_ints(waiting); }
  static Lanes::Floats suspend(Sum sum) { return Lanes::as_floats(sum); }
  static Sum step(Sum sum, Lanes::Floats row, const float* query) {
    return step(sum, Lanes::as_shorts(row), Lanes::as_shorts(Lanes::broadcast(query)), Op{});
  }

 private:
  static Sum step(Sum sum, Lanes::Shorts row, Lanes::Shorts query, L2) {
    const Lanes::Shorts difference = Lanes::sub(row, query);
    return Lanes::dot_pairs_add(sum, difference, difference);
  }
  static Sum step(Sum sum, Lanes::Shorts row, Lanes::Shorts query, Product) {
    return Lanes::dot_pairs_add(sum, row, query);
  }
};

/// A product of float32 queries and rows of a float type.
template <class Op, class RowElement>
struct FloatTile {
  using Query = float;
  using Row = RowElement;
  using Sums = FloatSums<Op>;
  static constexpr std::size_t kPerUnit = 1;

  template <class Element>
  static Lanes::Floats load(const Element* from) {
    return Lanes::load(from);
  }
  template <class Element>
  static Lanes::Floats load_first(const Element* from, std::size_t n) {
    return Lanes::load_first(from, n);
  }
  static void finish(std::size_t, const TileOut&) {}
};

/// A product of int8 queries and rows.
template <class Op>
struct Int8Tile {
  using Query = std::int8_t;
  using Row = std::int8_t;
  using Sums = Int8Sums<Op>;
  static constexpr std::size_t kPerUnit = 2;

  static Lanes::Floats load(const std::int8_t* from) {
    return Lanes::as_floats(Lanes::load_shorts(from));
  }
  static Lanes::Floats load_first(const std::int8_t* from, std::size_t n) {
    return Lanes::as_floats(Lanes::load_shorts_first(from, n));
  }
  static void finish(std::size_t queries, const TileOut& to) {
    constexpr std::size_t kLanes = Lanes::kFloats;
    for (std::size_t q = 0; q < queries; ++q) {
      float* row = to.out + q * to.stride;
      std::size_t c = 0;
      for (; c + kLanes <= to.columns; c += kLanes) {
        Lanes::store(row + c, finish(Lanes::load(row + c), Op{}));
      }
      if (c == to.columns) continue;
      const std::size_t n = to.columns - c;
      Lanes::store_first(row + c, finish(Lanes::load_first(row + c, n), Op{}), n);
    }
  }

 private:
  static Lanes::Floats finish(Lanes::Floats sum, L2) {
    return Lanes::from_unsigned(Lanes::as_ints(sum));
  }
  static Lanes::Floats finish(Lanes::Floats sum, Product) {
    return Lanes::from_signed(Lanes::as_ints(sum));
  }
};

/// What is packed at a time: units [first_unit, first_unit + depth) of some rows.
struct Part {
  std::size_t first_row;
  std::size_t rows;  ///< 0 past the last part
  std::size_t first_unit;
  std::size_t depth;
};

inline Part part_at(const Block& block, std::size_t units, std::size_t row, std::size_t unit) {
  const std::size_t rows = row < block.row_count ? block.row_count - row : 0;
  return {row, smaller(kPackedRows, rows), unit, smaller(kDepth, units - unit)};
}

/// Brings the next part's rows to L2 while tiles of this one are computed, a few rows a tile. Left
/// to itself, the packing of 16 rows side by side got 11 of 30 GB/s and took a seventh of the time.
template <class Tile>
class RowPrefetch {
 public:
  RowPrefetch(const Block& block, const Part& next, std::size_t tiles)
      : at_(static_cast<const unsigned char*>(block.rows) + next.first_row * block.row_stride +
            next.first_unit * kUnitBytes),
        stride_(block.row_stride),
        bytes_(next.depth * kUnitBytes),
        rows_(next.rows),
        rows_per_tile_(next.rows / tiles + 1) {}

  [[gnu::always_inline]] void step() {
    for (std::size_t r = 0; r < rows_per_tile_ && rows_ > 0; ++r, --rows_, at_ += stride_) {
      for (std::size_t b = 0; b < bytes_; b += kCacheLine) prefetch_far(at_ + b);
    }
  }

 private:
  static constexpr std::size_t kUnitBytes = Tile::kPerUnit * sizeof(typename Tile::Row);
  const unsigned char* at_;
  std::size_t stride_;
  std::size_t bytes_;
  std::size_t rows_;
  std::size_t rows_per_tile_;
};

/// One register of units from unit `unit` on; zeros past the vector's end.
template <class Tile, class Element>
inline Lanes::Floats load_units(const Element* vector, std::size_t unit, std::size_t dim) {
  const std::size_t at = unit * Tile::kPerUnit;
  constexpr std::size_t kLanes = Lanes::kFloats * Tile::kPerUnit;
  if (at + kLanes <= dim) return Tile::load(vector + at);
  return at < dim ? Tile::load_first(vector + at, dim - at) : Lanes::zero();
}

/// Packs a part's rows, with zeros up to a whole panel.
template <class Tile>
void pack_rows(const Block& block, const Part& part, float* packed) {
  constexpr std::size_t kLanes = Lanes::kFloats;
  const auto* base = static_cast<const unsigned char*>(block.rows);
  for (std::size_t group = 0; group < part.rows; group += kLanes) {
    float* panel = packed + group / kPanel * (kPanel * kDepth) + group % kPanel;
    for (std::size_t k = 0; k < part.depth; k += kLanes) {
      Lanes::Floats square[kLanes];
      for (std::size_t r = 0; r < kLanes; ++r) {
        const unsigned char* row = base + (part.first_row + group + r) * block.row_stride;
        square[r] = group + r < part.rows
                        ? load_units<Tile>(reinterpret_cast<const typename Tile::Row*>(row),
                                           part.first_unit + k, block.dim)
                        : Lanes::zero();
      }
      Lanes::transpose(square);
      for (std::size_t u = 0; u < kLanes; ++u) Lanes::store(panel + (k + u) * kPanel, square[u]);
    }
  }
}

/// Widens the units of a part of queries [first_query, first_query + count).
template <class Tile>
void pack_queries(const Block& block, const Part& part, std::size_t first_query, std::size_t count,
                  float* packed) {
  const auto* base = static_cast<const unsigned char*>(block.queries);
  for (std::size_t q = 0; q < count; ++q) {
    const auto* query = reinterpret_cast<const typename Tile::Query*>(
        base + (first_query + q) * block.query_stride);
    for (std::size_t k = 0; k < part.depth; k += Lanes::kFloats) {
      Lanes::store(packed + q * kQueryStride + k,
                   load_units<Tile>(query, part.first_unit + k, block.dim));
    }
  }
}

/// What a tile reads and where it writes: `from` is where the sums lie so far.
struct TileOperands {
  const float* queries;
  const float* panel;
  std::size_t depth;
  const float* from;
  std::size_t from_stride;
};

/// Step 3, for kQueries queries and the rows of one panel. Sums come from memory even where they
/// begin, from zeros: a branch here, and gcc 12 keeps them in memory during the loop too.
template <class Sums, std::size_t kQueries>
void multiply_tile(const TileOperands& in, float* out, std::size_t out_stride) {
  constexpr std::size_t kVectors = Lanes::kTileVectors;
  constexpr std::size_t kLanes = Lanes::kFloats;
  typename Sums::Sum sums[kQueries][kVectors];
  unroll<kQueries>(SIMILE_EACH(q) {
    unroll<kVectors>(SIMILE_EACH(v) {
      sums[q][v] = Sums::resume(Lanes::load(in.from + q * in.from_stride + v * kLanes));
    });
  });
  const float* query = in.queries;
  const float* rows_at = in.panel;
  for (std::size_t k = in.depth; k > 0; --k, ++query, rows_at += kPanel) {
    Lanes::Floats rows[kVectors];
    unroll<kVectors>(SIMILE_EACH(v) { rows[v] = Lanes::load(rows_at + v * kLanes); });
    unroll<kQueries>(SIMILE_EACH(q) {
      unroll<kVectors>(SIMILE_EACH(v) {
        sums[q][v] = Sums::step(sums[q][v], rows[v], query + q * kQueryStride);
      });
    });
  }
  unroll<kQueries>(SIMILE_EACH(q) {
    unroll<kVectors>(SIMILE_EACH(v) {
      Lanes::store(out + q * out_stride + v * kLanes, Sums::suspend(sums[q][v]));
    });
  });
}

/// multiply_tile for a number of queries that is known at run time, 1 to kQueries.
template <class Sums, std::size_t kQueries = Lanes::kTileQueries>
void multiply_queries(std::size_t count, const TileOperands& in, float* out,
                      std::size_t out_stride) {
  if constexpr (kQueries > 1) {
    if (count < kQueries) {
      return multiply_queries<Sums, kQueries - 1>(count, in, out, out_stride);
    }
  }
  multiply_tile<Sums, kQueries>(in, out, out_stride);
}

alignas(kCacheLine) constexpr float kZeros[kPanel] = {};

inline std::size_t tiles_of(std::size_t queries) {
  return (queries + Lanes::kTileQueries - 1) / Lanes::kTileQueries;
}

/// All packed queries against one panel, in tiles of nearly equal height: 16 queries are 8 + 8,
/// since a tile of 2 would wait for its additions.
template <class Tile>
void multiply_panel(std::size_t count, TileOperands in, bool sums_begin, TileOut to,
                    RowPrefetch<Tile>& ahead) {
  for (std::size_t tiles = tiles_of(count); tiles > 0; --tiles) {
    const std::size_t height = (count + tiles - 1) / tiles;
    ahead.step();
    in.from = kZeros;
    in.from_stride = 0;
    if (to.columns == kPanel) {
      if (!sums_begin) {
        in.from = to.out;
        in.from_stride = to.stride;
      }
      multiply_queries<typename Tile::Sums>(height, in, to.out, to.stride);
    } else {
      alignas(kCacheLine) float edge[Lanes::kTileQueries * kPanel] = {};
      const TileOut inside{edge, kPanel, to.columns};
      if (!sums_begin) {
        copy_tile(height, to, inside);
        in.from = edge;
        in.from_stride = kPanel;
      }
      multiply_queries<typename Tile::Sums>(height, in, edge, kPanel);
      copy_tile(height, inside, to);
    }
    in.queries += height * kQueryStride;
    to.out += height * to.stride;
    count -= height;
  }
}

/// All queries against a part's packed rows.
template <class Tile>
void multiply_part(const Block& block, const Part& part, const Part& next, const float* rows) {
  alignas(kCacheLine) float queries[kPackedQueries * kQueryStride];
  const std::size_t panels = (part.rows + kPanel - 1) / kPanel;
  RowPrefetch<Tile> ahead(block, next, tiles_of(block.query_count) * panels);
  for (std::size_t q = 0; q < block.query_count; q += kPackedQueries) {
    const std::size_t count = smaller(kPackedQueries, block.query_count - q);
    pack_queries<Tile>(block, part, q, count, queries);
    for (std::size_t r = 0; r < part.rows; r += kPanel) {
      const TileOut to{block.out + q * block.out_stride + part.first_row + r, block.out_stride,
                       smaller(kPanel, part.rows - r)};
      multiply_panel<Tile>(count, {queries, rows + r * kDepth, part.depth, nullptr, 0},
                           part.first_unit == 0, to, ahead);
    }
  }
}

template <class Tile>
void block_distances(const Block& block) {
  if (block.query_count == 0) return;
  alignas(kCacheLine) float rows[kPackedRows * kDepth];
  const std::size_t units = (block.dim + Tile::kPerUnit - 1) / Tile::kPerUnit;
  for (Part part = part_at(block, units, 0, 0); part.rows > 0;) {
    const std::size_t unit = part.first_unit + kDepth;
    const bool is_last = unit >= units;
    const Part next = is_last ? part_at(block, units, part.first_row + kPackedRows, 0)
                              : part_at(block, units, part.first_row, unit);
    pack_rows<Tile>(block, part, rows);
    multiply_part<Tile>(block, part, next, rows);
    if (is_last) {
      Tile::finish(block.query_count, {block.out + part.first_row, block.out_stride, part.rows});
    }
    part = next;
  }
}

/// Bit vectors need no widening: queries take turns at as many rows as stay in L1.
template <class Distance>
void block_by_scans(const Block& block) {
  constexpr std::size_t kL1Bytes = 16 * 1024;
  const std::size_t bytes = Distance::length(block.dim) * sizeof(typename Distance::Row);
  const std::size_t rows_at_once =
      bytes * Lanes::kRowsAtOnce < kL1Bytes ? kL1Bytes / (bytes + 1) : Lanes::kRowsAtOnce;
  const auto* rows = static_cast<const unsigned char*>(block.rows);
  const auto* queries = static_cast<const unsigned char*>(block.queries);
  for (std::size_t r = 0; r < block.row_count; r += rows_at_once) {
    const std::size_t count = smaller(rows_at_once, block.row_count - r);
    for (std::size_t q = 0; q < block.query_count; ++q) {
      scan_distances<Distance>(queries + q * block.query_stride, rows + r * block.row_stride,
                               block.row_stride, count, block.dim,
                               block.out + q * block.out_stride + r);
    }
  }
}

}  // namespace
}  // namespace simile::kernels
