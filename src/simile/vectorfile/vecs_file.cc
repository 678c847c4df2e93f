// The TEXMEX form (Jegou, Douze, Schmid, http://corpus-texmex.irisa.fr): each row is an int32
// number of components, the same in every row, then the components: float (.fvecs), uint8 (.bvecs)
// or int32 (.ivecs).

#include <cstring>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/array_file.h"
#include "simile/vectorfile/byte_source.h"

namespace simile::vectorfile {

namespace {

constexpr std::size_t kPrefixBytes = 4;

class VecsRows final : public RowSource {
 public:
  VecsRows(std::unique_ptr<FileSource> file, std::uint32_t columns, std::size_t row_bytes)
      : file_(std::move(file)), columns_(columns), row_bytes_(row_bytes) {}

  Status read(std::size_t rows, std::byte* to) override {
    const std::size_t record_bytes = kPrefixBytes + row_bytes_;
    records_.resize(rows * record_bytes);
    SIMILE_TRY(file_->read_exactly(records_, join_text("row ", done_, " or later")));
    for (std::size_t row = 0; row < rows; ++row, to += row_bytes_) {
      const std::byte* record = records_.data() + row * record_bytes;
      std::uint32_t columns = 0;
      std::memcpy(&columns, record, sizeof columns);
      if (columns != columns_) {
        return fail(ErrorCode::kDataLoss,
                    join_text(file_->name(), ": row ", done_ + row, " has ",
                              static_cast<std::int32_t>(columns), " components, the first has ",
                              columns_, "; the file is damaged or not of the type its name says"));
      }
      std::memcpy(to, record + kPrefixBytes, row_bytes_);
    }
    done_ += rows;
    return {};
  }

 private:
  std::unique_ptr<FileSource> file_;
  std::uint32_t columns_;
  std::size_t row_bytes_;
  std::uint64_t done_ = 0;
  std::vector<std::byte> records_;
};

StoredType type_of_extension(const std::string& path) {
  if (path.ends_with(".bvecs")) return StoredType::kUint8;
  return path.ends_with(".ivecs") ? StoredType::kInt32 : StoredType::kFloat32;
}

}  // namespace

Result<std::unique_ptr<VectorFile>> open_vecs(const std::string& path, const OpenOptions& options) {
  SIMILE_ASSIGN(auto file, FileSource::open(path));
  std::uint32_t columns = 0;
  SIMILE_TRY(file->read_exactly(std::as_writable_bytes(std::span(&columns, 1)), "the first row"));
  file->seek(0);
  const StoredType stored = type_of_extension(path);
  if (columns == 0 || columns > kMaxDimension) {
    return fail(ErrorCode::kDataLoss,
                join_text(path, ": the first row has ", static_cast<std::int32_t>(columns),
                          " components; 1 to ", kMaxDimension,
                          " can be read, so this is not a file of its name's type"));
  }
  const std::size_t row_bytes = columns * width_of(stored);
  const std::uint64_t record_bytes = kPrefixBytes + row_bytes;
  if (file->size() % record_bytes != 0) {
    return fail(ErrorCode::kDataLoss,
                join_text(path, ": cut off in row ", file->size() / record_bytes, ": rows of ",
                          columns, " components have ", record_bytes, " bytes, the last has ",
                          file->size() % record_bytes, "; copy the file anew"));
  }
  Array array;
  array.stored = stored;
  array.columns = columns;
  array.rows = file->size() / record_bytes;
  array.source = std::make_unique<VecsRows>(std::move(file), columns, row_bytes);
  FileInfo info;
  info.path = path;
  info.format = path.substr(path.size() - 5);
  return open_array(std::move(array), std::move(info), options);
}

}  // namespace simile::vectorfile
