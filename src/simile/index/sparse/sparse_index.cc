#include "simile/index/sparse/sparse_index.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/index/top_k.h"

namespace simile::index {

namespace {

/// Rows of one window: their sums are 32 KiB.
constexpr std::size_t kWindowRows = 4096;
/// Sums in another order differ by less than this share of all their parts, and a float rounds
/// less.
constexpr double kSlack = 1e-6;

template <class T>
Status read_section(const io::SectionReader& reader, std::string_view name,
                    std::span<const T>& values) {
  SIMILE_ASSIGN(const auto bytes, reader.verified_section(name));
  if (bytes.size() % sizeof(T) != 0) {
    return fail(ErrorCode::kDataLoss, join_text("section '", name, "' is of a wrong length"));
  }
  values = {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  return {};
}

constexpr auto posting_row = [](const Posting& posting) { return posting.row; };

}  // namespace

Result<std::unique_ptr<SparseIndex>> SparseIndex::load(
    std::shared_ptr<const io::SectionReader> reader, std::size_t rows) {
  std::unique_ptr<SparseIndex> index(new SparseIndex());
  SIMILE_TRY(read_section(*reader, "sparse.lengths", index->lengths_));
  SIMILE_TRY(read_section(*reader, "sparse.terms", index->terms_));
  SIMILE_TRY(read_section(*reader, "sparse.starts", index->starts_));
  SIMILE_TRY(read_section(*reader, "sparse.postings", index->postings_));
  SIMILE_TRY(read_section(*reader, "sparse.blocks", index->blocks_));
  index->reader_ = std::move(reader);
  if (index->lengths_.size() != rows) {
    return fail(ErrorCode::kDataLoss, join_text("a sparse index is of ", index->lengths_.size(),
                                                " rows instead of ", rows));
  }
  SIMILE_TRY(index->check());
  return index;
}

Status SparseIndex::check() {
  const auto damaged = [](std::string_view what) {
    return fail(ErrorCode::kDataLoss, join_text("a sparse index is damaged: ", what));
  };
  if (starts_.size() != terms_.size() + 1 || starts_.front() != 0 ||
      starts_.back() != postings_.size()) {
    return damaged("its lists do not fit its components");
  }
  block_starts_.assign(1, 0);
  for (std::size_t t = 0; t < terms_.size(); ++t) {
    if (starts_[t] >= starts_[t + 1] || (t != 0 && terms_[t - 1] >= terms_[t])) {
      return damaged("its components do not rise");
    }
    const std::size_t size = starts_[t + 1] - starts_[t];
    block_starts_.push_back(block_starts_.back() +
                            (size + kPostingsPerBlock - 1) / kPostingsPerBlock);
    for (std::uint64_t i = starts_[t]; i < starts_[t + 1]; ++i) {
      if (postings_[i].row >= lengths_.size() ||
          (i != starts_[t] && postings_[i - 1].row >= postings_[i].row)) {
        return damaged("the rows of a list do not rise");
      }
    }
  }
  if (block_starts_.back() != blocks_.size()) return damaged("its blocks do not fit its lists");
  return {};
}

SparseIndex::List SparseIndex::list_of(std::uint32_t index) const {
  const auto found = std::ranges::lower_bound(terms_, index);
  if (found == terms_.end() || *found != index) return {};
  const auto t = static_cast<std::size_t>(found - terms_.begin());
  return {postings_.subspan(starts_[t], starts_[t + 1] - starts_[t]),
          blocks_.subspan(block_starts_[t], block_starts_[t + 1] - block_starts_[t])};
}

void SparseIndex::count(std::span<const SparseQuery::Term> terms, const Bitmap* deleted,
                        Bm25Counts& counts) const {
  counts.rows_with.resize(terms.size());
  const auto gone = [&](std::size_t row) {
    return deleted != nullptr && row < deleted->size() && deleted->test(row);
  };
  for (std::size_t row = 0; row < lengths_.size(); ++row) {
    if (gone(row)) continue;
    ++counts.rows;
    counts.length += double{lengths_[row]};
  }
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const List list = list_of(terms[t].index);
    if (deleted == nullptr) {
      counts.rows_with[t] += list.postings.size();
      continue;
    }
    for (const Posting& posting : list.postings) counts.rows_with[t] += gone(posting.row) ? 0 : 1;
  }
}

/// One query on its way through the windows.
class SparseSearch {
 public:
  SparseSearch(const SparseIndex& index, const SparseQuery& query, const SearchOptions& options)
      : index_(index), query_(query), options_(options), top_(options.k), sums_(kWindowRows) {
    for (const SparseQuery::Term& term : query.terms()) {
      const SparseIndex::List list = index.list_of(term.index);
      if (list.postings.empty()) continue;
      PostingBlock all = list.blocks[0];
      for (const PostingBlock& block : list.blocks) {
        all.least = std::min(all.least, block.least);
        all.most = std::max(all.most, block.most);
        all.shortest = std::min(all.shortest, block.shortest);
      }
      Cursor& cursor = cursors_.emplace_back();
      cursor.term = term;
      cursor.list = list;
      cursor.bound_of_all = query.part_bound(term, all.least, all.most, all.shortest);
      // Sums may have negative parts, too.
      slack_ += kSlack * std::max(cursor.bound_of_all,
                                  std::abs(term.weight) * std::max(std::abs(double{all.least}),
                                                                   std::abs(double{all.most})));
    }
  }

