#pragma once
/// An inverted index over the sparse rows of one segment: exact, read where its file is mapped.
/// docs/formats/sparse.md.
///
/// A search goes over windows of rows:
///   1. the blocks of each list that meet the window bound what its term can add there
///   2. the terms that together cannot reach the k-th best score so far are set aside (MaxScore,
///      Turtle and Flood 1995, with the bounds of blocks as in Ding and Suel 2011); where these are
///      all, the window is passed over
///   3. the lists of the other terms are added up row by row of the window
///   4. rows that may still enter get the terms that were set aside, the most first, for as long as
///      they may; what is left is scored in the order of sparse_query.h and pushed

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/error.h"
#include "simile/index/index.h"
#include "simile/index/sparse/sparse_query.h"
#include "simile/io/section_file.h"

namespace simile::index {

/// A row of a list, and its value.
struct Posting {
  std::uint32_t row = 0;
  float value = 0;
};
static_assert(sizeof(Posting) == 8);

/// What is true of the postings of a block.
struct PostingBlock {
  float least = 0;
  float most = 0;
  float shortest = 0;  ///< length of a row
};
static_assert(sizeof(PostingBlock) == 12);

inline constexpr std::size_t kPostingsPerBlock = 64;

/// Calls visit for each row in turn, as often as it is called.
using VisitRow = std::function<void(SparseRow)>;
using ForEachRow = std::function<Status(const VisitRow&)>;

/// Adds the sections ("sparse.*") of an index over `rows` rows to a file. Memory: about
/// `list_bytes_max`, and 20 bytes for each component that occurs.
Status write_sparse_index(io::SectionWriter& writer, std::size_t rows, const ForEachRow& for_each,
                          const CancelToken* cancel,
                          std::size_t list_bytes_max = std::size_t{256} << 20);

/// Thread rule: any call from any thread.
class SparseIndex {
 public:
  /// Verifies every section; kDataLoss where they are damaged or not of `rows` rows. Keeps the
  /// reader.
  static Result<std::unique_ptr<SparseIndex>> load(std::shared_ptr<const io::SectionReader> reader,
                                                   std::size_t rows);

  std::size_t size() const { return lengths_.size(); }
  /// At most k hits, nearest first: distances are minus the scores, and every row has a component
  /// in common with the query. `hits` has room for k; the others hold Hit{}.
  void search(const SparseQuery& query, const SearchOptions& options, Hit* hits) const;

  /// Counts for BM25 of the first `rows` rows that are not in `deleted` (null: all); rows_with is
  /// added up for each term.
  void count(std::span<const SparseQuery::Term> terms, const Bitmap* deleted,
             Bm25Counts& counts) const;

 private:
  friend class SparseSearch;
  struct List {
    std::span<const Posting> postings;
    std::span<const PostingBlock> blocks;
  };

  SparseIndex() = default;
  Status check();
  /// Of a component; empty where no row has it.
  List list_of(std::uint32_t index) const;

  std::shared_ptr<const io::SectionReader> reader_;
  std::span<const std::uint32_t> terms_;
  std::span<const std::uint64_t> starts_;  // terms + 1, into postings_
  std::span<const Posting> postings_;
  std::span<const PostingBlock> blocks_;
  std::span<const float> lengths_;  // by row
  std::vector<std::uint64_t> block_starts_;
};

class TopK;
/// The same of one row without an index.
void scan_sparse_row(const SparseQuery& query, SparseRow row, RowId id, TopK& top);

}  // namespace simile::index
