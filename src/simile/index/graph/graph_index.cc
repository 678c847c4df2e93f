#include "simile/index/graph/graph_index.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/file_pages.h"
#include "simile/base/parallel.h"
#include "simile/index/flat/block_search.h"
#include "simile/index/flat/flat_index.h"
#include "simile/index/graph/graph_builder.h"
#include "simile/index/graph/graph_file.h"
#include "simile/index/graph/graph_repair.h"
#include "simile/index/graph/row_edits.h"
#include "simile/index/graph/search_cost.h"
#include "simile/index/top_k.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::index {

namespace {

constexpr std::size_t kScanAlways = 512;
// Removed nodes are taken out once they are one in so many, and that costs each what looking
// through all the others' edges costs, divided by them.
constexpr std::size_t kRemovedShare = 50;
// Where very many are removed, one in so many at once: neighbours of neighbours must be left to
// lead edges to. 180,000 of 200,000 at once cost 0.011 of the recall of the others.
constexpr std::size_t kRemovedAtOnceShare = 8;
// Up to one in so many of them may take places of the beam; more of them must not.
constexpr std::size_t kPassedOverShare = 20;
constexpr std::size_t kHashesKeptShare = 2;
constexpr std::size_t kClearGrain = 1024;
constexpr std::size_t kMappedAtOnce = 512;  // rows, while searches wait

template <class Walk>
class GraphOver final : public GraphIndex {
  using Layout = typename Walk::Layout;

 public:
  GraphOver(VectorType type, Metric metric, const GraphOptions& options)
      : metric_(metric), graph_(type, metric, options) {
    rows_.vectors = MatrixView(nullptr, 0, type);
  }
  GraphOver(const Rows& rows, Metric metric, LoadedGraph<Layout>&& loaded)
      : rows_(rows),
        metric_(metric),
        map_(std::move(loaded.map)),
        graph_(std::move(loaded.graph)),
        mapped_(map_.rows()),
        calibration_(std::move(loaded.calibration)) {
    GraphTree& tree = graph_.tree;
    tree.removed.resize(graph_.size());
    for (std::uint32_t node = 0; node < graph_.size(); ++node) {
      map_.for_each_row(node, [&](std::uint32_t row) { mapped_.set(row); });
      if (map_.row_of(node) == NodeMap::kNone && tree.contains(node)) note_removed(node);
    }
    mapped_count_ = mapped_.count();
    drop_pending();
    update_many_removed(nullptr);
  }

  IndexKind kind() const override { return IndexKind::kGraph; }
  std::size_t size() const override { return map_.rows(); }
  void rebind(const Rows& rows) override {
    if (rows.vectors.type != rows_.vectors.type) map_.forget_hashes();
    rows_ = rows;
    mapped_.resize(rows.vectors.rows);
  }

  bool has(std::uint32_t row) const override { return mapped_.test(row); }

  std::uint64_t bytes_for(std::uint64_t rows) const override {
    constexpr std::uint64_t kPerSample = 2 * sizeof(std::uint32_t) + sizeof(float);
    const std::size_t sample = graph_.space.sample_bytes();
    const std::uint64_t samples = EntryTable::samples_for(rows, sample);
    return rows * graph_.space.stride() + NodeMap::bytes_for(rows) + GraphTree::bytes_for(rows) +
           rows / 8 + samples * (sample + kPerSample);
  }
  std::uint64_t bytes_to_build(std::uint64_t rows) const override {
    return build_bytes(graph_, rows);
  }