  void run(Hit* hits) {
    double most = 0;
    for (const Cursor& cursor : cursors_) most += cursor.bound_of_all;
    while (!cursors_.empty() && !may_not_enter(most)) {
      if (options_.cancel != nullptr && options_.cancel->cancelled()) break;
      // Rows that no list has are never looked at.
      std::size_t next = index_.size();
      for (Cursor& cursor : cursors_) {
        if (cursor.at < cursor.list.postings.size()) {
          next = std::min<std::size_t>(next, cursor.list.postings[cursor.at].row);
        }
      }
      if (next == index_.size()) break;
      begin_ = next / kWindowRows * kWindowRows;
      end_ = std::min(begin_ + kWindowRows, index_.size());
      search_window();
    }
    const auto found = top_.take_sorted();
    std::ranges::copy(found, hits);
    std::fill(hits + found.size(), hits + options_.k, Hit{});
  }

 private:
  struct Cursor {
    SparseQuery::Term term;
    SparseIndex::List list;
    double bound_of_all = 0;
    std::size_t at = 0;   // first posting of the window
    std::size_t end = 0;  // behind its last one
    double bound = 0;     // of the window
  };

  /// A score of at most this is no better than the worst of k hits. Rows come in rising order, so
  /// that a row with an equal score comes too late.
  bool may_not_enter(double score_most) const {
    if (!top_.full()) return false;
    return score_most + slack_ < -double{top_.bound()};
  }

  void search_window() {
    double most = 0;
    order_.clear();
    for (Cursor& cursor : cursors_) {
      open_window(cursor);
      if (cursor.at != cursor.end) order_.push_back(&cursor);
      most += cursor.bound;
    }
    if (!may_not_enter(most) && any_allowed()) {
      std::ranges::sort(order_, {}, [](const Cursor* cursor) { return cursor->bound; });
      std::size_t aside = 0;  // the first so many terms cannot reach the bound together
      double rest = 0;
      while (aside < order_.size() && may_not_enter(rest + order_[aside]->bound)) {
        rest += order_[aside++]->bound;
      }
      for (std::size_t i = aside; i < order_.size(); ++i) add_list(*order_[i]);
      take_candidates(aside, rest);
    }
    for (Cursor& cursor : cursors_) cursor.at = cursor.end;
  }

