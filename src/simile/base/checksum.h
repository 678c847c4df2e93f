#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace simile {

/// XXH3, 64 bits, seed 0: the checksum of every file format.
std::uint64_t checksum64(std::span<const std::byte> bytes);

/// The same over bytes that come in pieces.
class Checksum64 {
 public:
  Checksum64();
  Checksum64(const Checksum64&) = delete;
  Checksum64& operator=(const Checksum64&) = delete;
  ~Checksum64();
  void update(std::span<const std::byte> bytes);
  std::uint64_t value() const;

 private:
  void* state_;
};

}  // namespace simile
