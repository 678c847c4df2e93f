#pragma once
/// Sparse rows, and what a query makes of one: the one way in which scans and inverted indexes
/// score, so that both give the same numbers.
///
///   inner product  sum of q * x
///   BM25           sum of q * idf * x (k1 + 1) / (x + k1 (1 - b + b length / average length)),
///                  x the number of times that the row has the word, length that of all its words,
///                  idf = ln(1 + (N - n + 0.5) / (n + 0.5)) (Robertson and Zaragoza 2009, as in
///                  Lucene, with the factor k1 + 1)
///
/// Sums are taken in double, in rising order of the components' indexes.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "simile/types.h"

namespace simile::index {

/// Packed entries wherever they lie.
class SparseRow {
 public:
  SparseRow() = default;
  explicit SparseRow(std::string_view bytes) : bytes_(bytes) {}

  std::size_t size() const { return bytes_.size() / sizeof(SparseEntry); }
  SparseEntry operator[](std::size_t i) const {
    SparseEntry entry;
    std::memcpy(&entry, bytes_.data() + i * sizeof entry, sizeof entry);
    return entry;
  }
  /// The sum of its values: of a row of words, how many there are.
  float length() const {
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i) sum += double{(*this)[i].value};
    return static_cast<float>(sum);
  }

 private:
  std::string_view bytes_;
};

struct Bm25Options {
  float k1 = 1.2F;
  float b = 0.75F;
};

/// Of the rows that a BM25 search is about.
struct Bm25Counts {
  std::uint64_t rows = 0;
  double length = 0;                     ///< of all rows together
  std::vector<std::uint64_t> rows_with;  ///< by component of the query
};

/// A query that is ready to score rows.
class SparseQuery {
 public:
  struct Term {
    std::uint32_t index = 0;
    double weight = 0;
  };

  /// For inner products. Components that are 0 are left out.
  explicit SparseQuery(SparseRow query);

  /// For BM25 instead, among rows of which `counts` tells; one count for each term.
  void use_bm25(const Bm25Options& options, const Bm25Counts& counts);

  std::span<const Term> terms() const { return terms_; }
  bool needs_length() const { return is_bm25_; }

  /// What a term adds to the score of a row that has it with this value.
  double part(const Term& term, float value, float length) const {
    if (!is_bm25_) return term.weight * double{value};
    const double norm = k1_ * (1 - b_ + b_ * double{length} / average_length_);
    return term.weight * double{value} * (k1_ + 1) / (double{value} + norm);
  }
  /// At least what it adds to any row with a value in [least, most] of at least this length.
  double part_bound(const Term& term, float least, float most, float shortest) const;

  struct Score {
    double value = 0;
    bool any = false;  ///< whether the row has a component in common with the query
  };
  Score score(SparseRow row) const;

 private:
  std::vector<Term> terms_;
  bool is_bm25_ = false;
  double k1_ = 0;
  double b_ = 0;
  double average_length_ = 1;
};

}  // namespace simile::index
