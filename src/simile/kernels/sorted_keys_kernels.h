#pragma once
/// The form without vectors, for targets where single keys move as fast.

#include "simile/kernels/sorted_keys.h"

namespace simile::kernels {
namespace {

std::size_t insert_one_by_one(std::uint64_t* keys, std::size_t end, std::uint64_t key) {
  std::size_t at = (end + kKeyGroup - 1) / kKeyGroup * kKeyGroup;
  if (at == 0) return 0;
  for (--at; at > 0 && keys[at - 1] > key; --at) keys[at] = keys[at - 1];
  keys[at] = key;
  return at;
}

}  // namespace
}  // namespace simile::kernels
