/// simile.Index.

#include "simile/index.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>

#include "bindings.h"
#include "interruptible.h"
#include "numpy_array.h"

namespace simile::python {
namespace {

using namespace nb::literals;

/// Queries of one call into the engine; between two of them Ctrl-C is noticed.
constexpr std::size_t kQueriesPerCall = 4096;
/// Adding fewer components than this takes less time than starting a thread to listen for signals.
constexpr std::size_t kQuickComponents = 100'000;

/// `value` as the engine takes it, or ValueError with the range.
std::uint32_t in_range(const char* name, std::int64_t value, std::uint32_t first,
                       std::uint32_t last) {
  if (value < first || value > last) {
    raise_invalid(std::string(name) + " is " + std::to_string(value) + "; it must be in " +
                  std::to_string(first) + ".." + std::to_string(last));
  }
  return static_cast<std::uint32_t>(value);
}

constexpr std::uint32_t kAny = std::numeric_limits<std::uint32_t>::max();

/// The dtype of an index for which none was named: the one that goes with its metric.
ElementType usual_element(Metric metric) {
  const bool of_bits = metric == Metric::kHamming || metric == Metric::kJaccard;
  return of_bits ? ElementType::kBit : ElementType::kFloat32;
}

void create(Index* self, std::int64_t dim, const std::string& metric, const std::string& kind,
            const std::optional<std::string>& dtype, std::int64_t degree, std::int64_t build_effort,
            std::uint64_t seed, const std::string& optimize,
            const std::optional<std::filesystem::path>& folder) {
  IndexOptions options;
  options.type.dim = in_range("dim", dim, 1, kMaxDimension);
  options.metric = value_of(parse_metric(metric));
  options.type.element =
      dtype ? value_of(parse_element_type(*dtype)) : usual_element(options.metric);
  options.kind = value_of(parse_index_kind(kind));
  options.degree = in_range("degree", degree, 0, kAny);
  options.build_effort = in_range("build_effort", build_effort, 0, kAny);
  options.seed = seed;
  options.optimize = value_of(parse_optimize(optimize));
  if (folder) options.folder = folder->string();
  new (self) Index(value_of(Index::create(options)));
}

void add(Index& index, nb::handle x, nb::handle ids, std::int64_t threads, nb::handle progress) {
  const RowsArgument rows = rows_argument(x, index.options().type, "x");
  const IdsArgument given = ids_argument(ids, "ids");
  if (!ids.is_none() && given.values.size() != rows.view.rows) {
    raise_invalid("ids has " + std::to_string(given.values.size()) + " values for " +
                  std::to_string(rows.view.rows) + " rows of x");
  }
  const std::uint32_t thread_count = in_range("threads", threads, 0, kAny);
  Status status;
  if (progress.is_none() && rows.view.rows * index.options().type.dim < kQuickComponents) {
    const nb::gil_scoped_release no_gil;
    status = index.add(rows.view, given.values, thread_count);
  } else {
    run_interruptibly(progress, [&](const LongCall& call) {
      status = index.add(rows.view, given.values, thread_count, call.progress, &call.cancel);
    });
  }
  value_of(std::move(status));
}

nb::tuple search(const Index& index, nb::handle q, std::int64_t k, std::int64_t ef,
                 std::int64_t threads, float recall) {
  const RowsArgument queries = queries_argument(q, index.options().type, "q");
  IndexSearchOptions options;
  options.k = in_range("k", k, 1, kMaxK);
  options.effort = in_range("ef", ef, 0, kAny);
  options.threads = in_range("threads", threads, 0, kAny);
  options.recall = recall;
  const std::size_t rows = queries.view.rows;
  auto ids = queries.single ? new_int64_array({options.k}) : new_int64_array({rows, options.k});
  auto distances =
      queries.single ? new_float32_array({options.k}) : new_float32_array({rows, options.k});
  for (std::size_t first = 0; first < rows; first += kQueriesPerCall) {
    if (first > 0) check_signals();
    const std::size_t count = std::min(kQueriesPerCall, rows - first);
    Status status;
    {
      const nb::gil_scoped_release no_gil;
      status = index.search(queries.view.slice(first, count), options, ids.data + first * options.k,
                            distances.data + first * options.k);
    }
    value_of(std::move(status));
  }
  return nb::make_tuple(std::move(ids.array), std::move(distances.array));
}

nb::list calibration(const Index& index) {
  nb::list points;
  for (const CalibrationPoint& point : index.calibration()) {
    points.append(nb::make_tuple(point.k, point.effort, point.recall));
  }
  return points;
}

std::uint64_t remove(Index& index, nb::handle ids) {
  const IdsArgument given = ids_argument(ids, "ids");
  Result<std::uint64_t> removed;
  if (index.size() * index.options().type.dim < kQuickComponents) {
    const nb::gil_scoped_release no_gil;
    removed = index.remove(given.values);
  } else {
    run_interruptibly(nb::none(), [&](const LongCall& call) {
      removed = index.remove(given.values, 0, &call.cancel);
    });
  }
  return value_of(std::move(removed));
}

void save(const Index& index, const std::filesystem::path& path) {
  Status status;
  {
    const nb::gil_scoped_release no_gil;
    status = index.save(path.string());
  }
  value_of(std::move(status));
}

Index load(const std::filesystem::path& path) {
  Result<Index> index = fail(ErrorCode::kUnknown, "");
  {
    const nb::gil_scoped_release no_gil;
    index = Index::load(path.string());
  }
  return value_of(std::move(index));
}

std::string describe_index(const Index& index) {
  const IndexOptions& options = index.options();
  std::string text = "simile.Index(dim=" + std::to_string(options.type.dim);
  text += ", metric='" + std::string(name_of(options.metric));
  text += "', kind='" + std::string(name_of(options.kind));
  if (options.optimize == Optimize::kMemory) text += "', optimize='memory";
  text += "', dtype='" + std::string(name_of(options.type.element));
  return text + "', " + std::to_string(index.size()) + " vectors)";
}

constexpr const char* kIndexDoc =
    R"(An index in memory, without a database around it: vectors and int64 ids, nothing else.

