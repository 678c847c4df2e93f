#include "simile/vectorfile/array_writer.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/npy_header.h"

namespace simile::vectorfile {

struct ArrayWriter::State {
  std::string path;
  std::string partial_path;  // its name until it is whole
  std::FILE* file = nullptr;
  Format format = Format::kNpy;
  Type type = Type::kFloat32;
  std::uint32_t columns = 0;
  std::uint64_t rows = 0;
  bool finished = false;
  std::vector<std::int32_t> narrow;  // a row of .ivecs
};

namespace {

std::string_view descr_of(ArrayWriter::Type type) {
  return type == ArrayWriter::Type::kFloat32 ? "<f4" : "<i8";
}

std::unexpected<Error> write_failed(const std::string& path) {
  const int error = errno;
  const ErrorCode code = error == ENOSPC || error == EDQUOT    ? ErrorCode::kResourceExhausted
                         : error == EACCES || error == EROFS   ? ErrorCode::kPermissionDenied
                         : error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound
                                                               : ErrorCode::kUnknown;
  return fail(code, join_text(path, ": cannot be written: ", std::strerror(error)));
}

}  // namespace

ArrayWriter::ArrayWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

ArrayWriter::~ArrayWriter() {
  if (state_->file != nullptr) std::fclose(state_->file);
  if (!state_->finished) std::remove(state_->partial_path.c_str());
}

Result<std::unique_ptr<ArrayWriter>> ArrayWriter::create(const std::string& path, Type type,
                                                         std::uint32_t columns) {
  const std::string_view vecs = type == Type::kFloat32 ? ".fvecs" : ".ivecs";
  if (!path.ends_with(".npy") && !path.ends_with(vecs)) {
    return fail(ErrorCode::kInvalidArgument, join_text(path, ": can be written as .npy or ", vecs));
  }
  auto state = std::make_unique<State>();
  state->path = path;
  state->partial_path = join_text(path, ".", ::getpid(), ".partial");
  state->format = path.ends_with(".npy") ? Format::kNpy : Format::kVecs;
  state->type = type;
  state->columns = columns;
  state->file = std::fopen(state->partial_path.c_str(), "wbe");
  if (state->file == nullptr) return write_failed(path);
  std::unique_ptr<ArrayWriter> writer(new ArrayWriter(std::move(state)));
  if (writer->state_->format == Format::kNpy) {
    // Its length does not depend on the number of rows, which finish() fills in.
    const std::string header = make_npy_header(descr_of(type), 0, columns);
    SIMILE_TRY(writer->write(std::as_bytes(std::span(header))));
  }
  return writer;
}

Status ArrayWriter::write(std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), state_->file) == bytes.size()) return {};
  return write_failed(state_->path);
}

Status ArrayWriter::append(std::span<const float> row) {
  SIMILE_CHECK(state_->type == Type::kFloat32 && row.size() == state_->columns);
  if (state_->format == Format::kVecs) {
    SIMILE_TRY(write(std::as_bytes(std::span(&state_->columns, 1))));
  }
  ++state_->rows;
  return write(std::as_bytes(row));
}

Status ArrayWriter::append(std::span<const std::int64_t> row) {
  SIMILE_CHECK(state_->type == Type::kInt64 && row.size() == state_->columns);
  ++state_->rows;
  if (state_->format == Format::kNpy) return write(std::as_bytes(row));
  state_->narrow.clear();
  for (const std::int64_t value : row) {
    const auto narrow = static_cast<std::int32_t>(value);
    if (narrow != value) {
      return fail(ErrorCode::kOutOfRange,
                  join_text(state_->path, ": id ", value,
                            " does not fit in the int32 of .ivecs; write .npy"));
    }
    state_->narrow.push_back(narrow);
  }
  SIMILE_TRY(write(std::as_bytes(std::span(&state_->columns, 1))));
  return write(std::as_bytes(std::span(state_->narrow)));
}

Status ArrayWriter::finish() {
  if (state_->format == Format::kNpy) {
    const std::string header =
        make_npy_header(descr_of(state_->type), state_->rows, state_->columns);
    if (std::fseek(state_->file, 0, SEEK_SET) != 0) return write_failed(state_->path);
    SIMILE_TRY(write(std::as_bytes(std::span(header))));
  }
  std::FILE* file = std::exchange(state_->file, nullptr);
  if (std::fclose(file) != 0) return write_failed(state_->path);
  if (std::rename(state_->partial_path.c_str(), state_->path.c_str()) != 0) {
    return write_failed(state_->path);
  }
  state_->finished = true;
  return {};
}

}  // namespace simile::vectorfile
