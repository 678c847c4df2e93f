#include "simile/features/isolated_codec.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/features/picture_messages.h"

extern char** environ;

namespace simile::features {

namespace {

using Clock = std::chrono::steady_clock;

std::unexpected<Error> died() {
  return fail(ErrorCode::kInvalidArgument,
              "this picture cannot be decoded: the decoder ended while it read it");
}

std::unexpected<Error> too_slow(double seconds) {
  return fail(ErrorCode::kInvalidArgument,
              join_text("this picture cannot be decoded within ", seconds, " seconds"));
}

/// Whether an answer can be one to the request; a worker that says anything else is not asked
/// again.
bool is_plausible(const RequestHead& asked, const AnswerHead& got) {
  if (got.error != 0 || asked.encode != 0) return true;
  const bool inside = asked.fit == static_cast<std::uint32_t>(Framing::Fit::kInside);
  const bool fits = inside ? got.width <= asked.width && got.height <= asked.height
                           : got.width == asked.width && got.height == asked.height;
  return fits && got.bytes == std::uint64_t{3} * got.width * got.height;
}

}  // namespace

struct IsolatedCodec::Request {
  RequestHead head;
  std::span<const std::byte> bytes;
};

struct IsolatedCodec::Answer {
  AnswerHead head;
  std::vector<std::byte> bytes;
};

/// One process and the socket to it.
class IsolatedCodec::Worker {
 public:
  static Result<std::unique_ptr<Worker>> start(const std::vector<std::string>& command) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      return fail(ErrorCode::kResourceExhausted, "no socket for a picture decoder can be made");
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    std::vector<char*> arguments;
    for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    pid_t process = 0;
    const int error =
        posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error == 0) return std::unique_ptr<Worker>(new Worker(process, ends[0]));
    close(ends[0]);
    return fail(ErrorCode::kUnavailable,
                join_text(command[0], ": the picture decoder cannot be started"));
  }

  ~Worker() {
    close(socket_);
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Sends and receives; an error of the connection means that this worker is done for.
  Result<Answer> ask(const Request& request, double seconds) {
    const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                     std::chrono::duration<double>(seconds));
    const auto passed = [&](bool done) -> Status {
      if (done) return {};
      if (Clock::now() >= end) return too_slow(seconds);
      return died();
    };
    // One that cannot work says why, without reading what it is sent.
    if (send_all(&request.head, sizeof request.head, end)) {
      send_all(request.bytes.data(), request.bytes.size(), end);
    }
    Answer answer;
    SIMILE_TRY(passed(receive_all(&answer.head, sizeof answer.head, end)));
    if (answer.head.bytes > kMessageBytesMax) return died();
    answer.bytes.resize(answer.head.bytes);
    SIMILE_TRY(passed(receive_all(answer.bytes.data(), answer.bytes.size(), end)));
    return answer;
  }

 private:
  Worker(pid_t process, int socket) : process_(process), socket_(socket) {}

  bool wait(short events, Clock::time_point end) const {
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
      if (left <= 0) return false;
      pollfd one{.fd = socket_, .events = events, .revents = 0};
      const int ready = poll(&one, 1, static_cast<int>(left) + 1);
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return false;
    }
  }

  bool send_all(const void* from, std::size_t bytes, Clock::time_point end) const {
    const auto* at = static_cast<const char*>(from);
    while (bytes > 0) {
      if (!wait(POLLOUT, end)) return false;
      const ssize_t put = send(socket_, at, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (put < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (put <= 0) return false;
      at += put;
      bytes -= static_cast<std::size_t>(put);
    }
    return true;
  }

  bool receive_all(void* to, std::size_t bytes, Clock::time_point end) const {
    auto* at = static_cast<char*>(to);
    while (bytes > 0) {
      if (!wait(POLLIN, end)) return false;
      const ssize_t got = recv(socket_, at, bytes, MSG_DONTWAIT);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got <= 0) return false;
      at += got;
      bytes -= static_cast<std::size_t>(got);
    }
    return true;
  }

  const pid_t process_;
  const int socket_;
};