    >>> index = simile.Index(dim=128, metric="cosine")
    >>> index.add(x)                              # x: (n, 128)
    >>> ids, distances = index.search(q, k=10)    # q: (m, 128) -> (m, 10), (m, 10)

Vectors come in any array: NumPy and torch arrays of the index's dtype are read in place, rows may
be strided; other real dtypes and layouts are copied once. Bit vectors are uint8 of dim / 8 columns
(numpy.packbits), or bool of dim columns.

Any method may be called in any thread; searches go on beside add, remove and save, and wait for
moments only. The GIL is released during all of them. Ctrl-C stops a long add, which then has added
nothing. The memory of removed vectors serves later ones.)";

constexpr const char* kInitDoc = R"(An empty index.

:param dim: components of a vector, 1 to 65,536; bits for dtype "bit", a multiple of 8
:param metric: "l2" (squared Euclidean distance), "ip" (minus the inner product), "cosine"
    (1 - cosine similarity); of bits: "hamming", "jaccard". Smaller is always nearer.
:param kind: "graph" (navigable graph, approximate) or "flat" (scan of everything, exact)
:param dtype: "float32", "float16", "bfloat16", "int8" or "bit"; None is "bit" for hamming and
    jaccard, "float32" for the others
:param degree: graph only: edges of a vertex, 8 to 128; rounded up to a multiple of 32, but for bits
:param build_effort: graph only: beam width while inserting; larger is slower and better
:param seed: of the choices the graph makes; same rows, parameters and seed give the same index
:param optimize: graph only: "speed", or "memory": 4-bit codes and edges stay in memory, about
    dim / 2 + 140 bytes a vector at degree 32, and the vectors themselves are read from a file.
    Pages of it that were read count as resident too (RssFile) until the machine needs them
:param folder: for "memory": where that file is, which has no name and goes with the index; None is
    $TMPDIR or /var/tmp. A loaded index reads vectors from its own file until some are added
:raises InvalidArgument: (a ValueError) for what is out of range or does not fit together)";

constexpr const char* kAddDoc = R"(Adds vectors.

:param x: (n, dim), or (dim,) for one
:param ids: n distinct int64 >= 0 that are not in the index; None counts on from the largest
:param threads: 0 is every core; the result is the same for any number
:param progress: called with (rows done, rows of x) now and then; `done` grows in proportion to the
    time it takes, so that elapsed * (n - done) / done is the time left
