#include "simile/index/graph/graph_index.h"

#include <algorithm>
#include <vector>

#include "simile/base/check.h"
#include "simile/index/flat/block_search.h"
#include "simile/index/flat/flat_index.h"
#include "simile/index/graph/graph_builder.h"
#include "simile/index/graph/graph_file.h"
#include "simile/index/graph/search_cost.h"
#include "simile/index/top_k.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::index {

namespace {

constexpr std::size_t kScanAlways = 512;

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
        graph_(std::move(loaded.graph)) {}

  IndexKind kind() const override { return IndexKind::kGraph; }
  std::size_t size() const override { return map_.rows(); }
  void rebind(const Rows& rows) override {
    rows_ = rows;
    map_.forget_hashes();
  }

  Status insert(const Rows& rows, const BuildContext& context) override {
    rows_ = rows;
    map_.append(rows.vectors);
    const bool recoded =
        graph_.space.append(rows.vectors, rows.inverse_lengths, map_.first_rows(), context.threads);
    return insert_nodes<Walk>(graph_, recoded, context);
  }

  void search(const MatrixView& queries, const SearchOptions& options, Hit* hits) const override {
    const std::size_t allowed =
        options.allowed == nullptr ? rows_.vectors.rows : options.allowed->count();
    const std::size_t effort =
        std::max(options.effort == 0 ? kDefaultEffort : options.effort, options.k);
    for (std::size_t q = 0; q < queries.rows; ++q) {
      search_one(queries.row(q), effort, allowed, options, hits + q * options.k);
    }
  }

  Status save(io::SectionWriter& writer) const override {
    return write_graph(writer, map_, graph_);
  }

  std::uint64_t memory_bytes() const override {
    return map_.memory_bytes() + graph_.memory_bytes();
  }

 private:
  struct Scratch {
    typename Walk::Scratch walk;
    std::vector<std::uint32_t> rows;
    std::vector<float> distances;
    TopK top;
  };

  // Walks with ever more effort until k rows are found, and scans once that is no more work.
  void search_one(const void* query, std::size_t effort, std::size_t allowed,
                  const SearchOptions& options, Hit* hits) const {
    if (options.cancel != nullptr && options.cancel->cancelled()) {
      std::fill_n(hits, options.k, Hit{});
      return;
    }
    SearchSize size{rows_.vectors.rows, allowed, options.k, effort};
    for (std::size_t more = 1; allowed > std::max<std::size_t>(kScanAlways, options.k); more *= 2) {
      const double hops = static_cast<double>(more) * walk_hops(size);
      if (scan_hops(size) <= hops) break;
      const BeamSize beam{effort * more, static_cast<std::size_t>(hops)};
      if (walk_one(query, beam, options, hits)) return;
    }
    scan_exact(rows_, metric_, query, options, hits);
  }

  // False where fewer than k hits were found.
  bool walk_one(const void* query, BeamSize beam, const SearchOptions& options, Hit* hits) const {
    thread_local Scratch scratch;
    const Bitmap* allowed = options.allowed;
    const std::size_t wanted = Walk::rows_to_rank(options.k, beam.width);
    const auto search = [&](const auto& counts) {
      Walk::from_query(graph_, query, beam, counts, scratch.walk);
    };
    if (allowed == nullptr) {
      search([](std::uint32_t) { return true; });
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
    exact.gather(scratch.rows.data(), scratch.rows.size(), scratch.distances.data());
    scratch.top.reset(options.k);
    for (std::size_t i = 0; i < scratch.rows.size(); ++i) {
      scratch.top.push({scratch.distances[i], RowId{scratch.rows[i]}});
    }
  }

  Rows rows_;
  Metric metric_;
  NodeMap map_;
  Graph<Layout> graph_;
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
