#include "simile/vectorfile/npy_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/zip_archive.h"

namespace simile::vectorfile {

namespace {

constexpr std::array<std::pair<std::string_view, StoredType>, 6> kDescriptors = {{
    {"<f4", StoredType::kFloat32},
    {"<f8", StoredType::kFloat64},
    {"<f2", StoredType::kFloat16},
    {"|i1", StoredType::kInt8},
    {"|u1", StoredType::kUint8},
    {"|b1", StoredType::kBool},
}};

class StreamRows final : public RowSource {
 public:
  StreamRows(std::unique_ptr<ByteSource> source, std::size_t row_bytes)
      : source_(std::move(source)), row_bytes_(row_bytes) {}

  Status read(std::size_t rows, std::byte* to) override {
    SIMILE_TRY(
        source_->read_exactly({to, rows * row_bytes_}, join_text("row ", done_, " or later")));
    done_ += rows;
    return {};
  }

 private:
  std::unique_ptr<ByteSource> source_;
  std::size_t row_bytes_;
  std::uint64_t done_ = 0;
};

std::string without_suffix(const std::string& member) {
  return member.ends_with(".npy") ? member.substr(0, member.size() - 4) : member;
}

Result<ZipMember> choose_member(const std::vector<ZipMember>& members, const OpenOptions& options,
                                const std::string& path) {
  const std::string& wanted = options.dataset.empty() ? options.usual_dataset : options.dataset;
  std::string known;
  for (const ZipMember& member : members) {
    if (without_suffix(member.name) == wanted) return member;
    known += (known.empty() ? "" : ", ") + without_suffix(member.name);
  }
  if (options.dataset.empty() && members.size() == 1) return members.front();
  if (members.empty()) return fail(ErrorCode::kDataLoss, join_text(path, ": holds no array"));
  return fail(ErrorCode::kInvalidArgument,
              join_text(path, ": no array '", wanted, "'; choose one with --dataset: ", known));
}

Result<StoredType> stored_type(const std::string& descr, const std::string& name) {
  for (const auto& [known, type] : kDescriptors) {
    if (known == descr) return type;
  }
  return fail(ErrorCode::kInvalidArgument,
              join_text(name, ": components of numpy type '", descr,
                        "'; float32, float64, float16, int8, uint8 and bool in little-endian order "
                        "can be read, so save array.astype('<f4')"));
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += join_text(i == 0 ? "" : ", ", shape[i]);
  return text + ")";
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_npy_source(const std::string& path,
                                                    const OpenOptions& options) {
  SIMILE_ASSIGN(auto file, FileSource::open(path));
  if (!path.ends_with(".npz")) return std::unique_ptr<ByteSource>(std::move(file));
  SIMILE_ASSIGN(const auto members, read_zip_members(*file));
  SIMILE_ASSIGN(const ZipMember member, choose_member(members, options, path));
  return open_zip_member(std::move(file), member);
}

Status check_npy_length(const NpyHeader& header, std::uint64_t value_bytes,
                        const ByteSource& source) {
  std::uint64_t bytes = value_bytes;
  bool too_many = false;
  for (const std::uint64_t length : header.shape) {
    too_many = __builtin_mul_overflow(bytes, length, &bytes) || too_many;
  }
  if (!too_many && bytes <= source.remaining()) return {};
  return fail(ErrorCode::kDataLoss,
              join_text(source.name(), ": cut off: its header says ", shape_text(header.shape),
                        " values of ", value_bytes, " bytes, and ", source.remaining(),
                        " bytes follow; copy or save the file anew"));
}

Result<Array> open_npy_array(std::unique_ptr<ByteSource> source) {
  SIMILE_ASSIGN(const NpyHeader header, read_npy_header(*source));
  SIMILE_ASSIGN(const StoredType stored, stored_type(header.descr, source->name()));
  const std::size_t dimensions = header.shape.size();
  if (dimensions != 1 && dimensions != 2) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(source->name(), ": an array of shape ", shape_text(header.shape),
                          "; vectors have shape (rows, dimension), so reshape it"));
  }
  if (header.fortran_order && dimensions == 2) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(source->name(),
                          ": stored column by column (Fortran order), which cannot "
                          "be streamed; save numpy.ascontiguousarray(array)"));
  }
  SIMILE_TRY(check_npy_length(header, width_of(stored), *source));
  Array array;
  array.stored = stored;
  array.columns = header.shape.back();
  array.rows = dimensions == 1 ? 1 : header.shape.front();
  if (array.columns > kMaxDimension) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(source->name(), ": vectors of ", array.columns, " components; 1 to ",
                          kMaxDimension, " can be read"));
  }
  const std::size_t row_bytes = static_cast<std::size_t>(array.columns) * width_of(stored);
  array.source = std::make_unique<StreamRows>(std::move(source), row_bytes);
  return array;
}

Result<std::unique_ptr<VectorFile>> open_npy(const std::string& path, const OpenOptions& options) {
  SIMILE_ASSIGN(auto source, open_npy_source(path, options));
  FileInfo info;
  info.path = path;
  info.format = path.ends_with(".npz") ? "npz" : "npy";
  if (source->name() != path) info.dataset = without_suffix(source->name().substr(path.size() + 1));
  SIMILE_ASSIGN(Array array, open_npy_array(std::move(source)));
  return open_array(std::move(array), std::move(info), options);
}

Result<std::unique_ptr<VectorFile>> open_npz(const std::string& path, const OpenOptions& options) {
  return open_npy(path, options);
}

}  // namespace simile::vectorfile