  Status insert(const Rows& rows, std::span<const std::uint32_t> fresh,
                const BuildContext& context) override {
    const std::vector<std::uint32_t> nodes = map_rows(rows, fresh, context);
    const bool all = graph_.space.learns_from(rows.vectors.rows);
    const bool first = graph_.size() == 0;
    change_alone(context.gate, [&] {
      graph_.space.resize(map_.nodes());
      graph_.tree.resize(map_.nodes());
    });
    parallel_for(context.threads, nodes.size(), kClearGrain, [&](auto begin, auto end, auto) {
      for (std::size_t i = begin; i < end && !cancelled(context); ++i) {
        graph_.clear_neighbors(nodes[i]);
      }
    });
    const auto encode = [&](const CancelToken* cancel) {
      graph_.space.encode(rows.vectors, rows.inverse_lengths, map_.first_rows(), nodes,
                          context.threads, cancel);
    };
    if (all && !first) {  // the codes of all the others change: as a whole, or not at all
      change_alone(context.gate, [&] {
        encode(nullptr);
        code_again(graph_, context.threads);
      });
    } else {
      encode(context.cancel);
    }
    if (cancelled(context)) {
      graph_.tree.pending.insert(graph_.tree.pending.end(), nodes.begin(), nodes.end());
      return fail(ErrorCode::kCancelled, "building the graph was cancelled");
    }
    Status status = insert_nodes<Walk>(graph_, nodes, context);
    update_many_removed(context.gate);
    // After a large part of all, hardly more will come soon, and the table is found again from the
    // rows.
    if (fresh.size() * kHashesKeptShare > rows.vectors.rows) map_.forget_hashes();
    return status;
  }

  Status remove(std::span<const std::uint32_t> gone, const BuildContext& context) override {
    map_.reserve(rows_.vectors, 0);
    Status status;
    while (!gone.empty()) {
      const std::size_t share = graph_.tree.count() / kRemovedAtOnceShare;
      const std::size_t part = std::min(std::max(share, kMappedAtOnce), gone.size());
      unmap_all(gone.first(part), context.gate);
      gone = gone.subspan(part);
      update_many_removed(context.gate);
      if (status) status = tidy_up(context);
      update_many_removed(context.gate);
    }
    return status;
  }

  void search(const MatrixView& queries, const SearchOptions& options, Hit* hits) const override {
    const std::size_t allowed =
        options.allowed == nullptr ? mapped_count_ : options.allowed->count();
    const std::size_t effort =
        std::max(options.effort == 0 ? kDefaultEffort : options.effort, options.k);
    for (std::size_t q = 0; q < queries.rows; ++q) {
      search_one(queries.row(q), effort, allowed, options, hits + q * options.k);
    }
  }

  std::uint32_t effort_for(const MatrixView& queries, std::uint32_t k,
                           float recall) const override {
    const auto measure = [this](const MatrixView& asked, std::uint32_t wanted, std::uint32_t effort,
                                std::span<const std::uint32_t> held_out, Hit* hits) {
      const SearchOptions options{.k = wanted, .effort = effort};
      for (std::size_t q = 0; q < asked.rows; ++q) {
        const std::uint32_t without = held_out.empty() ? kNoNode : held_out[q];
        search_one(asked.row(q), std::max(effort, wanted), mapped_count_, options,
                   hits + q * wanted, without);
      }
    };
    if (mapped_count_ == 0) return 0;
    return calibration_.effort_for(rows_.vectors, map_.first_rows(), k, recall, queries, measure);
  }
  std::vector<CalibrationPoint> calibration() const override { return calibration_.points(); }

  Status save(io::SectionWriter& writer) const override {
    SIMILE_TRY(write_graph(writer, map_, graph_));
    return write_calibration(writer, calibration_);
  }

  std::uint64_t memory_bytes() const override {
    return map_.memory_bytes() + graph_.memory_bytes() + mapped_.size() / 8;
  }

 private:
  struct Scratch {
    typename Walk::Scratch walk;
    std::vector<std::uint32_t> rows;
    std::vector<float> distances;
    ScatteredReads reads;
    TopK top;
  };

  void update_many_removed(SharedGate* gate) {
    const GraphTree& tree = graph_.tree;
    const bool many = tree.removed_count * kPassedOverShare > tree.count();
    if (many != many_removed_) change_alone(gate, [&] { many_removed_ = many; });
  }

  // Walks with ever more effort until k rows are found, and scans once that is no more work.
  void search_one(const void* query, std::size_t effort, std::size_t allowed,
                  const SearchOptions& options, Hit* hits, std::uint32_t without = kNoNode) const {
    if (options.cancel != nullptr && options.cancel->cancelled()) {
      std::fill_n(hits, options.k, Hit{});
      return;
    }
    SearchSize size{rows_.vectors.rows, allowed, options.k, effort};
    for (std::size_t more = 1; allowed > std::max<std::size_t>(kScanAlways, options.k); more *= 2) {
      const double hops = static_cast<double>(more) * walk_hops(size);
      if (scan_hops(size) <= hops) break;
      const BeamSize beam{effort * more, static_cast<std::size_t>(hops), without};
      if (walk_one(query, beam, options, hits)) return;
    }
    SearchOptions of_mapped = options;
    if (options.allowed == nullptr && mapped_count_ != rows_.vectors.rows) {
      of_mapped.allowed = &mapped_;
    }
    scan_exact(rows_, metric_, query, of_mapped, hits);
  }

