/// simile::Index: rows, ids and an index over them, in memory.
///
/// Invariants
/// 1. A row keeps its place until it is removed; then the place is free for another. Where most are
///    free they are given back.
/// 2. The index covers exactly the rows in use.
/// 3. One change at a time; searches go on beside it and wait for moments only
/// (standalone_state.h).

#include "simile/index.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <unordered_set>

#include "simile/base/bitmap.h"
#include "simile/base/check.h"
#include "simile/base/growable_buffer.h"
#include "simile/base/parallel.h"
#include "simile/base/text.h"
#include "simile/db/standalone_file.h"
#include "simile/db/standalone_state.h"
#include "simile/kernels/distance.h"

namespace simile {

namespace {

using db::StandaloneState;

constexpr std::size_t kQueryGrain = 64;
// Queries between two moments in which a change may happen: as long as one moment, or one tile of a
// scan.
constexpr std::size_t kGraphQueries = 16;
constexpr std::size_t kFlatQueries = 64;

Status check_options(const IndexOptions& options) {
  SIMILE_TRY(check_metric(options.metric, options.type.element));
  if (options.type.dim == 0 || options.type.dim > kMaxDimension) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("dimension is ", options.type.dim, "; it must be 1 to ", kMaxDimension));
  }
  if (options.type.element == ElementType::kBit && options.type.dim % 8 != 0) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("dimension of bit vectors is ", options.type.dim,
                          "; it must be a multiple of 8"));
  }
  if (options.degree < 8 || options.degree > 128) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("degree is ", options.degree, "; it must be 8 to 128"));
  }
  if (options.build_effort < 8 || options.build_effort > 4096) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("build_effort is ", options.build_effort, "; it must be 8 to 4096"));
  }
  return {};
}

Status check_ids(const db::IdTable& table, std::span<const std::int64_t> ids, std::size_t rows) {
  if (ids.empty()) return {};
  if (ids.size() != rows) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(ids.size(), " ids for ", rows, " vectors; give one id a vector"));
  }
  std::unordered_set<std::int64_t> seen;
  seen.reserve(ids.size());
  for (const std::int64_t id : ids) {
    if (id < 0) return fail(ErrorCode::kInvalidArgument, join_text("id ", id, " is negative"));
    if (table.find(id) != kNoRow || !seen.insert(id).second) {
      return fail(ErrorCode::kAlreadyExists,
                  join_text("id ", id, " is present already; remove it first"));
    }
  }
  return {};
}

Status check_type(VectorType given, VectorType expected) {
  if (given.dim != expected.dim) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("vectors have ", given.dim, " components; the index has dimension ",
                          expected.dim));
  }
  if (given.element != expected.element) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("vectors are ", name_of(given.element), "; the index holds ",
                          name_of(expected.element)));
  }
  return {};
}

}  // namespace

struct Index::State : StandaloneState {
  using StandaloneState::StandaloneState;
};

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;
Index::~Index() = default;

Result<Index> Index::create(const IndexOptions& options) {
  SIMILE_TRY(check_options(options));
  const std::string folder = StandaloneState::scratch_folder(options);
  if (!folder.empty() && !GrowableBuffer::can_be_in(folder)) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("cannot write to '", folder,
                          "', where the rows are to be kept; name another folder"));
  }
  return Index(std::make_unique<State>(options));
}

Result<Index> Index::load(const std::string& path) {
  SIMILE_ASSIGN(std::shared_ptr<io::SectionReader> reader, db::open_standalone_file(path));
  SIMILE_ASSIGN(const IndexOptions options, db::read_standalone_options(*reader));
  if (const Status checked = check_options(options); !checked) {
    return fail(ErrorCode::kDataLoss, join_text(path, " is damaged: ", checked.error().message));
  }
  auto state = std::make_unique<State>(options);
  SIMILE_TRY(db::read_standalone(reader, *state));
  return Index(std::move(state));
}

