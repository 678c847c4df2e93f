/// Calls a second of a server, from one process that costs little, so that two cores measure the
/// server and not its clients:
///
///   load_bench call ADDRESS METHOD REQUESTS CLIENTS IN_FLIGHT SECONDS
///     Each client is a connection of its own with IN_FLIGHT calls under way. REQUESTS is a file of
///     serialised messages, each behind its length (u32), which are sent by turns.
///   load_bench echo
///     A server of gRPC that answers every call with the bytes that came, on gRPC's own threads:
///     what a call costs where nothing is done. Prints its port; ends with its standard input.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

std::vector<grpc::ByteBuffer> read_requests(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<grpc::ByteBuffer> requests;
  for (std::size_t at = 0; at + sizeof(std::uint32_t) <= bytes.size();) {
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + at, sizeof length);
    at += sizeof length;
    const grpc::Slice slice(bytes.data() + at, length);
    requests.emplace_back(&slice, 1);
    at += length;
  }
  return requests;
}

/// One call at a time, again and again.
struct Caller {
  grpc::GenericStub* stub = nullptr;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer answer;
  grpc::Status status;
  Clock::time_point begin;
};

class Load {
 public:
  Load(std::string method, std::vector<grpc::ByteBuffer> requests)
      : method_(std::move(method)), requests_(std::move(requests)) {}

  void add_client(const std::string& address, int in_flight, int number) {
    grpc::ChannelArguments arguments;
    // Else channels with the same arguments share a connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt("number", number);
    arguments.SetMaxReceiveMessageSize(-1);
    stubs_.push_back(std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
    for (int i = 0; i < in_flight; ++i) {
      callers_.push_back(std::make_unique<Caller>());
      callers_.back()->stub = stubs_.back().get();
    }
  }

  /// Times in seconds of the calls that ended within `seconds`; empty where one failed.
  std::vector<double> run(double seconds) {
    const Clock::time_point begin = Clock::now();
    const auto end =
        begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (const auto& caller : callers_) start(*caller);
    std::vector<double> times;
    std::size_t under_way = callers_.size();
    void* tag = nullptr;
    bool ok = false;
    while (under_way > 0 && queue_.Next(&tag, &ok)) {
      Caller& caller = *static_cast<Caller*>(tag);
      const Clock::time_point now = Clock::now();
      if (!caller.status.ok()) {
        std::fprintf(stderr, "call failed: %s\n", caller.status.error_message().c_str());
        return {};
      }
      if (now < end) {
        times.push_back(std::chrono::duration<double>(now - caller.begin).count());
        start(caller);
      } else {
        --under_way;
      }
    }
    return times;
  }

 private:
  void start(Caller& caller) {
    caller.answer.Clear();
    caller.context = std::make_unique<grpc::ClientContext>();
    caller.begin = Clock::now();
    caller.reader = caller.stub->PrepareUnaryCall(caller.context.get(), method_,
                                                  requests_[next_++ % requests_.size()], &queue_);
    caller.reader->StartCall();
    caller.reader->Finish(&caller.answer, &caller.status, &caller);
  }

  const std::string method_;
  std::vector<grpc::ByteBuffer> requests_;
  std::size_t next_ = 0;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::vector<std::unique_ptr<Caller>> callers_;
};

/// Of this process.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int call(char** arguments) {
  Load load(arguments[3], read_requests(arguments[4]));
  const int clients = std::atoi(arguments[5]);
  const int in_flight = std::atoi(arguments[6]);
  const double seconds = std::atof(arguments[7]);
  for (int i = 0; i < clients; ++i) load.add_client(arguments[2], in_flight, i);
  constexpr double kWarmUpSeconds = 0.5;
  if (load.run(kWarmUpSeconds).empty()) return 1;
  const double before = processor_seconds();
  std::vector<double> times = load.run(seconds);
  if (times.empty()) return 1;
  const double used = processor_seconds() - before;
  std::ranges::sort(times);
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))] * 1e3;
  };
  const auto calls = static_cast<double>(times.size());
  std::printf(
      "{\"calls_per_second\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"client_us\": %.1f}\n",
      calls / seconds, at(0.5), at(0.99), used / calls * 1e6);
  return 0;
}

class Echo final : public grpc::ServerGenericBidiReactor {
 public:
  Echo() { StartRead(&bytes_); }
  void OnReadDone(bool ok) override {
    if (ok) {
      StartWriteAndFinish(&bytes_, {}, grpc::Status::OK);
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer bytes_;
};

class EchoService final : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* /*context*/) override {
    return new Echo;
  }
};

int echo() {
  EchoService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  const auto server = builder.BuildAndStart();
  std::printf("%d\n", port);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 8 && std::strcmp(argv[1], "call") == 0) return call(argv);
  if (argc == 2 && std::strcmp(argv[1], "echo") == 0) return echo();
  std::fputs("load_bench call ADDRESS METHOD REQUESTS CLIENTS IN_FLIGHT SECONDS\nload_bench echo\n",
             stderr);
  return 2;
}
