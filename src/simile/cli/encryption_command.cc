#include "simile/cli/encryption_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/text_format.h"

namespace simile::cli {

namespace {

namespace fs = std::filesystem;

/// Where the server keeps the databases that clients make.
constexpr const char* kDatabasesFolder = "databases";

Status write_key_file(const std::string& path, const std::string& digits) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(errno == EEXIST ? ErrorCode::kAlreadyExists : ErrorCode::kPermissionDenied,
                join_text("cannot make the key file '", path, "': ", std::strerror(errno)));
  }
  const std::string line = digits + "\n";
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
                       ::fsync(fd) == 0;
  const int error = errno;
  if (::close(fd) == 0 && written) return {};
  ::unlink(path.c_str());
  return fail(ErrorCode::kResourceExhausted,
              join_text("cannot write the key file '", path, "': ", std::strerror(error)));
}

Result<int> run_key_new(const std::string& path, Session& session) {
  SIMILE_ASSIGN(const std::string digits, make_key());
  SIMILE_TRY(write_key_file(path, digits));
  session.console.result(Json{{"key_file", path}},
                         join_text("wrote a new key to ", safe_text(path),
                                   "; keep a copy of it apart from the database: without it "
                                   "nobody can read what it protects\n"));
  return 0;
}

struct RotateOptions {
  DatabaseOption database;
  KeySource next;
};

Status rotate(const DatabaseOption& option, const KeySource& next) {
  SIMILE_ASSIGN(const auto database, open_for_writing(option));
  SIMILE_TRY(database->change_key(next));
  return database->close();
}

/// Users, roles and the audit log of a server: a copy without them would be open to everybody.
constexpr const char* kAccessFolder = ".access";

/// The database itself, and those that a server keeps below it.
std::vector<std::string> databases_in(const std::string& path) {
  std::vector<std::string> all = {path};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(fs::path(path) / kDatabasesFolder, ignored)) {
    if (entry.is_directory()) all.push_back(entry.path().string());
  }
  return all;
}

Result<int> run_key_rotate(const RotateOptions& options, Session& session) {
  if (!options.next.given()) {
    return fail(ErrorCode::kInvalidArgument, "name the new key with --new-key-file");
  }
  const std::vector<std::string> paths = databases_in(options.database.path);
  for (const std::string& path : paths) {
    DatabaseOption each = options.database;
    each.path = path;
    const Status rotated = rotate(each, options.next);
    if (rotated) continue;
    // One that has the new key already is of a run that was cut short.
    each.key = options.next;
    if (rotated.error().code != ErrorCode::kPermissionDenied || !open_for_reading(each)) {
      return std::unexpected(rotated.error());
    }
  }
  session.console.result(Json{{"path", options.database.path}, {"databases", paths.size()}},
                         join_text(safe_text(options.database.path),
                                   " is opened by the new key from now on; the old one may go\n"));
  return 0;
}

struct CopyOptions {
  DatabaseOption database;
  std::string to;
  bool encrypt = true;
};

Result<int> run_copy(const CopyOptions& options, Session& session) {
  const KeySource& key = options.database.key;
  if (!key.given()) {
    return fail(ErrorCode::kInvalidArgument,
                "name the key with --key-file; simile key new makes one");
  }
  const KeySource none;
  const Progress progress =
      session.console.progress(options.encrypt ? "encrypting" : "decrypting", "bytes");
  for (const std::string& from : databases_in(options.database.path)) {
    const std::string to =
        (fs::path(options.to) / fs::relative(from, options.database.path)).lexically_normal();
    SIMILE_TRY(copy_database(from, options.encrypt ? none : key, to, options.encrypt ? key : none,
                             progress, &session.cancel));
  }
  const fs::path access = fs::path(options.database.path) / kAccessFolder;
  std::error_code error;
  if (fs::exists(access, error)) {
    fs::copy(access, fs::path(options.to) / kAccessFolder, fs::copy_options::recursive, error);
  }
  if (error) {
    return fail(ErrorCode::kUnavailable,
                join_text("cannot copy ", access.string(), ", the users: ", error.message()));
  }
  session.console.result(
      Json{{"path", options.to}, {"encrypted", options.encrypt}},
      join_text("copied ", safe_text(options.database.path), " to ", safe_text(options.to),
                options.encrypt ? ", encrypted; check it with simile verify, and then remove the "
                                  "old directory\n"
                                : ", not encrypted\n"));
  return 0;
}

void add_key_command(CLI::App& program, Invocation& invocation) {
  CLI::App* key = program.add_subcommand("key", "Make and change keys of encrypted databases");
  key->require_subcommand(1);
  auto path = std::make_shared<std::string>();
  CLI::App* made =
      add_command(*key, invocation, "new", "Write a new key to a file",
                  "  simile key new photos.key\n"
                  "  simile import a.npy --db photos.simile --collection a --metric l2 "
                  "--key-file photos.key\n");
  made->add_option("FILE", *path, "The file, which must not exist")->required();
  made->callback([path, &invocation] {
    invocation.action = [path](Session& session) { return run_key_new(*path, session); };
  });
  auto options = std::make_shared<RotateOptions>();
  CLI::App* rotated = add_command(
      *key, invocation, "rotate", "Change the key of a database, and of those below it",
      "  simile key rotate --db photos.simile --key-file old.key --new-key-file new.key\n\n"
      "Takes milliseconds: the key protects the keys of the files, which are written anew; data\n"
      "gets new keys as compaction rewrites it (simile compact).\n");
  add_database_option(*rotated, options->database);
  add_key_options(*rotated, options->next, "new-", "The new key");
  rotated->callback([options, &invocation] {
    invocation.action = [options](Session& session) { return run_key_rotate(*options, session); };
  });
}

void add_copy_command(CLI::App& program, Invocation& invocation, bool encrypt) {
  auto options = std::make_shared<CopyOptions>();
  options->encrypt = encrypt;
  CLI::App* command = add_command(
      program, invocation, encrypt ? "encrypt" : "decrypt",
      encrypt ? "Copy a database to an encrypted one" : "Copy an encrypted database to a plain one",
      join_text("  simile ", encrypt ? "encrypt" : "decrypt",
                " --db photos.simile --to copy.simile --key-file photos.key\n\n"
                "No process may be writing meanwhile. A database that is made with --key-file is\n"
                "encrypted from the beginning.\n"));
  add_database_option(*command, options->database);
  command->add_option("--to", options->to, "The new directory")->required()->type_name("PATH");
  command->callback([options, &invocation] {
    invocation.action = [options](Session& session) { return run_copy(*options, session); };
  });
}

}  // namespace

void add_encryption_commands(CLI::App& program, Invocation& invocation) {
  add_key_command(program, invocation);
  add_copy_command(program, invocation, true);
  add_copy_command(program, invocation, false);
}

}  // namespace simile::cli