:raises InvalidArgument: wrong shape, NaN, Inf, a zero vector under cosine; nothing is added
:raises AlreadyExists: an id is there already, or twice in ids; nothing is added)";

constexpr const char* kEstimateDoc =
    R"(Bytes of memory for `rows` vectors that are added at once to an empty index like this one.

:returns: what the index then holds (nbytes) at most, and the most it takes at one time while it is
    built, that included; the array that is given to add() is not)";

constexpr const char* kSearchDoc = R"(The k nearest vectors of each query, nearest first.

:param q: (m, dim), or (dim,) for one
:param k: 1 to 16,384
:param ef: graph only: beam width, at least k is used; larger is slower and finds more; 0 is 64, or
    what recall needs
:param threads: 0 is every core
:param recall: graph only, where ef is 0: the mean share of the k nearest that is to be found, up to
    1. What beam that takes is measured at the first search, on the rows and on the queries, in a
    second or so, and kept: see calibration()
:returns: ids int64 (m, k) and distances float32 (m, k), of shape (k,) for one query; where
    fewer than k vectors are there, id -1 and distance nan. Ties are in the order of insertion,
    while nothing has been removed.
:raises InvalidArgument: wrong shape, k out of range, NaN, Inf, a zero vector under cosine)";

}  // namespace

void bind_index(nb::module_& module) {
  const char* const kAddSignature =
      "def add(self, x: typing.Any, ids: typing.Any = None, threads: int = 0, "
      "progress: collections.abc.Callable[[int, int], object] | None = None) -> None";
  const char* const kSearchSignature =
      "def search(self, q: typing.Any, k: int = 10, ef: int = 0, threads: int = 1, "
      "recall: float = 0.0) -> "
      "tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float32]]";
  nb::class_<Index>(module, "Index", kIndexDoc)
      .def("__init__", &create, "dim"_a, "metric"_a = "l2", "kind"_a = "graph",
           "dtype"_a = nb::none(), "degree"_a = 32, "build_effort"_a = 64, "seed"_a = 1,
           "optimize"_a = "speed", "folder"_a = nb::none(), kInitDoc)
      .def("add", &add, "x"_a, "ids"_a = nb::none(), "threads"_a = 0, "progress"_a = nb::none(),
           nb::sig(kAddSignature), kAddDoc)
      .def("search", &search, "q"_a, "k"_a = 10, "ef"_a = 0, "threads"_a = 1, "recall"_a = 0.0f,
           nb::sig(kSearchSignature), kSearchDoc)
      .def("calibration", &calibration,
           nb::sig("def calibration(self) -> list[tuple[int, int, float]]"),
           "What searches with recall= have measured: (k, ef, recall that this surely reaches).")
      .def("remove", &remove, "ids"_a, nb::sig("def remove(self, ids: typing.Any) -> int"),
           "Removes vectors by id, one or many; absent ones are no error; returns how many were "
           "there.")
      .def("save", &save, "path"_a,
           "Writes one file, atomically: a crash leaves the old file or the new one.")
      .def_static("load", &load, "path"_a,
                  "Reads a file of save(); every checksum is verified (DataLoss where one fails).")
      .def("__len__", &Index::size)
      .def("__repr__", &describe_index)
      .def_prop_ro("nbytes", &Index::memory_bytes,
                   "Bytes of memory held for rows, codes, edges and ids.")
      .def(
          "estimate_memory",
          [](const Index& index, std::int64_t rows) {
            const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(rows, 0));
            const MemoryEstimate bytes = index.estimate_memory(count);
            return nb::make_tuple(bytes.held, bytes.building);
          },
          "rows"_a, nb::sig("def estimate_memory(self, rows: int) -> tuple[int, int]"),
          kEstimateDoc)
      .def_prop_ro("dim", [](const Index& index) { return index.options().type.dim; })
      .def_prop_ro("metric", [](const Index& index) { return name_of(index.options().metric); })
      .def_prop_ro("kind", [](const Index& index) { return name_of(index.options().kind); })
      .def_prop_ro("dtype",
                   [](const Index& index) { return name_of(index.options().type.element); })
      .def_prop_ro("optimize",
                   [](const Index& index) { return name_of(index.options().optimize); });
}

}  // namespace simile::python
