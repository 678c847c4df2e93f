#include "simile/vectorfile/array_file.h"

#include <algorithm>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::vectorfile {

namespace {

class ArrayFile final : public VectorFile {
 public:
  ArrayFile(FileInfo info, Array array, Conversion conversion)
      : VectorFile(std::move(info)), array_(std::move(array)), conversion_(conversion) {}

  Status next(std::size_t rows_max, Block& block) override {
    const std::uint64_t left = array_.rows - done_;
    const auto rows = static_cast<std::size_t>(std::min<std::uint64_t>(rows_max, left));
    block.first_row = done_;
    block.rows = 0;
    block.columns.clear();
    block.vectors.resize(rows * info_.type.bytes());
    if (rows == 0) return {};
    if (conversion_.identity()) {
      SIMILE_TRY(array_.source->read(rows, block.vectors.data()));
    } else {
      stored_.resize(rows * conversion_.stored_row_bytes());
      SIMILE_TRY(array_.source->read(rows, stored_.data()));
      Status converted = conversion_.convert(stored_.data(), rows, done_, block.vectors.data());
      if (!converted) {
        return fail(converted.error().code, join_text(info_.path, ": ", converted.error().message));
      }
    }
    block.rows = rows;
    done_ += rows;
    return {};
  }

  std::uint64_t rows_estimate() const override { return array_.rows; }

 private:
  Array array_;
  Conversion conversion_;
  std::uint64_t done_ = 0;
  std::vector<std::byte> stored_;
};

}  // namespace

Result<std::unique_ptr<VectorFile>> open_array(Array array, FileInfo info,
                                               const OpenOptions& options) {
  auto type = delivered_type(array.stored, array.columns, options.element);
  if (!type) return fail(type.error().code, join_text(info.path, ": ", type.error().message));
  info.stored_type = name_of(array.stored);
  info.type = *type;
  info.rows = array.rows;
  const Conversion conversion(array.stored, static_cast<std::size_t>(array.columns), *type);
  return std::make_unique<ArrayFile>(std::move(info), std::move(array), conversion);
}

}  // namespace simile::vectorfile
