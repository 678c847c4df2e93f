// A file from a stranger must not make us read other files or load code: external storage, virtual
// data sets and links out of the file are refused, and filter plug-ins are switched off.

#include "simile/vectorfile/hdf5_reader.h"

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/byte_source.h"

namespace simile::vectorfile {

namespace {

/// An HDF5 id that is closed with what it names; negative where opening failed.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  bool ok() const { return id_ >= 0; }
  hid_t id() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

std::unexpected<Error> damaged(const std::string& path, std::string_view what) {
  return fail(ErrorCode::kDataLoss,
              join_text(path, ": ", what, "; it may be cut off or damaged, copy it anew"));
}

struct MemoryType {
  StoredType stored = StoredType::kFloat32;
  hid_t id = -1;
};

/// What the library shall convert a data set's type to; id < 0 where it holds no components.
MemoryType memory_type_of(hid_t type) {
  const H5T_class_t type_class = H5Tget_class(type);
  const std::size_t bytes = H5Tget_size(type);
  if (type_class == H5T_FLOAT && bytes <= 4) return {StoredType::kFloat32, H5T_NATIVE_FLOAT};
  if (type_class == H5T_FLOAT) return {StoredType::kFloat64, H5T_NATIVE_DOUBLE};
  // h5py stores bool as an enumeration of FALSE and TRUE.
  if (type_class == H5T_ENUM && bytes == 1) return {StoredType::kBool, H5T_NATIVE_SCHAR};
  if (type_class != H5T_INTEGER) return {};
  if (bytes == 1 && H5Tget_sign(type) == H5T_SGN_NONE) {
    return {StoredType::kUint8, H5T_NATIVE_UCHAR};
  }
  if (bytes == 1) return {StoredType::kInt8, H5T_NATIVE_SCHAR};
  if (bytes == 4) return {StoredType::kInt32, H5T_NATIVE_INT};
  return {};
}

/// The names in the root group, as far as a message needs them.
std::string list_names(hid_t file) {
  std::string names;
  for (hsize_t i = 0; i < 20; ++i) {
    char name[128] = {};
    const ssize_t length = H5Lget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, i, name,
                                              sizeof name, H5P_DEFAULT);
    if (length < 0) break;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names.empty() ? "nothing" : names;
}

/// True where each step of the path is in this file; an outward link may stand in the middle.
bool is_inside(hid_t file, const std::string& name) {
  for (std::size_t end = name.find('/');; end = name.find('/', end + 1)) {
    H5L_info_t link{};
    if (H5Lget_info(file, name.substr(0, end).c_str(), &link, H5P_DEFAULT) < 0 ||
        link.type != H5L_TYPE_HARD) {
      return false;
    }
    if (end == std::string::npos) return true;
  }
}

bool lies_in_file(hid_t dataset) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  return creation.ok() && H5Pget_external_count(creation.id()) == 0 &&
         H5Pget_layout(creation.id()) != H5D_VIRTUAL;
}

/// True where the values may all be there. A data set may state any number of rows and store none;
/// deflate makes bytes a thousand times fewer at best.
bool is_stored(hid_t dataset, const Hdf5Reader::Contents& contents) {
  constexpr std::uint64_t kRatioMax = 4096;
  constexpr std::uint64_t kSmallBytes = 1 << 20;
  const std::uint64_t stored = H5Dget_storage_size(dataset);
  std::uint64_t bytes = width_of(contents.stored);
  if (__builtin_mul_overflow(bytes, contents.rows, &bytes) ||
      __builtin_mul_overflow(bytes, contents.columns, &bytes)) {
    return false;
  }
  return bytes <= kSmallBytes || bytes / kRatioMax <= stored;
}

/// The metric of ann-benchmarks' attribute `distance`, where there is one that is known.
std::optional<Metric> read_metric(hid_t file) {
  if (H5Aexists(file, "distance") <= 0) return std::nullopt;
  const Handle attribute(H5Aopen(file, "distance", H5P_DEFAULT), H5Aclose);
  if (!attribute.ok()) return std::nullopt;
  const Handle type(H5Aget_type(attribute.id()), H5Tclose);
  const Handle space(H5Aget_space(attribute.id()), H5Sclose);
  if (!type.ok() || H5Tget_class(type.id()) != H5T_STRING || !space.ok() ||
      H5Sget_simple_extent_npoints(space.id()) != 1) {
    return std::nullopt;
  }
  std::string name;
  if (H5Tis_variable_str(type.id()) > 0) {
    char* text = nullptr;
    if (H5Aread(attribute.id(), type.id(), static_cast<void*>(&text)) < 0 || text == nullptr) {
      return std::nullopt;
    }
    name = text;
    H5free_memory(text);
  } else {
    const std::size_t bytes = H5Tget_size(type.id());
    if (bytes > 256) return std::nullopt;
    name.resize(bytes);
    if (H5Aread(attribute.id(), type.id(), name.data()) < 0) return std::nullopt;
    name.resize(std::min(name.find('\0'), name.size()));
  }
  const auto metric = parse_metric(name);
  return metric ? std::optional(*metric) : std::nullopt;
}

Result<Handle> open_file(const std::string& path) {
  SIMILE_ASSIGN(const auto readable, FileSource::open(path));
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
  Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file.ok()) return damaged(path, "not a whole HDF5 file");
  return file;
}

