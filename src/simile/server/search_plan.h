#pragma once
/// A search message as a request of the engine, and hits as a message.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milvus/milvus.pb.h>
#include "simile/collection.h"
#include "simile/server/call_context.h"
#include "simile/server/catalog.h"
#include "simile/server/fault.h"
#include "simile/server/request_parameters.h"
#include "simile/server/reranker.h"
#include "simile/server/time_zone.h"

namespace simile::server {

namespace wire = ::milvus::proto::milvus;
namespace wire_schema = ::milvus::proto::schema;

inline constexpr std::int64_t kQueriesMax = 16'384;
inline constexpr std::int64_t kHitsMax = 16'384;
/// Of all queries of a call together, and rows of a query: at 12 bytes and fields each they are
/// what the memory of an answer goes into.
inline constexpr std::int64_t kAnswerRowsMax = std::int64_t{1} << 24;

/// What the client wants back beside keys and scores.
struct OutputFields {
  std::vector<std::string> columns;       ///< of the engine
  std::vector<std::string> named;         ///< as the answer lists them
  std::vector<std::string> dynamic_keys;  ///< of the dynamic field; empty: all of them
  bool count = false;                     ///< count(*)
  TimeZone zone = {};                     ///< that times are shown in
  std::vector<std::string> time_parts = {};
};

/// A column of an answer, as the call wants it.
void write_output(const CollectionHandle& handle, const OutputFields& output, const Column& column,
                  std::span<const std::size_t> rows, wire_schema::FieldData& message);

/// "*" is every field; a name that is no field is one of the dynamic field, where there is one.
Answer<OutputFields> parse_output_fields(
    const CollectionHandle& handle, const google::protobuf::RepeatedPtrField<std::string>& names);

struct SearchPlan {
  SearchRequest request;  ///< its queries borrow from the message, or from `stored`
  Metric metric = Metric::kL2;
  std::int64_t limit = 0;
  std::int64_t offset = 0;
  int round_decimal = -1;
  bool iterates = false;  ///< a step of a search iterator
  OutputFields output;
  Reranker reranker;                           ///< gives the hits a second order
  std::string told = {};                       ///< the filter as faults show it; empty: they do not
  std::vector<std::string_view> sparse;        ///< the queries of a sparse field
  std::vector<std::string_view> texts = {};    ///< those of the words of a text
  std::vector<std::byte> stored;               ///< vectors of the rows that a search by keys names
  std::vector<std::string> stored_texts = {};  ///< sparse ones
};

/// The plan of every search that differs in its vectors only: without queries, threads and token.
/// A part of a hybrid search has `whole_limit`, which it takes where it names no limit.
Answer<SearchPlan> plan_shape(const CollectionHandle& handle, const wire::SearchRequest& request,
                              std::int64_t whole_limit = 0);
Answer<SearchPlan> plan_search(CallContext& context, const CollectionHandle& handle,
                               const Snapshot& snapshot, const wire::SearchRequest& request,
                               std::int64_t whole_limit = 0);
/// Grouping, where the parameters ask for it: limit and offset count groups then.
Answer<void> read_groups(const CollectionHandle& handle, const RequestParameters& parameters,
                         SearchPlan& plan);

/// Refuses more queries, or more hits of all of them, than one call may have.
Answer<void> check_hits(const SearchPlan& plan, std::size_t queries);

/// Runs the plan. The first `skip` hits are left out, beside the plan's offset.
Answer<SearchResult> run_search(const Snapshot& snapshot, const SearchPlan& plan,
                                std::size_t skip = 0);

/// Queries [begin, end) of a result.
struct QueryRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What was found for these queries, as a message.
void write_hits(const CollectionHandle& handle, const SearchPlan& plan, const SearchResult& found,
                QueryRange queries, wire::SearchResults& response);
inline void write_hits(const CollectionHandle& handle, const SearchPlan& plan,
                       const SearchResult& found, wire::SearchResults& response) {
  write_hits(handle, plan, found, {0, found.offsets.size() - 1}, response);
}
/// What was found, in its order, with the scores that clients see.
RankedHits ranked_hits(const SearchResult& found, Metric metric);
/// Hits in the second order that the plan asks for.
Answer<RankedHits> rerank_hits(const Snapshot& snapshot, const SearchPlan& plan,
                               const SearchResult& found);
/// These as a message; `table` has their rows.
void write_ranked(const CollectionHandle& handle, const SearchPlan& plan, const Table& table,
                  const RankedHits& hits, wire::SearchResults& response);
/// Processors of this machine; asking the system costs as much as a tenth of a search.
std::size_t processors();
/// Rounds a score to `decimals` digits, -1: not at all.
float rounded(float score, int decimals);

/// What is not loaded is not searched.
Answer<void> need_loaded(const CallContext& context, const CollectionHandle& handle);

}  // namespace simile::server
