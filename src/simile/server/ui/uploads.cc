#include "simile/server/ui/uploads.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::server {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 11> kExtensions = {".npy",   ".npz",   ".fvecs", ".bvecs",
                                                          ".ivecs", ".hdf5",  ".h5",    ".csv",
                                                          ".tsv",   ".jsonl", ".ndjson"};
constexpr std::chrono::hours kKept{1};

std::string extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  std::string extension(dot == std::string_view::npos ? "" : name.substr(dot));
  std::ranges::transform(extension, extension.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return extension;
}

std::string random_token() {
  std::random_device random;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string token;
  for (int i = 0; i < 4; ++i) {
    std::uint32_t bits = random();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) token += kHex[bits & 15];
  }
  return token;
}

/// Readable by this user alone.
Result<std::string> make_folder() {
  std::error_code error;
  const std::string letters(6, 'X');  // which mkdtemp replaces
  std::string path = (fs::temp_directory_path(error) / ("simile-upload-" + letters)).string();
  if (!error && mkdtemp(path.data()) != nullptr) return path;
  return fail(ErrorCode::kUnavailable,
              join_text(path, ": no folder for uploads can be made there; set TMPDIR"));
}

}  // namespace

bool is_import_name(std::string_view name) {
  return std::ranges::find(kExtensions, extension_of(name)) != kExtensions.end();
}

Uploads::File::~File() {
  std::error_code ignored;
  fs::remove(path, ignored);
}

Uploads::~Uploads() {
  files_.clear();
  std::error_code ignored;
  if (!folder_.empty()) fs::remove(folder_, ignored);
}

void Uploads::drop_old() {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(files_, [&](const auto& each) { return now - each.second->touched > kKept; });
}

Result<std::string> Uploads::begin(const std::string& name, std::uint64_t size) {
  if (!is_import_name(name)) {
    std::string known;
    for (const std::string_view each : kExtensions)
      known += join_text(known.empty() ? "" : " ", each);
    return fail(ErrorCode::kInvalidArgument,
                join_text("'", is_utf8(name) ? name : "the file",
                          "' is of no kind that can be imported; known: ", known));
  }
  const std::scoped_lock lock(mutex_);
  drop_old();
  std::uint64_t held = 0;
  for (const auto& [token, file] : files_) held += file->size;
  if (size > bytes_max_ || held > bytes_max_ - size) {
    return fail(ErrorCode::kResourceExhausted,
                join_text("files that are sent to the server may have ", readable_bytes(bytes_max_),
                          " together, and this one has ", readable_bytes(size),
                          "; simile import reads a file of any size"));
  }
  if (folder_.empty()) {
    SIMILE_ASSIGN(folder_, make_folder());
  }
  const std::string token = random_token();
  auto file = std::make_shared<File>();
  file->path = (fs::path(folder_) / (token + extension_of(name))).string();
  file->name = name;
  file->size = size;
  file->touched = std::chrono::steady_clock::now();
  if (!std::ofstream(file->path, std::ios::binary)) {
    return fail(ErrorCode::kUnavailable, join_text(file->path, ": cannot be written"));
  }
  files_[token] = std::move(file);
  return token;
}

Result<std::uint64_t> Uploads::append(std::string_view token, std::uint64_t offset,
                                      std::string_view bytes) {
  const std::scoped_lock lock(mutex_);
  const auto found = files_.find(token);
  if (found == files_.end()) {
    return fail(ErrorCode::kInvalidArgument, "this upload is not known any more; send it again");
  }
  File& file = *found->second;
  if (offset != file.received || bytes.size() > file.size - file.received) {
    return fail(
        ErrorCode::kInvalidArgument,
        join_text("a piece of ", bytes.size(), " bytes at ", offset, " does not follow the ",
                  file.received, " of ", file.size, " bytes that are there"));
  }
  std::ofstream out(file.path, std::ios::binary | std::ios::app);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) {
    files_.erase(found);
    return fail(ErrorCode::kUnavailable, "the upload cannot be written; is the disk full?");
  }
  file.received += bytes.size();
  file.touched = std::chrono::steady_clock::now();
  return file.received;
}

Result<std::shared_ptr<const Uploads::File>> Uploads::find(std::string_view token) const {
  const std::scoped_lock lock(mutex_);
  const auto found = files_.find(token);
  if (found == files_.end()) {
    return fail(ErrorCode::kInvalidArgument, "this upload is not known any more; send it again");
  }
  if (found->second->received == found->second->size) return found->second;
  return fail(ErrorCode::kFailedPrecondition,
              join_text("only ", found->second->received, " of ", found->second->size,
                        " bytes have been sent"));
}

void Uploads::remove(std::string_view token) {
  const std::scoped_lock lock(mutex_);
  const auto found = files_.find(token);
  if (found != files_.end()) files_.erase(found);
}

}  // namespace simile::server
