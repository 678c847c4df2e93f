#include "simile/scalar/sparse_value.h"

#include <cmath>
#include <cstring>

#include "simile/types.h"

namespace simile::scalar {

const char* find_sparse_fault(std::string_view bytes) {
  if (bytes.size() % sizeof(SparseEntry) != 0) {
    return "has a length that is no multiple of 8 bytes, an index and a value";
  }
  std::uint32_t before = 0;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(SparseEntry)) {
    SparseEntry entry;
    std::memcpy(&entry, bytes.data() + at, sizeof entry);
    if (at != 0 && entry.index <= before) return "has indexes that do not rise";
    if (entry.index == 0xFFFF'FFFFU) return "has the index 4294967295, which is too large";
    if (!std::isfinite(entry.value)) return "holds NaN or Inf";
    before = entry.index;
  }
  return nullptr;
}

}  // namespace simile::scalar