IsolatedCodec::IsolatedCodec(IsolationOptions options) : options_(std::move(options)) {
  SIMILE_CHECK(!options_.command.empty() && options_.workers_max > 0);
}

IsolatedCodec::~IsolatedCodec() = default;

std::size_t IsolatedCodec::workers() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

Result<std::unique_ptr<IsolatedCodec::Worker>> IsolatedCodec::take() const {
  std::unique_lock lock(mutex_);
  free_.wait(lock, [&] { return !idle_.empty() || count_ < options_.workers_max; });
  if (!idle_.empty()) {
    auto worker = std::move(idle_.back());
    idle_.pop_back();
    return worker;
  }
  ++count_;
  lock.unlock();
  auto started = Worker::start(options_.command);
  if (!started) give_back(nullptr);
  return started;
}

/// Null for one that is gone.
void IsolatedCodec::give_back(std::unique_ptr<Worker> worker) const {
  {
    const std::scoped_lock lock(mutex_);
    if (worker) {
      idle_.push_back(std::move(worker));
    } else {
      --count_;
    }
  }
  free_.notify_one();
}

Result<IsolatedCodec::Answer> IsolatedCodec::ask(const Request& request) const {
  if (request.bytes.size() > kMessageBytesMax) {
    return fail(ErrorCode::kResourceExhausted,
                join_text("the picture has ", readable_bytes(request.bytes.size())));
  }
  SIMILE_ASSIGN(auto worker, take());
  Result<Answer> answer = worker->ask(request, options_.seconds_max);
  if (answer && !is_plausible(request.head, answer->head)) answer = died();
  if (!answer) worker.reset();
  give_back(std::move(worker));
  SIMILE_TRY(answer);
  if (answer->head.error == 0) return answer;
  constexpr std::size_t kMessageMax = 1'000;
  std::string message(reinterpret_cast<const char*>(answer->bytes.data()),
                      std::min(answer->bytes.size(), kMessageMax));
  if (!is_utf8(message)) message = "the picture cannot be decoded";
  const bool known = answer->head.error <= static_cast<std::uint32_t>(ErrorCode::kDataLoss);
  return fail(known ? static_cast<ErrorCode>(answer->head.error) : ErrorCode::kInternal,
              std::move(message));
}

Result<Pixels> IsolatedCodec::decode(std::span<const std::byte> encoded,
                                     const PictureLimits& limits, const Framing& framing) const {
  if (encoded.size() > limits.bytes_max) {
    return fail(ErrorCode::kResourceExhausted,
                join_text("the picture has ", readable_bytes(encoded.size()), ", more than the ",
                          readable_bytes(limits.bytes_max), " that are allowed"));
  }
  Request request{.head = {}, .bytes = encoded};
  request.head.fit = static_cast<std::uint32_t>(framing.fit);
  request.head.width = framing.width;
  request.head.height = framing.height;
  request.head.shorter_side = framing.shorter_side;
  request.head.pixels_max = limits.pixels_max;
  request.head.bytes_max = limits.bytes_max;
  request.head.bytes = encoded.size();
  SIMILE_ASSIGN(const Answer answer, ask(request));
  const AnswerHead& head = answer.head;
  const auto* first = reinterpret_cast<const std::uint8_t*>(answer.bytes.data());
  return Pixels{.width = head.width,
                .height = head.height,
                .rgb = {first, first + answer.bytes.size()},
                .original = {head.whole_width, head.whole_height}};
}

Result<std::vector<std::byte>> IsolatedCodec::encode_jpeg(const Pixels& pixels) const {
  Request request{.head = {}, .bytes = std::as_bytes(std::span(pixels.rgb))};
  request.head.encode = 1;
  request.head.width = pixels.width;
  request.head.height = pixels.height;
  request.head.bytes = request.bytes.size();
  SIMILE_ASSIGN(Answer answer, ask(request));
  return std::move(answer.bytes);
}

void isolate_pictures(IsolationOptions options) {
  static const IsolatedCodec codec(std::move(options));
  use_picture_codec(codec);
}

}  // namespace simile::features
