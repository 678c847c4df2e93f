/// 1. One pass over the rows counts how often each component occurs, and takes the lengths.
/// 2. The components in rising order get their places in one long list of postings, which is filled
///    and written in parts: one more pass over the rows for each part of `list_bytes_max`.
/// 3. The bounds of blocks are taken from each part before it is let go.

#include <algorithm>
#include <unordered_map>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/index/sparse/sparse_index.h"

namespace simile::index {

namespace {

/// A number for each component, in a table as far as they are small and in a hash map beyond.
class ComponentTable {
 public:
  std::uint64_t& operator[](std::uint32_t component) {
    if (component >= kSmall) return large_[component];
    if (component >= small_.size()) {
      small_.resize(std::min<std::size_t>(kSmall, (component + std::size_t{1}) * 2));
    }
    return small_[component];
  }
  /// Those with a number other than 0, ascending.
  std::vector<std::uint32_t> components() const {
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 0; i < small_.size(); ++i) {
      if (small_[i] != 0) found.push_back(i);
    }
    const auto first_large = static_cast<std::ptrdiff_t>(found.size());
    for (const auto& [component, number] : large_) found.push_back(component);
    std::sort(found.begin() + first_large, found.end());
    return found;
  }

 private:
  static constexpr std::uint32_t kSmall = 1U << 20;
  std::vector<std::uint64_t> small_;
  std::unordered_map<std::uint32_t, std::uint64_t> large_;
};

template <class T>
Status add_values(io::SectionWriter& writer, std::string_view name, const std::vector<T>& values) {
  return writer.add_section(name, std::as_bytes(std::span(values)));
}

class IndexWriter {
 public:
  IndexWriter(io::SectionWriter& writer, std::size_t rows, const ForEachRow& for_each,
              const CancelToken* cancel)
      : writer_(writer), rows_(rows), for_each_(for_each), cancel_(cancel) {}

  Status count() {
    lengths_.reserve(rows_);
    SIMILE_TRY(for_each_([&](SparseRow row) {
      lengths_.push_back(row.length());
      for (std::size_t i = 0; i < row.size(); ++i) {
        const SparseEntry entry = row[i];
        if (entry.value != 0) ++table_[entry.index];
      }
    }));
    SIMILE_CHECK(lengths_.size() == rows_);
    terms_ = table_.components();
    starts_.push_back(0);
    for (const std::uint32_t term : terms_) starts_.push_back(starts_.back() + table_[term]);
    for (std::size_t t = 0; t < terms_.size(); ++t) table_[terms_[t]] = t + 1;
    return {};
  }

  Status write(std::size_t list_bytes_max) {
    const std::uint64_t postings_max = std::max<std::uint64_t>(list_bytes_max / sizeof(Posting), 1);
    SIMILE_TRY(add_values(writer_, "sparse.lengths", lengths_));
    SIMILE_TRY(add_values(writer_, "sparse.terms", terms_));
    SIMILE_TRY(add_values(writer_, "sparse.starts", starts_));
    SIMILE_TRY(writer_.begin_section("sparse.postings"));
    for (std::size_t first = 0; first < terms_.size();) {
      std::size_t end = first + 1;
      while (end < terms_.size() && starts_[end + 1] - starts_[first] <= postings_max) ++end;
      SIMILE_TRY(write_terms(first, end));
      first = end;
    }
    return add_values(writer_, "sparse.blocks", blocks_);
  }

 private:
  Status write_terms(std::size_t first, std::size_t end) {
    if (cancel_ != nullptr && cancel_->cancelled()) return fail(ErrorCode::kCancelled, "cancelled");
    std::vector<std::uint64_t> places(starts_.begin() + static_cast<std::ptrdiff_t>(first),
                                      starts_.begin() + static_cast<std::ptrdiff_t>(end));
    const std::uint64_t base = starts_[first];
    std::vector<Posting> postings(starts_[end] - base);
    std::uint32_t id = 0;
    SIMILE_TRY(for_each_([&](SparseRow row) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const SparseEntry entry = row[i];
        if (entry.value == 0) continue;
        const std::uint64_t term = table_[entry.index] - 1;
        if (term < first || term >= end) continue;
        postings[places[term - first]++ - base] = {id, entry.value};
      }
      ++id;
    }));
    for (std::size_t t = first; t < end; ++t) {
      add_blocks(std::span(postings).subspan(starts_[t] - base, starts_[t + 1] - starts_[t]));
    }
    return writer_.append(std::as_bytes(std::span(postings)));
  }

  void add_blocks(std::span<const Posting> list) {
    for (std::size_t first = 0; first < list.size(); first += kPostingsPerBlock) {
      const auto block = list.subspan(first, std::min(kPostingsPerBlock, list.size() - first));
      PostingBlock bounds{block[0].value, block[0].value, lengths_[block[0].row]};
      for (const Posting& posting : block) {
        bounds.least = std::min(bounds.least, posting.value);
        bounds.most = std::max(bounds.most, posting.value);
        bounds.shortest = std::min(bounds.shortest, lengths_[posting.row]);
      }
      blocks_.push_back(bounds);
    }
  }

  io::SectionWriter& writer_;
  const std::size_t rows_;
  const ForEachRow& for_each_;
  const CancelToken* cancel_;
  ComponentTable table_;  // how often, then the place among the terms and 1
  std::vector<float> lengths_;
  std::vector<std::uint32_t> terms_;
  std::vector<std::uint64_t> starts_;
  std::vector<PostingBlock> blocks_;
};

}  // namespace

Status write_sparse_index(io::SectionWriter& writer, std::size_t rows, const ForEachRow& for_each,
                          const CancelToken* cancel, std::size_t list_bytes_max) {
  IndexWriter index(writer, rows, for_each, cancel);
  SIMILE_TRY(index.count());
  return index.write(list_bytes_max);
}

}  // namespace simile::index
