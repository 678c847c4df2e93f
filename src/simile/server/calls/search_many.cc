/// Searches of several clients as one search of the engine.
///
/// 1. Each message is taken apart in place; its plan is looked up by all that is no vector.
/// 2. Those with one plan and one vector each become one matrix, which costs less than one search
///    after the other: their walks through the graph hide each other's waiting for memory.
/// 3. Each gets its rows of the answer. Where the search fails, each is searched alone, so that no
///    client is told of another one's fault.

#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "simile/server/access/caller.h"
#include "simile/server/calls/calls.h"
#include "simile/server/placeholder_group.h"
#include "simile/server/search_plans.h"

namespace simile::server {

namespace {

/// One call, and what was read of it.
struct Arrived {
  Exchange* exchange = nullptr;
  grpc::Slice message;
  SearchPlans::Pointer prepared;  ///< null: it is not for this file
  CollectionHandle handle;
  MatrixView queries;
  bool answered = false;
};

using Clock = std::chrono::steady_clock;
using Members = std::span<Arrived*>;

/// The plan of this search, made where there is none that is still right. Nothing where the search
/// must go the ordinary way, which also says what is wrong with it.
SearchPlans::Pointer prepare(Exchange& exchange, SearchBytes& bytes, std::string_view message,
                             CollectionHandle& handle) {
  CallContext& context = exchange.context;
  SearchPlans& plans = context.service.search_plans();
  SearchPlans::Pointer known = plans.find(bytes.shape);
  if (known != nullptr) {
    const auto now = context.service.catalog().find(known->handle.database, known->asked_name);
    // Whatever is changed about a collection, it gets another `meta`.
    if (now && now->meta == known->handle.meta) {
      handle = *now;
      return known;
    }
  }
  wire::SearchRequest request;
  if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) return nullptr;
  auto found = collection_of(context, request);
  if (!found || !need_loaded(context, *found)) return nullptr;
  handle = *std::move(found);
  auto plan = plan_shape(handle, request);
  if (!plan || plan->iterates || plan->reranker.is_set()) return nullptr;
  auto prepared =
      std::make_shared<PreparedSearch>(handle, request.collection_name(), *std::move(plan));
  // A plan must not keep a collection that is dropped, with its rows.
  prepared->handle.collection.reset();
  plans.put(std::move(bytes.shape), prepared);
  return prepared;
}

/// The bytes of the message, which `slice` holds; empty where there are none.
std::string_view message_of(const Exchange& exchange, grpc::Slice& slice) {
  grpc::ByteBuffer& request = exchange.request;
  if (!request.TrySingleSlice(&slice).ok() && !request.DumpToSingleSlice(&slice).ok()) return {};
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

/// Searches of callers whose rights limit them, and those that are recorded, go the ordinary way,
/// where both are looked at. A plan is shared, and says nothing of who may use it.
bool may_join(const CallContext& context) {
  return context.caller != nullptr && context.caller->may_everything() &&
         context.service.audit() == nullptr;
}

Arrived read(Exchange& exchange) {
  Arrived arrived;
  arrived.exchange = &exchange;
  // What is too large is refused there, too.
  if (!may_join(exchange.context) || !check_size(exchange.context, exchange.request)) {
    return arrived;
  }
  const std::string_view message = message_of(exchange, arrived.message);
  SearchBytes bytes = SearchBytes::read(message, exchange.context);
  if (!bytes.plain) return arrived;
  SearchPlans::Pointer prepared = prepare(exchange, bytes, message, arrived.handle);
  if (prepared == nullptr) return arrived;
  const Field& field = *arrived.handle.schema().find(prepared->plan.request.field);
  if (field.type != FieldType::kVector) return arrived;
  auto queries = read_queries(bytes.queries, field.vector, field.name);
  if (!queries || !check_hits(prepared->plan, queries->rows)) return arrived;
  arrived.queries = *queries;
  arrived.prepared = std::move(prepared);
  return arrived;
}

bool answer(Arrived& member, const SearchResult& found, QueryRange queries) {
  constexpr std::size_t kFirstBlock = 8'192;
  alignas(8) std::array<char, kFirstBlock> block;
  google::protobuf::Arena arena(block.data(), block.size());
  auto& response = *google::protobuf::Arena::CreateMessage<wire::SearchResults>(&arena);
  write_hits(member.handle, member.prepared->plan, found, queries, response);
  response.set_session_ts(next_timestamp());
  set_success(response);
  member.exchange->context.notes = {member.prepared->asked_name, response.results().scores_size()};
  member.answered = serialize(response, member.exchange->response);
  return member.answered;
}

/// False where somebody has no answer yet.
bool search_together(Members members) {
  const PreparedSearch& prepared = *members[0]->prepared;
  SearchRequest request = prepared.plan.request;
  request.offset = static_cast<std::uint32_t>(prepared.plan.offset);
  request.queries = members[0]->queries;
  request.cancel = members[0]->exchange->context.cancel;
  request.call_bytes_max = members[0]->exchange->context.service.limits().bytes_max;
  request.threads =
      static_cast<std::uint32_t>(std::min<std::size_t>(request.queries.rows, processors()));
  std::vector<std::byte> joined;
  std::shared_ptr<CancelGroup> group;
  if (members.size() > 1) {
    const std::size_t width = request.queries.type.bytes();
    joined.resize(members.size() * width);
    for (std::size_t i = 0; i < members.size(); ++i) {
      std::memcpy(joined.data() + i * width, members[i]->queries.data, width);
    }
    request.queries = MatrixView(joined.data(), members.size(), request.queries.type);
    // The other threads have the other searches.
    request.threads = 1;
    group = std::make_shared<CancelGroup>(members.size());
    request.cancel = &group->token();
    for (Arrived* member : members) member->exchange->cancel.join(group);
  }
  const auto begin = Clock::now();
  const auto found = members[0]->handle.collection->snapshot()->search(request);
  if (!found) return false;
  const std::chrono::duration<float> took = Clock::now() - begin;
  prepared.seconds = took.count() / static_cast<float>(request.queries.rows);
  bool all = true;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::size_t rows = members.size() > 1 ? 1 : request.queries.rows;
    all = answer(*members[i], *found, {i, i + rows}) && all;
  }
  return all;
}

}  // namespace

