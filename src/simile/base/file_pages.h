#pragma once
/// Pages of files that are mapped for reading, and shared: what is in memory of them counts as the
/// process's, though the machine may take it back at any time.

#include <cstddef>
#include <cstdint>
#include <span>

namespace simile {

/// They leave the memory of the process until they are touched again.
void release_file_pages(std::span<const std::byte> bytes);

/// Brings scattered bytes in together where they are not in memory: one after the other each would
/// wait for the disk alone. Asking takes about a microsecond even where they are, so it is done
/// only while the thread has lately waited. One object a thread.
class ScatteredReads {
 public:
  /// Before bytes are read: whether it is worth to ask() for them.
  bool wait_for_disk() const { return asked_ != 0; }
  static void ask(std::span<const std::byte> bytes);
  /// After they were read.
  void done();

 private:
  // So many reads after one that waited, ask; then see whether that is still needed.
  static constexpr std::uint32_t kReads = 64;

  std::uint32_t asked_ = 0;
  std::uint64_t faults_ = 0;
};

}  // namespace simile
