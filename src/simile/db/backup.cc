#include "simile/db/backup.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <ranges>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/checksum.h"
#include "simile/base/text.h"
#include "simile/io/keyring.h"
#include "simile/io/path.h"
#include "simile/io/tar_archive.h"
#include "simile/segment/file_names.h"

namespace simile::db {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kPieceBytes = std::size_t{4} << 20;
constexpr int kFormat = 1;

bool is_manifest(std::string_view path) {
  return io::name_in_folder(path).starts_with(segment::kManifestPrefix);
}
/// Of these the newest of a folder counts.
bool is_head(std::string_view path) {
  return is_manifest(path) || io::name_in_folder(path).starts_with(io::kKeyringPrefix);
}

/// The newest manifest and keyring of each folder, by folder and kind. Numbers have leading zeros;
/// a longer one is larger.
using Heads = std::map<std::string, std::string, std::less<>>;

Heads heads_of(const std::vector<io::FileEntry>& files) {
  Heads heads;
  for (const io::FileEntry& file : files) {
    if (!is_head(file.path)) continue;
    const std::string kind = file.path.substr(0, file.path.rfind('-') + 1);
    std::string& newest = heads[kind];
    const auto order = [](const std::string& path) { return std::pair(path.size(), path); };
    if (newest.empty() || order(newest) < order(file.path)) newest = file.path;
  }
  return heads;
}

using OpenFiles = std::vector<std::shared_ptr<io::ReadableFile>>;

/// Nothing where one has gone meanwhile.
Result<std::optional<OpenFiles>> open_all(const io::Storage& from,
                                          const std::vector<io::FileEntry>& files,
                                          const Heads& heads) {
  OpenFiles opened;
  const auto is_newest = [&](const std::string& path) {
    return std::ranges::any_of(heads, [&](const auto& head) { return head.second == path; });
  };
  for (const io::FileEntry& entry : files) {
    if (entry.path == kBackupList || (is_head(entry.path) && !is_newest(entry.path))) continue;
    auto file = from.open(entry.path);
    if (!file && file.error().code == ErrorCode::kNotFound) return std::nullopt;
    if (!file) return std::unexpected(file.error());
    opened.push_back(*std::move(file));
  }
  std::ranges::stable_partition(opened,
                                [](const auto& file) { return !is_manifest(file->path()); });
  return opened;
}

/// Steps 1 and 2.
Result<OpenFiles> capture(const io::Storage& from) {
  constexpr int kTriesMax = 1000;
  for (int i = 0; i < kTriesMax; ++i) {
    SIMILE_ASSIGN(const auto files, from.list(""));
    const Heads heads = heads_of(files);
    if (!heads.contains(segment::kManifestPrefix)) {
      return fail(ErrorCode::kFailedPrecondition,
                  join_text(from.root(), " is not a database: it has no manifest"));
    }
    SIMILE_ASSIGN(auto opened, open_all(from, files, heads));
    if (!opened) continue;
    SIMILE_ASSIGN(const auto again, from.list(""));
    if (heads_of(again) == heads) return *std::move(opened);
  }
  return fail(ErrorCode::kUnavailable,
              join_text(from.root(), " changes faster than its files can be opened; try again"));
}

/// Where files go.
class Target {
 public:
  virtual ~Target() = default;
  virtual Status begin(const std::string& path, std::uint64_t size) = 0;
  virtual Status write(std::span<const std::byte> bytes) = 0;
  virtual Status end() = 0;
};

class FolderTarget final : public Target {
 public:
  explicit FolderTarget(io::Storage& storage) : storage_(storage) {}
  Status begin(const std::string& path, std::uint64_t /*size*/) override {
    SIMILE_ASSIGN(file_, storage_.create(path));
    made_.push_back(path);
    return {};
  }
  Status write(std::span<const std::byte> bytes) override { return file_->append(bytes); }
  Status end() override {
    SIMILE_TRY(file_->sync());
    return file_->close();
  }
  /// After a failure: nothing that was made is left.
  void remove_all() {
    file_.reset();
    // Manifests came last and go first, so that no moment shows half a database.
    for (const std::string& path : std::views::reverse(made_)) (void)storage_.remove(path);
  }