bool is_quick_search(const Exchange& call) {
  constexpr std::size_t kBytesMax = 64 << 10;
  constexpr float kSecondsMax = 300e-6F;
  if (call.request.Length() > kBytesMax || !may_join(call.context)) return false;
  grpc::Slice slice;
  const SearchBytes bytes = SearchBytes::read(message_of(call, slice), call.context);
  if (!bytes.plain) return false;
  const auto known = call.context.service.search_plans().find(bytes.shape);
  // Many vectors are for many threads.
  return known != nullptr && known->seconds < kSecondsMax &&
         bytes.queries.size() < 2 * known->vector_bytes;
}

void search_many(const Method& method, std::span<Exchange> calls) {
  std::vector<Arrived> arrived;
  arrived.reserve(calls.size());
  for (Exchange& exchange : calls) arrived.push_back(read(exchange));
  std::vector<Arrived*> members;
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    if (arrived[i].answered || arrived[i].prepared == nullptr) continue;
    members.assign(1, &arrived[i]);
    for (std::size_t j = i + 1; arrived[i].queries.rows == 1 && j < arrived.size(); ++j) {
      const Arrived& other = arrived[j];
      if (other.prepared != arrived[i].prepared || other.queries.rows != 1 ||
          other.queries.type != arrived[i].queries.type) {
        continue;
      }
      members.push_back(&arrived[j]);
    }
    search_together(members);
  }
  for (Arrived& each : arrived) {
    if (each.answered) continue;
    Exchange& call = *each.exchange;
    call.response.Clear();
    call.status = method.run(call.context, call.request, call.response);
  }
}

}  // namespace simile::server
