#pragma once
/// Pictures from strangers, decoded where a crash, a hang or a break-in reaches nothing: in worker
/// processes that can neither open files, nor start programs, nor use the network.
///
/// A worker is this program again with another command. It reads requests from its standard input,
/// which is a socket, and writes answers to it, one at a time:
///   request  RequestHead, then `bytes` bytes: an encoded picture, or pixels
///   answer   AnswerHead, then `bytes` bytes: pixels, an encoded picture, or the text of an error
/// The bytes of a worker are checked as those of a stranger.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "simile/features/picture_codec.h"

namespace simile::features {

struct IsolationOptions {
  std::vector<std::string> command;  ///< of a worker; the first is the program
  std::size_t workers_max = 4;
  double seconds_max = 20;                      ///< for one picture
  std::uint64_t memory_bytes_max = 3ull << 30;  ///< address space of a worker
};

/// Thread rule: any call from any thread; workers are started when they are first needed.
class IsolatedCodec final : public PictureCodec {
 public:
  explicit IsolatedCodec(IsolationOptions options);
  ~IsolatedCodec() override;

  /// As PictureCodec says; kInvalidArgument too where the worker died or took too long, which ends
  /// this worker and no other.
  Result<Pixels> decode(std::span<const std::byte> encoded, const PictureLimits& limits,
                        const Framing& framing) const override;
  Result<std::vector<std::byte>> encode_jpeg(const Pixels& pixels) const override;

  /// Processes that are there now.
  std::size_t workers() const;

 private:
  class Worker;
  struct Request;
  struct Answer;
  Result<std::unique_ptr<Worker>> take() const;
  void give_back(std::unique_ptr<Worker> worker) const;
  Result<Answer> ask(const Request& request) const;

  const IsolationOptions options_;
  mutable std::mutex mutex_;
  mutable std::condition_variable free_;
  mutable std::size_t count_ = 0;  ///< idle and working
  mutable std::vector<std::unique_ptr<Worker>> idle_;
};

/// The codec in this process, from which nothing can be reached any more: no file, no program, no
/// network. For good.
Result<const PictureCodec*> lock_decoder_in(std::uint64_t memory_bytes_max);

/// What a worker process does: locks itself in, then answers requests on standard input until it is
/// closed. The value is its exit code.
int run_decode_worker(std::uint64_t memory_bytes_max);

/// From now on picture_codec() decodes in workers. Once, before there are other threads.
void isolate_pictures(IsolationOptions options);

}  // namespace simile::features