 private:
  io::Storage& storage_;
  std::unique_ptr<io::WritableFile> file_;
  std::vector<std::string> made_;
};

class ArchiveTarget final : public Target {
 public:
  explicit ArchiveTarget(io::WritableFile& file) : file_(file), writer_(file) {}
  Status begin(const std::string& path, std::uint64_t size) override {
    return writer_.begin(path, size);
  }
  Status write(std::span<const std::byte> bytes) override { return writer_.write(bytes); }
  Status end() override { return {}; }
  Status finish() {
    SIMILE_TRY(writer_.finish());
    SIMILE_TRY(file_.sync());
    return file_.close();
  }

 private:
  io::WritableFile& file_;
  io::TarWriter writer_;
};

/// A file, or a part of one, that is copied.
struct Source {
  std::string path;
  const io::ReadableFile& file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct Copied {
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;

  friend bool operator==(const Copied&, const Copied&) = default;
};
using CopiedFiles = std::map<std::string, Copied>;

class Copier {
 public:
  Copier(const BackupJob& job, std::uint64_t total) : job_(job), total_(total) {}

  Result<Copied> copy(const Source& source, Target& target) {
    SIMILE_TRY(target.begin(source.path, source.size));
    Checksum64 checksum;
    for (std::uint64_t at = 0; at < source.size;) {
      if (job_.cancel != nullptr && job_.cancel->cancelled()) {
        return fail(ErrorCode::kCancelled, "the copy was cancelled; nothing is left of it");
      }
      buffer_.resize(std::min<std::uint64_t>(source.size - at, kPieceBytes));
      SIMILE_TRY(source.file.read_at(source.offset + at, buffer_));
      checksum.update(buffer_);
      SIMILE_TRY(target.write(buffer_));
      at += buffer_.size();
      done_ += buffer_.size();
      if (job_.progress) job_.progress(std::min(done_, total_), total_);
    }
    SIMILE_TRY(target.end());
    return Copied{source.size, checksum.value()};
  }

