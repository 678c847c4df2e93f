#pragma once
/// Derived data of one field of a sealed segment: a file, and what was loaded of it.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "simile/error.h"

namespace simile::segment {

/// What was handed out lives as long as the slot, also after another file took its place.
/// Thread rule: any call from any thread.
template <class T>
class DerivedSlot {
 public:
  explicit DerivedSlot(std::uint64_t file) : file_(file) {}

  /// Loads it when it is first asked for, by load(file) -> Result<std::unique_ptr<T>>; null where
  /// there is none, or a damaged one.
  template <class Load>
  const T* get(Load&& load) {
    if (ready_.load(std::memory_order_acquire)) return now_.load();
    const std::scoped_lock lock(mutex_);
    if (ready_.load(std::memory_order_relaxed)) return now_.load();
    if (file_ != 0) {
      if (Result<std::unique_ptr<T>> loaded = load(file_)) put(*std::move(loaded));
    }
    ready_.store(true, std::memory_order_release);
    return now_.load();
  }

  /// What was loaded of it already, or null.
  const T* loaded() const { return now_.load(); }

  void set(std::uint64_t file, std::unique_ptr<T> value) {
    const std::scoped_lock lock(mutex_);
    file_ = file;
    put(std::move(value));
    ready_.store(true, std::memory_order_release);
  }

  std::uint64_t file() const {
    const std::scoped_lock lock(mutex_);
    return file_;
  }

 private:
  void put(std::unique_ptr<T> value) {
    now_.store(value.get());
    all_.push_back(std::move(value));
  }

  mutable std::mutex mutex_;
  std::uint64_t file_;
  std::atomic<bool> ready_{false};  // looked for, and found or not
  std::atomic<const T*> now_{nullptr};
  std::vector<std::unique_ptr<T>> all_;
};

}  // namespace simile::segment
