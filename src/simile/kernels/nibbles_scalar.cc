#include "simile/kernels/nibbles_table.h"

namespace simile::kernels {
namespace {

struct Nibbles {
  static constexpr std::size_t kBytes = 1;
  using Bytes = std::uint8_t;
  using Sums = std::int32_t;

  static Sums zero() { return 0; }
  static Bytes load(const void* from) { return *static_cast<const std::uint8_t*>(from); }
  static Bytes low(Bytes b) { return b & 15; }
  static Bytes high(Bytes b) { return b >> 4; }
  static Bytes difference(Bytes a, Bytes b) { return static_cast<Bytes>(a < b ? b - a : a - b); }
  static Bytes shifted(Bytes u) { return static_cast<Bytes>(u - 15); }
  static Sums dot(Sums sum, Bytes u, Bytes s) { return sum + u * static_cast<std::int8_t>(s); }
  static void total(const Sums (&sums)[4], std::int32_t* out) {
    for (int r = 0; r < 4; ++r) out[r] = sums[r];
  }
};

}  // namespace
}  // namespace simile::kernels

#include "simile/kernels/nibbles_kernels.h"

namespace simile::kernels {

constinit const NibbleFunctions scalar::kNibbles = kNibblesOfTarget;

}  // namespace simile::kernels