 private:
  const BackupJob& job_;
  const std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::vector<std::byte> buffer_;
};

std::string encode_list(const CopiedFiles& files) {
  Json list = Json::array();
  for (const auto& [path, copied] : files) {
    list.push_back({{"path", path}, {"bytes", copied.bytes}, {"xxh3", join_text(copied.checksum)}});
  }
  return Json{{"format", kFormat}, {"files", list}}.dump(1);
}

Result<CopiedFiles> decode_list(std::span<const std::byte> bytes, const std::string& where) {
  const char* begin = reinterpret_cast<const char*>(bytes.data());
  const Json json = Json::parse(begin, begin + bytes.size(), nullptr, false);
  const auto damaged = fail(ErrorCode::kDataLoss, join_text(where, ": ", kBackupList,
                                                            " is damaged; use another "
                                                            "backup"));
  try {
    if (!json.is_object()) return damaged;
    if (json.at("format").get<int>() > kFormat) {
      return fail(ErrorCode::kUnimplemented,
                  join_text(where, " was made by a newer version of Simile"));
    }
    CopiedFiles files;
    for (const Json& each : json.at("files")) {
      const auto path = each.at("path").get<std::string>();
      SIMILE_TRY(io::check_path(path));
      files[path] = {each.at("bytes").get<std::uint64_t>(),
                     std::stoull(each.at("xxh3").get<std::string>())};
    }
    return files;
  } catch (const std::exception&) {  // a member that is missing or of another type
    return damaged;
  }
}

Result<BackupReport> copy_captured(const OpenFiles& files, Target& target, const BackupJob& job) {
  BackupReport report;
  for (const auto& file : files) report.bytes += file->size();
  Copier copier(job, report.bytes);
  CopiedFiles copied;
  for (const auto& file : files) {
    const Source source{.path = file->path(), .file = *file, .offset = 0, .size = file->size()};
    SIMILE_ASSIGN(copied[source.path], copier.copy(source, target));
  }
  const std::string list = encode_list(copied);
  SIMILE_TRY(target.begin(std::string(kBackupList), list.size()));
  SIMILE_TRY(target.write(std::as_bytes(std::span(list))));
  SIMILE_TRY(target.end());
  report.files = files.size();
  return report;
}

Error no_list(const std::string& where) {
  return {ErrorCode::kDataLoss, join_text(where, " has no ", kBackupList,
                                          ": it is no backup, or one that was not finished")};
}

/// What a restore reads, one after the other.
class RestoreSource {
 public:
  virtual ~RestoreSource() = default;
  virtual const std::string& name() const = 0;
  virtual std::uint64_t bytes() const = 0;
  /// Nothing at the end.
  virtual Result<std::optional<Source>> next() = 0;
};

class FolderSource final : public RestoreSource {
 public:
  FolderSource(const io::Storage& storage, std::vector<io::FileEntry> files)
      : storage_(storage), files_(std::move(files)) {}
  const std::string& name() const override { return storage_.root(); }
  std::uint64_t bytes() const override {
    std::uint64_t sum = 0;
    for (const io::FileEntry& file : files_) sum += file.size;
    return sum;
  }
  Result<std::optional<Source>> next() override {
    if (next_ == files_.size()) return std::nullopt;
    SIMILE_ASSIGN(file_, storage_.open(files_[next_++].path));
    return Source{.path = file_->path(), .file = *file_, .offset = 0, .size = file_->size()};
  }

 private:
  const io::Storage& storage_;
  std::vector<io::FileEntry> files_;
  std::shared_ptr<io::ReadableFile> file_;
  std::size_t next_ = 0;
};

class ArchiveSource final : public RestoreSource {
 public:
  explicit ArchiveSource(std::shared_ptr<io::ReadableFile> file) : reader_(std::move(file)) {}
  const std::string& name() const override { return reader_.file().path(); }
  std::uint64_t bytes() const override { return reader_.file().size(); }
  Result<std::optional<Source>> next() override {
    SIMILE_ASSIGN(const auto entry, reader_.next());
    if (!entry) return std::nullopt;
    return Source{
        .path = entry->path, .file = reader_.file(), .offset = entry->offset, .size = entry->size};
  }

 private:
  io::TarReader reader_;
};

/// The bytes of a small file: a list or a manifest.
Result<std::vector<std::byte>> read_whole(const Source& source) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 30;
  if (source.size > kMost) {
    return fail(ErrorCode::kDataLoss, join_text(source.path, " is too large to be what it says"));
  }
  std::vector<std::byte> bytes(source.size);
  SIMILE_TRY(source.file.read_at(source.offset, bytes));
  return bytes;
}

class Restorer {
 public:
  Restorer(RestoreSource& from, io::Storage& to, const BackupJob& job)
      : from_(from), to_(to), copier_(job, from.bytes()), target_(to) {}

  Result<BackupReport> run() {
    auto done = copy_all();
    if (!done) target_.remove_all();
    return done;
  }

 private:
  Result<BackupReport> copy_all() {
    while (true) {
      SIMILE_ASSIGN(const auto source, from_.next());
      if (!source) break;
      SIMILE_TRY(take(*source));
    }
    SIMILE_TRY(compare());
    // The database appears with its manifest, that of the folder itself behind those below.
    std::ranges::stable_partition(
        manifests_, [](const auto& each) { return each.first.find('/') != std::string::npos; });
    for (const auto& [path, bytes] : manifests_) SIMILE_TRY(to_.publish(path, bytes));
    BackupReport report{.files = copied_.size()};
    for (const auto& [path, copied] : copied_) report.bytes += copied.bytes;
    return report;
  }

