#pragma once
/// Contents of a file in memory, shared by the storages that keep them there.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simile/io/storage.h"

namespace simile::io {

using SharedBytes = std::shared_ptr<const std::vector<std::byte>>;

/// Bytes that grow. Readers hold what was there when they opened; a change copies first where
/// someone may still read. Guarded by the storage's mutex.
struct MemoryFile {
  std::shared_ptr<std::vector<std::byte>> bytes = std::make_shared<std::vector<std::byte>>();
  std::uint64_t durable = 0;  ///< bytes at the front that power loss cannot take; for FaultStorage

  /// Unshared, for changing.
  std::vector<std::byte>& own() {
    if (bytes.use_count() > 1) bytes = std::make_shared<std::vector<std::byte>>(*bytes);
    return *bytes;
  }
};

std::shared_ptr<ReadableFile> make_memory_reader(std::string path, SharedBytes bytes);

}  // namespace simile::io
