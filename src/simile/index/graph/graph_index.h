#pragma once
/// The graph as an index: rows are mapped to nodes, nodes to codes; walks go by codes, and exact
/// rows decide the order of what comes back.

#include <cstdint>
#include <memory>

#include "simile/index/graph/node_map.h"
#include "simile/index/index.h"

namespace simile::index {

/// A graph that may change. Only one call that changes it at a time; searches may go on beside it
/// where its BuildContext has a gate, and all of them hold that gate together. Then what is being
/// inserted may be found already.
class GraphIndex : public VectorIndex {
 public:
  /// Empty, over vectors of `type`.
  static std::unique_ptr<GraphIndex> create(VectorType type, Metric metric,
                                            const GraphOptions& options);
  /// Reads the sections of save(); see load_graph in index.h.
  static Result<std::unique_ptr<GraphIndex>> load(const io::SectionReader& reader, const Rows& rows,
                                                  Metric metric);

  /// Takes in the rows that `fresh` lists, ascending, which it does not have; refers to `rows` from
  /// now on. The rows it has must be the same bytes as before. After kCancelled they may be in the
  /// graph or not, and have to be removed.
  virtual Status insert(const Rows& rows, std::span<const std::uint32_t> fresh,
                        const BuildContext& context) = 0;
  /// Takes in rows [size(), rows.vectors.rows).
  Status insert(const Rows& rows, const BuildContext& context);
  /// Forgets rows, of which it has each; their bytes may be overwritten afterwards. They are not
  /// found any more; what they leave in the graph is taken out once it is a fiftieth, and
  /// kCancelled says no more than that this was put off. Filters of later searches must not allow
  /// them.
  virtual Status remove(std::span<const std::uint32_t> gone, const BuildContext& context) = 0;
  virtual bool has(std::uint32_t row) const = 0;
  /// Bytes that it holds, at most, once it has this many rows, and what building them all at once
  /// needs besides.
  virtual std::uint64_t bytes_for(std::uint64_t rows) const = 0;
  virtual std::uint64_t bytes_to_build(std::uint64_t rows) const = 0;
  /// The rows have moved, there are more places or fewer, or they are kept in another type now.
  virtual void rebind(const Rows& rows) = 0;
};

inline constexpr std::uint32_t kDefaultEffort = 64;

}  // namespace simile::index