  Status take(const Source& source) {
    if (copied_.contains(source.path)) {
      return fail(ErrorCode::kDataLoss, join_text(from_.name(), " has ", source.path, " twice"));
    }
    if (source.path == kBackupList || is_manifest(source.path)) {
      SIMILE_ASSIGN(std::vector<std::byte> bytes, read_whole(source));
      if (source.path == kBackupList) {
        list_ = std::move(bytes);
        return {};
      }
      copied_[source.path] = {bytes.size(), checksum64(bytes)};
      manifests_.emplace_back(source.path, std::move(bytes));
      return {};
    }
    SIMILE_ASSIGN(copied_[source.path], copier_.copy(source, target_));
    return {};
  }

  Status compare() const {
    if (!list_) {
      return std::unexpected(no_list(from_.name()));
    }
    SIMILE_ASSIGN(const CopiedFiles wanted, decode_list(*list_, from_.name()));
    for (const auto& [path, copied] : wanted) {
      const auto found = copied_.find(path);
      if (found == copied_.end()) {
        return fail(ErrorCode::kDataLoss,
                    join_text(from_.name(), " lacks ", path, "; use another backup"));
      }
      if (found->second == copied) continue;
      return fail(
          ErrorCode::kDataLoss,
          join_text(from_.name(), ": ", path, " is not as it was backed up (", found->second.bytes,
                    " bytes, once ", copied.bytes, ", or another checksum); use another backup"));
    }
    for (const auto& [path, copied] : copied_) {
      if (wanted.contains(path)) continue;
      return fail(ErrorCode::kDataLoss,
                  join_text(from_.name(), " has ", path, ", which is not of the backup"));
    }
    return {};
  }

  RestoreSource& from_;
  io::Storage& to_;
  Copier copier_;
  FolderTarget target_;
  CopiedFiles copied_;
  std::vector<std::pair<std::string, std::vector<std::byte>>> manifests_;
  std::optional<std::vector<std::byte>> list_;
};

}  // namespace

Status need_empty(const io::Storage& to) {
  SIMILE_ASSIGN(const auto there, to.list(""));
  if (there.empty()) return {};
  return fail(ErrorCode::kAlreadyExists,
              join_text("there is something in ", to.root(), " already; name a new directory"));
}

Result<BackupReport> back_up(const io::Storage& from, io::Storage& to, const BackupJob& job) {
  SIMILE_TRY(need_empty(to));
  SIMILE_ASSIGN(const OpenFiles files, capture(from));
  FolderTarget target(to);
  auto report = copy_captured(files, target, job);
  if (!report) target.remove_all();
  return report;
}

Result<BackupReport> back_up_to_archive(const io::Storage& from, io::Storage& to,
                                        const std::string& name, const BackupJob& job) {
  SIMILE_ASSIGN(const OpenFiles files, capture(from));
  SIMILE_ASSIGN(const auto file, to.create(name));
  ArchiveTarget target(*file);
  auto report = copy_captured(files, target, job);
  Status finished;
  if (report) finished = target.finish();
  if (report && finished) return report;
  (void)to.remove(name);
  if (!report) return report;
  return std::unexpected(finished.error());
}

Result<BackupReport> restore(const io::Storage& from, io::Storage& to, const BackupJob& job) {
  SIMILE_TRY(need_empty(to));
  SIMILE_ASSIGN(auto files, from.list(""));
  const auto is_list = [](const io::FileEntry& file) { return file.path == kBackupList; };
  if (std::ranges::none_of(files, is_list)) return std::unexpected(no_list(from.root()));
  FolderSource source(from, std::move(files));
  return Restorer(source, to, job).run();
}

Result<BackupReport> restore_archive(std::shared_ptr<io::ReadableFile> archive, io::Storage& to,
                                     const BackupJob& job) {
  SIMILE_TRY(need_empty(to));
  ArchiveSource source(std::move(archive));
  return Restorer(source, to, job).run();
}

}  // namespace simile::db
