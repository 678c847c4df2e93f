#include "simile/base/file_pages.h"

#include <sys/mman.h>
#include <sys/resource.h>

namespace simile {

namespace {

constexpr std::uintptr_t kPage = 4096;

// Pages that this thread has waited for.
std::uint64_t faults_so_far() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return static_cast<std::uint64_t>(usage.ru_majflt);
}

}  // namespace

void release_file_pages(std::span<const std::byte> bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  const std::uintptr_t first = (begin + kPage - 1) / kPage * kPage;
  const std::uintptr_t last = (begin + bytes.size()) / kPage * kPage;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

void ScatteredReads::ask(std::span<const std::byte> bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  const std::uintptr_t first = begin / kPage * kPage;
  ::madvise(reinterpret_cast<void*>(first), begin + bytes.size() - first, MADV_WILLNEED);
}

void ScatteredReads::done() {
  const std::uint64_t faults = faults_so_far();
  if (faults != faults_) {
    asked_ = kReads;
  } else if (asked_ != 0) {
    --asked_;
  }
  faults_ = faults;
}

}  // namespace simile