Result<Handle> open_dataset(hid_t file, const std::string& path, const std::string& name) {
  if (!is_inside(file, name)) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(path, ": no data set '", name,
                          "'; choose one with --dataset: ", list_names(file)));
  }
  Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!dataset.ok()) return damaged(path, join_text("'", name, "' cannot be opened as a data set"));
  if (lies_in_file(dataset.id())) return dataset;
  return fail(ErrorCode::kInvalidArgument,
              join_text(path, ": '", name,
                        "' takes its values from other files; write them into "
                        "this one"));
}

}  // namespace

struct Hdf5Reader::State {
  Handle file;
  Handle dataset;
  hid_t memory_type;
  std::uint64_t done = 0;
};

Hdf5Reader::Hdf5Reader(Contents contents, std::string name, std::unique_ptr<State> state)
    : contents_(std::move(contents)), name_(std::move(name)), state_(std::move(state)) {}
Hdf5Reader::Hdf5Reader(Hdf5Reader&&) noexcept = default;
Hdf5Reader::~Hdf5Reader() = default;

Result<Hdf5Reader> Hdf5Reader::open(const std::string& path, const std::string& dataset_name) {
  SIMILE_ASSIGN(Handle file, open_file(path));
  SIMILE_ASSIGN(Handle dataset, open_dataset(file.id(), path, dataset_name));
  Contents contents;
  contents.metric = read_metric(file.id());

  const std::string name = join_text(path, ":", dataset_name);
  const Handle space(H5Dget_space(dataset.id()), H5Sclose);
  const Handle type(H5Dget_type(dataset.id()), H5Tclose);
  if (!space.ok() || !type.ok()) return damaged(name, "its shape cannot be read");
  if (H5Sget_simple_extent_ndims(space.id()) != 2) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(name,
                          ": vectors have shape (rows, dimension), this data set has not; "
                          "sets of indices (kosarak, for example) cannot be imported"));
  }
  std::array<hsize_t, 2> shape = {};
  H5Sget_simple_extent_dims(space.id(), shape.data(), nullptr);
  const MemoryType memory_type = memory_type_of(type.id());
  if (memory_type.id < 0) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(name,
                          ": its components are none of float16, float32, float64, int8, "
                          "uint8, int32, bool; store float32"));
  }
  contents.stored = memory_type.stored;
  contents.rows = shape[0];
  contents.columns = shape[1];
  if (!is_stored(dataset.id(), contents)) {
    return damaged(name, join_text(contents.rows, " rows are stated, their values are not stored"));
  }
  auto state = std::make_unique<State>(std::move(file), std::move(dataset), memory_type.id);
  return Hdf5Reader(std::move(contents), name, std::move(state));
}

Status Hdf5Reader::read(std::size_t rows, std::byte* to) {
  const std::array<hsize_t, 2> start = {state_->done, 0};
  const std::array<hsize_t, 2> count = {rows, contents_.columns};
  const Handle in_file(H5Dget_space(state_->dataset.id()), H5Sclose);
  const Handle in_memory(H5Screate_simple(2, count.data(), nullptr), H5Sclose);
  if (!in_file.ok() || !in_memory.ok() ||
      H5Sselect_hyperslab(in_file.id(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                          nullptr) < 0 ||
      H5Dread(state_->dataset.id(), state_->memory_type, in_memory.id(), in_file.id(), H5P_DEFAULT,
              to) < 0) {
    return damaged(name_, join_text("rows ", state_->done, " to ", state_->done + rows - 1,
                                    " cannot be read"));
  }
  state_->done += rows;
  return {};
}

}  // namespace simile::vectorfile
