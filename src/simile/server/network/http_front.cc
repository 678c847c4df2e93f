#include "simile/server/network/http_front.h"

namespace simile::server {

namespace {

/// What this thread serves, for handlers, which httplib tells nothing about it.
struct Serving {
  HttpConnection* connection = nullptr;
  bool close_after_answer = false;
};
thread_local Serving serving;

/// Threads made when they are needed, which then stay for later connections.
class ConnectionThreads final : public httplib::TaskQueue {
 public:
  explicit ConnectionThreads(std::size_t most) : most_(most) {}

  void enqueue(std::function<void()> task) override {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
    // A few more than connections, so that one that is being refused does not wait.
    constexpr std::size_t kSpare = 8;
    if (idle_ < tasks_.size() && threads_.size() < most_ + kSpare) {
      threads_.emplace_back([this] { work(); });
    }
    wake_.notify_one();
  }

  void shutdown() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::jthread& thread : threads_) thread.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      --idle_;
      if (tasks_.empty()) return;
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

/// httplib deletes its queue when it stops; the threads stay until then for sockets of others, too.
class SharedThreads final : public httplib::TaskQueue {
 public:
  explicit SharedThreads(httplib::TaskQueue& threads) : threads_(threads) {}
  void enqueue(std::function<void()> task) override { threads_.enqueue(std::move(task)); }
  void shutdown() override { threads_.shutdown(); }

 private:
  httplib::TaskQueue& threads_;
};

}  // namespace

bool HttpConnections::add(HttpConnection& connection) {
  const std::scoped_lock lock(mutex_);
  if (open_.size() >= most_) {
    HttpConnection* longest = nullptr;
    for (HttpConnection* each : open_) {
      const std::int64_t since = each->waiting_since();
      if (since != 0 && (longest == nullptr || since < longest->waiting_since())) longest = each;
    }
    if (longest == nullptr) return false;
    longest->cut_off();
    open_.erase(longest);  // its thread sees it soon
  }
  open_.insert(&connection);
  return true;
}

void HttpConnections::remove(HttpConnection& connection) {
  const std::scoped_lock lock(mutex_);
  open_.erase(&connection);
}

void HttpConnections::cut_off_waiting() {
  const std::scoped_lock lock(mutex_);
  for (const HttpConnection* each : open_) {
    if (each->waiting_since() != 0) each->cut_off();
  }
}

std::size_t HttpConnections::size() const {
  const std::scoped_lock lock(mutex_);
  return open_.size();
}

HttpFront::HttpFront(const HttpLimits& limits, std::size_t connections_max,
                     std::unique_ptr<TlsContext> tls)
    : limits_(limits),
      connections_(connections_max),
      threads_(std::make_unique<ConnectionThreads>(connections_max)),
      tls_(std::move(tls)) {
  set_tcp_nodelay(true);  // else 43 ms a request
  set_payload_max_length(limits.body_bytes_max);
  new_task_queue = [this] { return new SharedThreads(*threads_); };
}

void HttpFront::take(int socket) {
  threads_->enqueue([this, socket] { process_and_close_socket(socket); });
}

void HttpFront::begin_work() {
  if (serving.connection != nullptr) serving.connection->begin_work();
}

int HttpFront::socket_at_work() {
  return serving.connection == nullptr ? -1 : serving.connection->socket();
}

void HttpFront::close_after_answer() { serving.close_after_answer = true; }

bool HttpFront::serve_one(HttpConnection& connection) {
  bool closed = false;
  serving = {.connection = &connection};
  // What is no head is answered, and what follows it is not looked at.
  serving.close_after_answer = true;
  const auto head_is_read = [&connection](httplib::Request& request) {
    serving.close_after_answer = false;
    // Answers are never cut into ranges, and httplib reads a range with a recursive expression.
    request.ranges.clear();
    connection.begin_body();
  };
  const bool stopping = svr_sock_ < 0;
  const bool answered = process_request(connection, stopping, closed, head_is_read);
  const bool goes_on = answered && !closed && !stopping && !serving.close_after_answer;
  serving = {};
  return goes_on;
}

bool HttpFront::process_and_close_socket(int socket) {
  HttpConnection connection(socket, limits_);
  if (!connections_.add(connection)) return false;
  bool usable = tls_ == nullptr || connection.start_tls(*tls_->current());
  while (usable && svr_sock_ >= 0 && connection.wait_for_request()) usable = serve_one(connection);
  connections_.remove(connection);
  return true;
}

}  // namespace simile::server
