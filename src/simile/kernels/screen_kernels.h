#pragma once
/// The screen as a matrix product (Goto, van de Geijn 2008), over the Lanes of the target in use. A
/// unit is 32 bits of a vector: one float32 component, which float16 and bfloat16 become, or the
/// int8 components that one lane multiplies at once (Lanes::kBytesPerUnit).
///
///   1. Rows are packed in panels of kPanel: unit by unit, the rows' values side by side, so that
///      they load as whole registers. Queries are packed in tiles, unit by unit as well.
///   2. A tile of up to kTileQueries queries by one panel is summed up in registers over all units:
///      each costs kTileVectors loads, kTileQueries broadcasts and their product's multiply-adds,
///      28 for AVX-512, so that arithmetic binds. Panel and tile are read in order, at under 14
///      bytes a cycle, from L1 or L2.
///   3. The sums become values and are compared with the queries' bounds: some 3 instructions a
///      register, which a tile of 25 components still hides.
///   4. A tile meets all panels before the next tile does: it stays in L1 while the panels come
///      from L2, whose half they fill at most, and many queries may wait in L3.

#include "simile/kernels/distance_kernels.h"
#include "simile/kernels/screen_table.h"

namespace simile::kernels {
namespace {

inline constexpr std::size_t kPanel = Lanes::kTileVectors * Lanes::kFloats;
static_assert(kPanel <= 32);

inline constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }
inline constexpr std::size_t round_up(std::size_t n, std::size_t to) {
  return (n + to - 1) / to * to;
}

/// Units of float32: of products, and how they become values.
template <class RowElement>
struct FloatScreen {
  using Query = float;
  using Row = RowElement;
  using Sum = Lanes::Floats;
  static constexpr std::size_t kPerUnit = 1;

  static Sum zero() { return Lanes::zero(); }
  static Sum step(Sum sum, Lanes::Floats row, Lanes::Floats query) {
    return Lanes::fma(row, query, sum);
  }
  static Lanes::Floats value(Sum sum, const ScreenQuery& query, Lanes::Floats term,
                             const float* /*factors*/) {
    return Lanes::fma(term, Lanes::broadcast(&query.weight), sum);
  }
  template <class Element>
  static Lanes::Floats load(const Element* from, std::size_t n) {
    return n >= Lanes::kFloats ? Lanes::load(from) : Lanes::load_first(from, n);
  }
  static Lanes::Floats load_row(const Row* from, std::size_t n) { return load(from, n); }
  static Lanes::Floats load_query(const float* from, std::size_t n) { return load(from, n); }
  static Lanes::Floats scale(Lanes::Floats x, const float* factor) {
    return factor == nullptr ? x : Lanes::mul(x, Lanes::broadcast(factor));
  }
  static Lanes::Floats add_square(Lanes::Floats sum, Lanes::Floats x) {
    return Lanes::fma(x, x, sum);
  }
  static Lanes::Floats square_sum(Lanes::Floats sum) { return sum; }
  static std::int32_t offset(const float*, std::size_t) { return 0; }
};

/// Units of int8. Lanes may want rows shifted to unsigned bytes: the sums are then too large by
/// kByteOffset times the sum of the query, which its offset takes away. Integers wrap, so that only
/// the final sum has to fit.
struct Int8Screen {
  using Query = std::int8_t;
  using Row = std::int8_t;
  using Sum = Lanes::Ints;
  static constexpr std::size_t kPerUnit = Lanes::kBytesPerUnit;
  static constexpr std::size_t kLanes = Lanes::kFloats * kPerUnit;

  static Sum zero() { return Lanes::zero_ints(); }
  static Sum step(Sum sum, Lanes::Floats row, Lanes::Floats query) {
    return Lanes::dot_units_add(sum, row, query);
  }
  static Lanes::Floats value(Sum sum, const ScreenQuery& query, Lanes::Floats term,
                             const float* factors) {
    const Lanes::Floats dot =
        Lanes::from_signed(Lanes::add(sum, Lanes::broadcast_int(query.offset)));
    const Lanes::Floats product = Lanes::mul(dot, Lanes::load(factors));
    return Lanes::fma(product, Lanes::broadcast(&query.factor),
                      Lanes::mul(term, Lanes::broadcast(&query.weight)));
  }
  static Lanes::Floats load_row(const std::int8_t* from, std::size_t n) {
    return Lanes::load_row_units(from, smaller(n, kLanes));
  }
  static Lanes::Floats load_query(const std::int8_t* from, std::size_t n) {
    return Lanes::load_query_units(from, smaller(n, kLanes));
  }
  static Lanes::Floats scale(Lanes::Floats x, const float*) { return x; }
  static std::int32_t offset(const std::int8_t* query, std::size_t dim) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < dim; ++i) sum += query[i];
    return -static_cast<std::int32_t>(Lanes::kByteOffset) * sum;
  }
};

template <class Screened>
std::size_t units_of(std::size_t dim) {
  return (dim + Screened::kPerUnit - 1) / Screened::kPerUnit;
}

