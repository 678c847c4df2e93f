#pragma once
/// The shapes of the distance functions, apart from how one is chosen (distance.h): this header is
/// all that code compiled for one instruction set sees.

#include <cstddef>
#include <cstdint>

namespace simile::kernels {

/// `dim` counts components; bits, a multiple of 8, for bit vectors.
using PairFunction = float (*)(const void* query, const void* row, std::size_t dim);
/// `count` rows, `stride` bytes apart.
using ScanFunction = void (*)(const void* query, const void* rows, std::size_t stride,
                              std::size_t count, std::size_t dim, float* out);
/// The rows base + ids[i] * stride, prefetched ahead.
using GatherFunction = void (*)(const void* query, const void* base, std::size_t stride,
                                const std::uint32_t* ids, std::size_t count, std::size_t dim,
                                float* out);

struct DistanceFunctions {
  PairFunction pair;
  ScanFunction scan;
  GatherFunction gather;
};

}  // namespace simile::kernels
