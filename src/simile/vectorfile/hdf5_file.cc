// One data set of an HDF5 file, as ann-benchmarks publishes them: `train`, `test`, `neighbors` and
// `distances` in the root group, and the attribute `distance` of the file.
//
// Of 1,500 files with a few damaged bytes, 13 crashed the library (1.10.8). So it runs in a process
// of its own, and a crash is an error like any other:
// 1. The parent forks. The child closes all files but one end of a socket, so that it holds no lock
//    of a database, and dies with its parent.
// 2. The child opens the file and sends what it found, or the error.
// 3. The parent sends a number of rows; the child answers with an error, or with the rows.
// 4. The child ends when the parent has closed its end.

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/array_file.h"
#include "simile/vectorfile/byte_source.h"
#include "simile/vectorfile/hdf5_reader.h"

namespace simile::vectorfile {

namespace {

/// One end of a socket between the two processes.
class Channel {
 public:
  explicit Channel(int descriptor) : descriptor_(descriptor) {}
  Channel(Channel&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Channel& operator=(Channel&&) = delete;
  ~Channel() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

  /// False where the other side is gone.
  bool send(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool receive(std::span<std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t got = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }

  /// A message with its length in front.
  bool send_message(const ByteWriter& message) const {
    const std::uint64_t size = message.size();
    return send(std::as_bytes(std::span(&size, 1))) && send(message.bytes());
  }
  std::optional<std::vector<std::byte>> receive_message() const {
    constexpr std::uint64_t kMessageBytesMax = 64 << 10;
    std::uint64_t size = 0;
    if (!receive(std::as_writable_bytes(std::span(&size, 1))) || size > kMessageBytesMax) {
      return std::nullopt;
    }
    std::vector<std::byte> message(static_cast<std::size_t>(size));
    if (!receive(message)) return std::nullopt;
    return message;
  }

 private:
  int descriptor_;
};

/// An error, or the empty message that stands for none.
ByteWriter status_message(const Status& status) {
  ByteWriter message;
  message.put(static_cast<std::uint8_t>(status ? 0 : 1));
  if (!status) {
    message.put(status.error().code);
    message.put_string(status.error().message);
  }
  return message;
}

Status read_status(ByteReader& message) {
  if (message.get<std::uint8_t>() == 0) return {};
  const auto code = message.get<ErrorCode>();
  return fail(code, std::string(message.get_string()));
}

// In the child.

void serve_rows(Hdf5Reader& reader, const Channel& parent) {
  const std::size_t row_bytes =
      static_cast<std::size_t>(reader.contents().columns) * width_of(reader.contents().stored);
  std::vector<std::byte> rows;
  std::uint64_t count = 0;
  while (parent.receive(std::as_writable_bytes(std::span(&count, 1)))) {
    rows.resize(static_cast<std::size_t>(count) * row_bytes);
    const Status status = reader.read(static_cast<std::size_t>(count), rows.data());
    if (!parent.send_message(status_message(status)) || !status || !parent.send(rows)) return;
  }
}

[[noreturn]] void run_child(const Channel& parent, const std::string& path,
                            const std::string& dataset) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGINT, SIG_IGN);  // Ctrl-C is the parent's, which then closes its end
  const struct rlimit no_core = {0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const auto keep = static_cast<unsigned>(parent.descriptor());
  if (keep > 3) ::close_range(3, keep - 1, 0);
  ::close_range(keep + 1, ~0u, 0);

  auto reader = Hdf5Reader::open(path, dataset);
  Status status;
  if (!reader) status = std::unexpected(reader.error());
  ByteWriter message = status_message(status);
  if (reader) message.put(reader->contents());
  if (parent.send_message(message) && reader) serve_rows(*reader, parent);
  ::_exit(0);
}

// In the parent.

std::unexpected<Error> reader_crashed(const std::string& path) {
  return fail(ErrorCode::kDataLoss,
              join_text(path, ": damaged, the HDF5 library crashed on it; copy the file anew"));
}

class ProcessRows final : public RowSource {
 public:
  ProcessRows(std::string path, Channel child, pid_t pid)
      : path_(std::move(path)), child_(std::move(child)), pid_(pid) {}
  ~ProcessRows() override {
    ::shutdown(child_.descriptor(), SHUT_RDWR);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  ProcessRows(const ProcessRows&) = delete;
  ProcessRows& operator=(const ProcessRows&) = delete;

  /// Step 2; call it once.
  Result<Hdf5Reader::Contents> contents() {
    const auto message = child_.receive_message();
    if (!message) return reader_crashed(path_);
    ByteReader reader(*message);
    SIMILE_TRY(read_status(reader));
    auto contents = reader.get<Hdf5Reader::Contents>();
    row_bytes_ = static_cast<std::size_t>(contents.columns) * width_of(contents.stored);
    return contents;
  }

  Status read(std::size_t rows, std::byte* to) override {
    const std::uint64_t count = rows;
    if (!child_.send(std::as_bytes(std::span(&count, 1)))) return reader_crashed(path_);
    const auto message = child_.receive_message();
    if (!message) return reader_crashed(path_);
    ByteReader reader(*message);
    SIMILE_TRY(read_status(reader));
    if (child_.receive({to, rows * row_bytes_})) return {};
    return reader_crashed(path_);
  }

 private:
  std::string path_;
  Channel child_;
  pid_t pid_;
  std::size_t row_bytes_ = 0;
};

/// Step 1.
Result<std::unique_ptr<ProcessRows>> start_reader(const std::string& path,
                                                  const std::string& dataset) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail(ErrorCode::kResourceExhausted,
                join_text(path, ": no socket to read it through: ", std::strerror(errno)));
  }
  Channel parent_end(ends[0]);
  Channel child_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) {
    return fail(ErrorCode::kResourceExhausted,
                join_text(path, ": no process to read it in: ", std::strerror(errno)));
  }
  if (pid == 0) run_child(child_end, path, dataset);
  return std::make_unique<ProcessRows>(path, std::move(parent_end), pid);
}

}  // namespace

Result<std::unique_ptr<VectorFile>> open_hdf5(const std::string& path, const OpenOptions& options) {
  SIMILE_ASSIGN(const auto readable, FileSource::open(path));  // for its errors
  FileInfo info;
  info.path = path;
  info.format = "hdf5";
  info.dataset = options.dataset.empty() ? options.usual_dataset : options.dataset;
  SIMILE_ASSIGN(auto rows, start_reader(path, info.dataset));
  SIMILE_ASSIGN(const Hdf5Reader::Contents contents, rows->contents());
  info.metric = contents.metric;
  Array array;
  array.stored = contents.stored;
  array.rows = contents.rows;
  array.columns = contents.columns;
  array.source = std::move(rows);
  return open_array(std::move(array), std::move(info), options);
}

}  // namespace simile::vectorfile
