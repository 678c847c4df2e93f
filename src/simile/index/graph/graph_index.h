#pragma once
/// The graph as an index: rows are mapped to nodes, nodes to codes; walks go by codes, and exact
/// rows decide the order of what comes back.

#include <cstdint>
#include <memory>

#include "simile/index/graph/node_map.h"
#include "simile/index/index.h"

namespace simile::index {

/// A graph that may grow. Growing excludes searches; the caller sees to it.
class GraphIndex : public VectorIndex {
 public:
  /// Empty, over vectors of `type`.
  static std::unique_ptr<GraphIndex> create(VectorType type, Metric metric,
                                            const GraphOptions& options);
  /// Reads the sections of save(); see load_graph in index.h.
  static Result<std::unique_ptr<GraphIndex>> load(const io::SectionReader& reader, const Rows& rows,
                                                  Metric metric);

  /// Takes rows [size(), rows.vectors.rows) in, and refers to `rows` from now on; the rows it has
  /// must be the same bytes. After kCancelled only destruction is allowed.
  virtual Status insert(const Rows& rows, const BuildContext& context) = 0;
  /// The rows have moved, or are kept in another type now.
  virtual void rebind(const Rows& rows) = 0;
};

inline constexpr std::uint32_t kDefaultEffort = 64;

}  // namespace simile::index