Status Index::add(const MatrixView& rows, std::span<const std::int64_t> ids, std::uint32_t threads,
                  const Progress& progress, const CancelToken* cancel) {
  const std::lock_guard lock(state_->writing);
  SIMILE_TRY(check_type(rows.type, state_->options.type));
  SIMILE_TRY(check_vectors(rows));
  SIMILE_TRY(check_ids(state_->ids, ids, rows.rows));
  if (rows.rows == 0) return {};
  if (rows.rows > state_->rows_free()) {
    return fail(ErrorCode::kResourceExhausted,
                join_text("an index holds at most ", StandaloneState::kRowsMax, " vectors"));
  }
  const index::BuildContext context{threads, progress, cancel};
  SIMILE_TRY(state_->shrink(rows.rows, context));
  return state_->append(rows, ids, context);
}

Status Index::search(const MatrixView& queries, const IndexSearchOptions& options,
                     std::int64_t* ids, float* distances) const {
  const IndexOptions& made = state_->options;
  const VectorType query_type = quantization::query_type(made.type);
  if (queries.type != query_type) SIMILE_TRY(check_type(queries.type, made.type));
  if (options.k == 0 || options.k > kMaxK) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("k is ", options.k, "; it must be 1 to ", kMaxK));
  }
  SIMILE_TRY(check_recall(options.recall));
  SIMILE_TRY(check_vectors(queries));
  std::vector<float> converted;
  MatrixView prepared = queries;
  if (queries.type != query_type) {
    converted.resize(queries.rows * query_type.dim);
    for (std::size_t q = 0; q < queries.rows; ++q) {
      kernels::to_float32(queries.type.element, queries.row(q), query_type.dim,
                          converted.data() + q * query_type.dim);
    }
    prepared = MatrixView(converted.data(), queries.rows, query_type);
  }
  IndexSearchOptions resolved = options;
  if (options.recall > 0 && options.effort == 0) {
    const std::shared_lock together(state_->gate);
    resolved.effort = state_->index().effort_for(prepared, options.k, options.recall);
  }
  const std::size_t at_once = made.kind == IndexKind::kGraph ? kGraphQueries : kFlatQueries;
  const auto part = [&](std::size_t first, std::size_t last, std::uint32_t) {
    for (; first < last; first += at_once) {
      const std::shared_lock together(state_->gate);
      state_->search(prepared.slice(first, std::min(at_once, last - first)), resolved,
                     ids + first * options.k, distances + first * options.k);
    }
  };
  if (options.threads == 1 || queries.rows == 1) {
    part(0, queries.rows, 0);
  } else {
    const std::uint32_t threads = resolve_threads(options.threads);
    const std::size_t share = (queries.rows + threads - 1) / threads;
    parallel_for(threads, queries.rows, std::clamp<std::size_t>(share, 1, kQueryGrain), part);
  }
  return {};
}

Result<std::uint64_t> Index::remove(std::span<const std::int64_t> ids, std::uint32_t threads,
                                    const CancelToken* cancel) {
  const std::lock_guard lock(state_->writing);
  return state_->remove(ids, {.threads = threads, .cancel = cancel});
}

Status Index::save(const std::string& path) const {
  const std::lock_guard lock(state_->writing);
  return db::save_standalone(path, *state_);
}

MemoryEstimate Index::estimate_memory(std::uint64_t rows) const {
  const std::shared_lock lock(state_->gate);
  return state_->estimate(rows);
}

std::vector<CalibrationPoint> Index::calibration() const {
  const std::shared_lock lock(state_->gate);
  return state_->index().calibration();
}

const IndexOptions& Index::options() const { return state_->options; }

std::uint64_t Index::size() const {
  const std::shared_lock lock(state_->gate);
  return state_->live_count;
}

std::uint64_t Index::memory_bytes() const {
  const std::lock_guard lock(state_->writing);
  return state_->memory_bytes();
}

}  // namespace simile