  void open_window(Cursor& cursor) const {
    const auto postings = cursor.list.postings;
    const auto from = postings.begin() + static_cast<std::ptrdiff_t>(cursor.at);
    const auto most =
        from + static_cast<std::ptrdiff_t>(std::min(postings.size() - cursor.at, end_ - begin_));
    const auto end = std::ranges::lower_bound(from, most, end_, {}, posting_row);
    cursor.end = static_cast<std::size_t>(end - postings.begin());
    cursor.bound = 0;
    if (cursor.at == cursor.end) return;
    const std::size_t last = (cursor.end - 1) / kPostingsPerBlock;
    for (std::size_t b = cursor.at / kPostingsPerBlock; b <= last; ++b) {
      const PostingBlock& block = cursor.list.blocks[b];
      cursor.bound = std::max(
          cursor.bound, query_.part_bound(cursor.term, block.least, block.most, block.shortest));
    }
  }

  bool any_allowed() const {
    if (options_.allowed == nullptr) return true;
    const auto words = options_.allowed->words();
    return std::ranges::any_of(words.subspan(begin_ / 64, (end_ - begin_ + 63) / 64),
                               [](std::uint64_t word) { return word != 0; });
  }

  float length_of(std::size_t row) const {
    return query_.needs_length() ? index_.lengths_[row] : 0;
  }

  void add_list(const Cursor& cursor) {
    for (std::size_t i = cursor.at; i < cursor.end; ++i) {
      const Posting& posting = cursor.list.postings[i];
      const std::size_t place = posting.row - begin_;
      sums_[place] += query_.part(cursor.term, posting.value, length_of(posting.row));
      touched_[place / 64] |= std::uint64_t{1} << (place % 64);
    }
  }

  void take_candidates(std::size_t aside, double rest) {
    for (std::size_t w = 0; w < touched_.size(); ++w) {
      std::uint64_t bits = touched_[w];
      touched_[w] = 0;
      for (; bits != 0; bits &= bits - 1) {
        const std::size_t place = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        const double sum = sums_[place];
        sums_[place] = 0;
        const std::size_t row = begin_ + place;
        if (may_not_enter(sum + rest)) continue;
        if (options_.allowed != nullptr && !options_.allowed->test(row)) continue;
        if (may_enter(row, sum, aside, rest)) push(row);
      }
    }
  }

  const Posting* find(const Cursor& cursor, std::size_t row) const {
    const auto first = cursor.list.postings.begin() + static_cast<std::ptrdiff_t>(cursor.at);
    const auto last = cursor.list.postings.begin() + static_cast<std::ptrdiff_t>(cursor.end);
    const auto found = std::ranges::lower_bound(first, last, row, {}, posting_row);
    return found != last && found->row == row ? &*found : nullptr;
  }

  /// Looks the row up in the lists that were set aside, the one that may add most first.
  bool may_enter(std::size_t row, double sum, std::size_t aside, double rest) const {
    while (aside > 0) {
      const Cursor& cursor = *order_[--aside];
      rest -= cursor.bound;
      if (const Posting* posting = find(cursor, row)) {
        sum += query_.part(cursor.term, posting->value, length_of(row));
      }
      if (may_not_enter(sum + rest)) return false;
    }
    return true;
  }

  void push(std::size_t row) {
    double score = 0;
    for (const Cursor& cursor : cursors_) {  // in rising order of components
      const Posting* posting = find(cursor, row);
      if (posting != nullptr) {
        score += query_.part(cursor.term, posting->value, length_of(row));
      }
    }
    top_.push({static_cast<float>(-score), RowId{static_cast<std::uint32_t>(row)}});
  }

  const SparseIndex& index_;
  const SparseQuery& query_;
  const SearchOptions& options_;
  TopK top_;
  std::vector<Cursor> cursors_;
  std::vector<Cursor*> order_;  // those with rows in the window, by bound
  std::vector<double> sums_;
  std::array<std::uint64_t, kWindowRows / 64> touched_ = {};
  std::size_t begin_ = 0;  // of the window
  std::size_t end_ = 0;
  double slack_ = 0;
};

void SparseIndex::search(const SparseQuery& query, const SearchOptions& options, Hit* hits) const {
  SparseSearch(*this, query, options).run(hits);
}

void scan_sparse_row(const SparseQuery& query, SparseRow row, RowId id, TopK& top) {
  const SparseQuery::Score score = query.score(row);
  if (score.any) top.push({static_cast<float>(-score.value), id});
}

}  // namespace simile::index