  // False where fewer than k hits were found.
  bool walk_one(const void* query, BeamSize beam, const SearchOptions& options, Hit* hits) const {
    thread_local Scratch scratch;
    const Bitmap* allowed = options.allowed;
    const std::size_t wanted = Walk::rows_to_rank(options.k, beam.width);
    const auto search = [&](const auto& counts) {
      Walk::from_query(graph_, query, beam, counts, scratch.walk);
    };
    const GraphTree& tree = graph_.tree;
    if (allowed == nullptr && !many_removed_) {
      search([](std::uint32_t) { return true; });
    } else if (allowed == nullptr) {
      search([&](std::uint32_t node) { return !tree.removed.test(node); });
    } else {
      search([&](std::uint32_t node) {
        bool any = false;
        map_.for_each_row(node, [&](std::uint32_t row) { any = any || allowed->test(row); });
        return any;
      });
    }
    rerank(query, wanted, options, scratch);
    const bool enough = scratch.top.full();
    write_hits(scratch.top, options.k, hits);
    return enough;
  }

  // Exact rows decide among the nodes that their codes put in front.
  void rerank(const void* query, std::size_t wanted, const SearchOptions& options,
              Scratch& scratch) const {
    std::vector<Candidate>& found = scratch.walk.found;
    const std::size_t kept = std::min(wanted, found.size());
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept),
                      found.end());
    scratch.rows.clear();
    for (std::size_t i = 0; i < kept; ++i) {
      map_.for_each_row(found[i].node, [&](std::uint32_t row) {
        if (options.allowed == nullptr || options.allowed->test(row)) scratch.rows.push_back(row);
      });
    }
    scratch.distances.resize(scratch.rows.size());
    const quantization::ExactScorer exact(rows_.vectors, rows_.inverse_lengths, metric_, query);
    if (rows_.on_disk && scratch.reads.wait_for_disk()) {
      const std::size_t bytes = rows_.vectors.type.bytes();
      for (const std::uint32_t row : scratch.rows) {
        ScatteredReads::ask({rows_.vectors.row(row), bytes});
      }
    }
    exact.gather(scratch.rows.data(), scratch.rows.size(), scratch.distances.data());
    if (rows_.on_disk) scratch.reads.done();
    scratch.top.reset(options.k);
    for (std::size_t i = 0; i < scratch.rows.size(); ++i) {
      scratch.top.push({scratch.distances[i], RowId{scratch.rows[i]}});
    }
  }

  static bool cancelled(const BuildContext& context) {
    return context.cancel != nullptr && context.cancel->cancelled();
  }

  // Finds nodes for rows; returns those that are new to the graph.
  std::vector<std::uint32_t> map_rows(const Rows& rows, std::span<const std::uint32_t> fresh,
                                      const BuildContext& context) {
    SharedGate* gate = context.gate;
    std::vector<std::uint32_t> nodes;
    std::vector<std::uint32_t>& unused = graph_.tree.unused;
    map_.reserve(rows.vectors, fresh.size());
    change_alone(gate, [&] {
      rows_ = rows;
      mapped_.resize(rows.vectors.rows);
    });
    for (std::size_t i = 0; i < fresh.size() && !cancelled(context); i += kMappedAtOnce) {
      change_alone(gate, [&] {
        for (const std::uint32_t row :
             fresh.subspan(i, std::min(kMappedAtOnce, fresh.size() - i))) {
          const auto next =
              unused.empty() ? static_cast<std::uint32_t>(map_.nodes()) : unused.back();
          const std::uint32_t node = map_.add(rows.vectors, row, next);
          mapped_.set(row);
          ++mapped_count_;
          if (node != next) continue;
          nodes.push_back(node);
          if (!unused.empty()) unused.pop_back();
        }
      });
    }
    return nodes;
  }

  void unmap_all(std::span<const std::uint32_t> gone, SharedGate* gate) {
    for (std::size_t i = 0; i < gone.size(); i += kMappedAtOnce) {
      change_alone(gate, [&] {
        for (const std::uint32_t row : gone.subspan(i, std::min(kMappedAtOnce, gone.size() - i))) {
          unmap(row);
        }
      });
    }
    drop_pending();
  }

  Status tidy_up(const BuildContext& context) {
    const GraphTree& tree = graph_.tree;
    if (tree.removed_count * kRemovedShare <= tree.count()) return {};
    if (tree.removed_count == tree.count()) return {};  // no node to lead the others' edges to
    return take_out_removed(graph_, context);
  }

  void unmap(std::uint32_t row) {
    if (!mapped_.test(row)) return;
    const std::uint32_t node = map_.remove(rows_.vectors, row);
    mapped_.reset(row);
    --mapped_count_;
    if (node != NodeMap::kNone && graph_.tree.contains(node)) note_removed(node);
  }

  void note_removed(std::uint32_t node) {
    graph_.tree.removed.set(node);
    ++graph_.tree.removed_count;
  }

  // What a cancelled insertion left out, and has lost its rows.
  void drop_pending() {
    GraphTree& tree = graph_.tree;
    for (const std::uint32_t node : tree.pending) {
      if (map_.row_of(node) == NodeMap::kNone) tree.unused.push_back(node);
    }
    std::erase_if(tree.pending,
                  [&](std::uint32_t node) { return map_.row_of(node) == NodeMap::kNone; });
  }

  Rows rows_;
  Metric metric_;
  NodeMap map_;
  Graph<Layout> graph_;
  Bitmap mapped_;  // rows that nodes have
  std::size_t mapped_count_ = 0;
  bool many_removed_ = false;  // so many nodes that they must not take places of the beam
  mutable Calibration calibration_;
};

