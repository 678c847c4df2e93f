#include "simile/db/database_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/io/encrypted_storage.h"
#include "simile/io/keyring.h"

namespace simile {

namespace db {
namespace {

/// 64 digits, and space around them.
constexpr std::size_t kTextBytesMax = 256;

std::optional<int> digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

Result<io::SecretKey> parse_key(std::string_view text, std::string_view where) {
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  io::SecretKey key;
  bool right = text.size() == 2 * io::SecretKey::kBytes;
  for (std::size_t i = 0; right && i < io::SecretKey::kBytes; ++i) {
    const auto high = digit_of(text[2 * i]);
    const auto low = digit_of(text[2 * i + 1]);
    right = high && low;
    if (right) key.bytes()[i] = static_cast<std::byte>(*high * 16 + *low);
  }
  if (right) return key;
  return fail(ErrorCode::kInvalidArgument,
              join_text("what ", where, " is no key: a key is ", 2 * io::SecretKey::kBytes,
                        " hexadecimal digits, such as simile key new makes"));
}

/// Wiped when it is no longer needed.
struct SecretText {
  std::array<char, kTextBytesMax> bytes{};
  std::size_t size = 0;
  ~SecretText() { io::wipe(std::as_writable_bytes(std::span(bytes))); }
  std::string_view view() const { return {bytes.data(), size}; }
};

Result<io::SecretKey> read_key_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status {};
  const bool opened = fd >= 0 && ::fstat(fd, &status) == 0;
  SecretText text;
  const ssize_t size = opened ? ::read(fd, text.bytes.data(), text.bytes.size()) : -1;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (size < 0) {
    return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kPermissionDenied,
                join_text("cannot read the key file '", path, "': ", std::strerror(error)));
  }
  // Pipes are for a shell's <(...), and nobody else sees them.
  if (S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(ErrorCode::kPermissionDenied,
                join_text("others than its owner may read the key file '", path,
                          "'; run: chmod 600 ", path));
  }
  text.size = static_cast<std::size_t>(size);
  return parse_key(text.view(), join_text("the file '", path, "' holds"));
}

Result<io::SecretKey> run_key_command(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "re");
  if (pipe == nullptr) {
    return fail(ErrorCode::kUnavailable,
                join_text("cannot run the key command: ", std::strerror(errno)));
  }
  std::setvbuf(pipe, nullptr, _IONBF, 0);  // no copy of the key in a buffer
  SecretText text;
  text.size = std::fread(text.bytes.data(), 1, text.bytes.size(), pipe);
  const int status = ::pclose(pipe);
  if (status != 0) {
    return fail(ErrorCode::kUnavailable,
                join_text("the key command failed with status ",
                          WIFEXITED(status) ? WEXITSTATUS(status) : status));
  }
  return parse_key(text.view(), "the key command printed");
}

}  // namespace

Result<io::SecretKey> read_key(const KeySource& source) {
  const int given = !source.digits.empty() + !source.file.empty() + !source.command.empty();
  if (given != 1) {
    return fail(ErrorCode::kInvalidArgument,
                given == 0 ? "no key is given: name a key file or a key command"
                           : "several keys are given: name one key file or one key command");
  }
  if (!source.file.empty()) return read_key_file(source.file);
  if (!source.command.empty()) return run_key_command(source.command);
  return parse_key(source.digits, "was given");
}

Result<std::shared_ptr<io::Storage>> open_storage(const std::string& path, bool create,
                                                  const KeySource& key) {
  if (key.given()) {
    SIMILE_ASSIGN(const io::SecretKey master, read_key(key));
    SIMILE_ASSIGN(auto storage, io::open_posix_storage(path, create));
    return io::open_encrypted_storage(std::move(storage), master);
  }
  SIMILE_ASSIGN(auto storage, io::open_posix_storage(path, create));
  SIMILE_ASSIGN(const bool encrypted, io::has_keyring(*storage));
  if (!encrypted) return storage;
  return fail(ErrorCode::kPermissionDenied,
              join_text(path,
                        " is encrypted: give its key, by --key-file or key_file=, by "
                        "--key-command, or in the environment as SIMILE_KEY_FILE"));
}

}  // namespace db

Result<std::string> make_key() {
  SIMILE_ASSIGN(const io::SecretKey key, io::SecretKey::random());
  std::string digits;
  for (const std::byte byte : key.bytes()) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    digits += kDigits[static_cast<std::size_t>(byte >> 4)];
    digits += kDigits[static_cast<std::size_t>(byte & std::byte{15})];
  }
  return digits;
}

KeySource key_from_environment() {
  const auto value = [](const char* name) {
    const char* const found = std::getenv(name);
    return std::string(found == nullptr ? "" : found);
  };
  return {value("SIMILE_KEY"), value("SIMILE_KEY_FILE"), value("SIMILE_KEY_COMMAND")};
}

}  // namespace simile