/// Whole registers of units, since packing transposes squares of them.
template <class Screened>
std::size_t packed_units(std::size_t dim) {
  return round_up(units_of<Screened>(dim), Lanes::kFloats);
}

template <class Screened>
std::size_t packed_bytes(std::size_t dim) {
  return packed_units<Screened>(dim) * sizeof(float);
}

inline const unsigned char* vector_at(const PackSource& source, std::size_t i) {
  const std::size_t number = source.ids == nullptr ? i : source.ids[i];
  return static_cast<const unsigned char*>(source.vectors) + number * source.stride;
}

/// Tiles of nearly equal height: 16 queries are 8 + 8, since a tile of 2 would wait for its
/// additions.
inline std::size_t tile_height(std::size_t queries) {
  const std::size_t tiles = (queries + Lanes::kTileQueries - 1) / Lanes::kTileQueries;
  return tiles == 0 ? 1 : (queries + tiles - 1) / tiles;
}

template <class Screened>
void pack_queries(const PackSource& source, void* packed, std::int32_t* offsets) {
  constexpr std::size_t kTile = Lanes::kTileQueries;
  const std::size_t units = packed_units<Screened>(source.dim);
  const std::size_t height = tile_height(source.count);
  for (std::size_t q = 0; q < source.count; ++q) {
    const auto* query = reinterpret_cast<const typename Screened::Query*>(vector_at(source, q));
    const float* factor = source.factors == nullptr ? nullptr : source.factors + q;
    float* tile = static_cast<float*>(packed) + q / height * (kTile * units) + q % height;
    for (std::size_t k = 0; k < units; k += Lanes::kFloats) {
      const std::size_t at = k * Screened::kPerUnit;
      Lanes::Floats values = Lanes::zero();
      if (at < source.dim) {
        values = Screened::scale(Screened::load_query(query + at, source.dim - at), factor);
      }
      float each[Lanes::kFloats];
      Lanes::store(each, values);
      for (std::size_t u = 0; u < Lanes::kFloats; ++u) tile[(k + u) * kTile] = each[u];
    }
    if (offsets != nullptr) offsets[q] = Screened::offset(query, source.dim);
  }
}

/// A register of units of each of kFloats rows, from component `at` on; zeros past their ends.
template <class Screened>
[[gnu::always_inline]] inline void load_square(const PackSource& source, std::size_t first,
                                               std::size_t at,
                                               Lanes::Floats (&square)[Lanes::kFloats]) {
  for (std::size_t r = 0; r < Lanes::kFloats; ++r) {
    const std::size_t i = first + r;
    if (i >= source.count || at >= source.dim) {
      square[r] = Lanes::zero();
      continue;
    }
    const auto* row = reinterpret_cast<const typename Screened::Row*>(vector_at(source, i));
    square[r] = Screened::scale(Screened::load_row(row + at, source.dim - at),
                                source.factors == nullptr ? nullptr : source.factors + i);
  }
}

template <class Screened>
void pack_rows(const PackSource& source, void* packed, float* squared_lengths) {
  constexpr std::size_t kLanes = Lanes::kFloats;
  constexpr bool kIsFloat = Screened::kPerUnit == 1;
  const std::size_t units = packed_units<Screened>(source.dim);
  const std::size_t padded = round_up(source.count, kPanel);
  for (std::size_t first = 0; first < padded; first += kLanes) {
    float* panel = static_cast<float*>(packed) + first / kPanel * (kPanel * units) + first % kPanel;
    Lanes::Floats squares = Lanes::zero();
    for (std::size_t k = 0; k < units; k += kLanes) {
      Lanes::Floats square[kLanes];
      load_square<Screened>(source, first, k * Screened::kPerUnit, square);
      Lanes::transpose(square);
      for (std::size_t u = 0; u < kLanes; ++u) {
        Lanes::store(panel + (k + u) * kPanel, square[u]);
        if constexpr (kIsFloat) squares = Screened::add_square(squares, square[u]);
      }
    }
    Lanes::store(squared_lengths + first, squares);
  }
  if constexpr (!kIsFloat) {
    for (std::size_t i = 0; i < source.count; ++i) {
      const unsigned char* row = vector_at(source, i);
      squared_lengths[i] = pair_distance<Int8Distance<Product>>(row, row, source.dim);
    }
  }
}

/// Where a tile meets a panel.
struct TileAt {
  const float* queries;
  const float* rows;
  std::size_t units;
  std::size_t first_query;
  std::size_t first_row;
};

/// Notes the rows of a panel whose bit is set. Rarely called, so kept out of the tiles.
[[gnu::noinline]] inline void nominate(const Screen& screen, std::size_t query,
                                       std::size_t first_row, std::uint32_t bits) {
  ScreenQuery& state = screen.states[query];
  const std::size_t rows = screen.row_count - first_row;
  if (rows < 32) bits &= (std::uint32_t{1} << rows) - 1;
  for (; bits != 0; bits &= bits - 1) {
    const std::size_t i = first_row + static_cast<std::size_t>(__builtin_ctz(bits));
    state.rows[state.count++] =
        screen.ids == nullptr ? screen.first_row + static_cast<std::uint32_t>(i) : screen.ids[i];
  }
  if (state.count >= screen.limit) screen.full(screen.context, query);
}