template <class Walk>
Result<std::unique_ptr<GraphIndex>> load_as(const io::SectionReader& reader, const Rows& rows,
                                            Metric metric) {
  auto loaded =
      read_graph<typename Walk::Layout>(reader, rows.vectors.type, metric, rows.vectors.rows);
  if (!loaded) return std::unexpected(loaded.error());
  return std::make_unique<GraphOver<Walk>>(rows, metric, *std::move(loaded));
}

}  // namespace

Status GraphIndex::insert(const Rows& rows, const BuildContext& context) {
  std::vector<std::uint32_t> fresh(rows.vectors.rows - size());
  std::iota(fresh.begin(), fresh.end(), static_cast<std::uint32_t>(size()));
  return insert(rows, fresh, context);
}

std::unique_ptr<GraphIndex> GraphIndex::create(VectorType type, Metric metric,
                                               const GraphOptions& options) {
  if (type.element == ElementType::kBit) {
    return std::make_unique<GraphOver<BitWalk>>(type, metric, options);
  }
  if (options.optimize == Optimize::kMemory) {
    return std::make_unique<GraphOver<Int4Walk>>(type, metric, options);
  }
  return std::make_unique<GraphOver<FusedWalk>>(type, metric, options);
}

Result<std::unique_ptr<GraphIndex>> GraphIndex::load(const io::SectionReader& reader,
                                                     const Rows& rows, Metric metric) {
  if (rows.vectors.type.element == ElementType::kBit) {
    return load_as<BitWalk>(reader, rows, metric);
  }
  SIMILE_ASSIGN(const GraphOptions options, read_graph_options(reader));
  return options.optimize == Optimize::kMemory ? load_as<Int4Walk>(reader, rows, metric)
                                               : load_as<FusedWalk>(reader, rows, metric);
}

Result<std::unique_ptr<VectorIndex>> build_graph(const Rows& rows, Metric metric,
                                                 const GraphOptions& options,
                                                 const BuildContext& context) {
  auto index = GraphIndex::create(rows.vectors.type, metric, options);
  if (rows.vectors.rows != 0) {
    if (auto status = index->insert(rows, context); !status) {
      return std::unexpected(status.error());
    }
  }
  return index;
}

Result<std::unique_ptr<VectorIndex>> load_graph(const io::SectionReader& reader, const Rows& rows,
                                                Metric metric) {
  auto index = GraphIndex::load(reader, rows, metric);
  if (!index) return std::unexpected(index.error());
  return *std::move(index);
}

}  // namespace simile::index