/// Steps 2 and 3 for kQueries queries.
template <class Screened, std::size_t kQueries>
void screen_tile(const Screen& screen, const TileAt& at) {
  constexpr std::size_t kVectors = Lanes::kTileVectors;
  constexpr std::size_t kLanes = Lanes::kFloats;
  typename Screened::Sum sums[kQueries][kVectors];
  unroll<kQueries>(
      SIMILE_EACH(q) { unroll<kVectors>(SIMILE_EACH(v) { sums[q][v] = Screened::zero(); }); });
  const float* queries = at.queries;
  const float* rows_at = at.rows;
  for (std::size_t k = at.units; k > 0; --k, queries += Lanes::kTileQueries, rows_at += kPanel) {
    Lanes::Floats rows[kVectors];
    unroll<kVectors>(SIMILE_EACH(v) { rows[v] = Lanes::load(rows_at + v * kLanes); });
    unroll<kQueries>(SIMILE_EACH(q) {
      const Lanes::Floats query = Lanes::broadcast(queries + q);
      unroll<kVectors>(SIMILE_EACH(v) { sums[q][v] = Screened::step(sums[q][v], rows[v], query); });
    });
  }
  ScreenQuery* states = screen.states + at.first_query;
  std::uint32_t passed[kQueries];
  std::uint32_t any = 0;
  const float* terms = screen.row_terms + at.first_row;
  const float* factors = screen.row_factors + at.first_row;
  unroll<kQueries>(SIMILE_EACH(q) {
    passed[q] = 0;
    unroll<kVectors>(SIMILE_EACH(v) {
      const Lanes::Floats value = Screened::value(
          sums[q][v], states[q], Lanes::load(terms + v * kLanes), factors + v * kLanes);
      passed[q] |= Lanes::not_above(value, &states[q].bound) << (v * kLanes);
    });
    any |= passed[q];
  });
  if (any == 0) return;
  for (std::size_t q = 0; q < kQueries; ++q) {
    if (passed[q] != 0) nominate(screen, at.first_query + q, at.first_row, passed[q]);
  }
}

/// screen_tile for a number of queries that is known at run time, 1 to kQueries.
template <class Screened, std::size_t kQueries = Lanes::kTileQueries>
void screen_queries(std::size_t count, const Screen& screen, const TileAt& at) {
  if constexpr (kQueries > 1) {
    if (count < kQueries) return screen_queries<Screened, kQueries - 1>(count, screen, at);
  }
  screen_tile<Screened, kQueries>(screen, at);
}

/// Brings the next rows to L2 while tiles of these are computed, a share a tile.
class Prefetcher {
 public:
  Prefetcher(const Screen& screen, std::size_t steps)
      : at_(static_cast<const unsigned char*>(screen.next)),
        left_((screen.next_bytes + kCacheLine - 1) / kCacheLine),
        lines_per_step_(left_ / steps + 1) {}

  [[gnu::always_inline]] void step() {
    for (std::size_t i = 0; i < lines_per_step_ && left_ > 0; ++i, --left_, at_ += kCacheLine) {
      prefetch_far(at_);
    }
  }

 private:
  const unsigned char* at_;
  std::size_t left_;
  std::size_t lines_per_step_;
};

template <class Screened>
void screen_rows(const Screen& screen) {
  constexpr std::size_t kTile = Lanes::kTileQueries;
  if (screen.query_count == 0 || screen.row_count == 0) return;
  const std::size_t padded = packed_units<Screened>(screen.dim);
  const std::size_t height = tile_height(screen.query_count);
  const std::size_t tiles = (screen.query_count + height - 1) / height;
  Prefetcher ahead(screen, tiles * ((screen.row_count + kPanel - 1) / kPanel));
  const auto* queries = static_cast<const float*>(screen.queries);
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    TileAt at{queries + tile * kTile * padded, static_cast<const float*>(screen.rows),
              units_of<Screened>(screen.dim), tile * height, 0};
    const std::size_t count = smaller(height, screen.query_count - at.first_query);
    for (; at.first_row < screen.row_count; at.first_row += kPanel, at.rows += kPanel * padded) {
      ahead.step();
      screen_queries<Screened>(count, screen, at);
    }
  }
}

/// Rows of all float types are float32 once they are packed.
template <class Screened, class Packed = Screened>
constexpr ScreenFunctions screen_functions_of() {
  return {kPanel,
          Lanes::kTileQueries,
          packed_bytes<Screened>,
          pack_queries<Screened>,
          pack_rows<Screened>,
          screen_rows<Packed>};
}

constexpr ScreenTable screen_table() {
  return {
      .float32 = screen_functions_of<FloatScreen<float>>(),
      .float16 = screen_functions_of<FloatScreen<Float16>, FloatScreen<float>>(),
      .bfloat16 = screen_functions_of<FloatScreen<BFloat16>, FloatScreen<float>>(),
      .int8 = screen_functions_of<Int8Screen>(),
  };
}

}  // namespace
}  // namespace simile::kernels
