#pragma once
/// Rankers of type "model": texts of hits are scored beside a query by a service that runs a
/// cross-encoder, text-embeddings-inference ("tei") or vLLM ("vllm").

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <milvus/schema.pb.h>
#include "simile/progress.h"
#include "simile/server/catalog.h"
#include "simile/server/fault.h"
#include "simile/server/request_parameters.h"

namespace simile::server {

struct ModelRanker {
  std::string field;                 ///< of texts
  std::string provider;              ///< tei or vllm
  std::string endpoint;              ///< "http://host:port"
  std::vector<std::string> queries;  ///< one for each query of the search
  bool truncate = false;
  std::string truncate_side;         ///< of tei: Left or Right
  std::int64_t truncate_tokens = 0;  ///< of vllm; 0: it is not said
  std::size_t batch = 32;            ///< texts of one request
  const CancelToken* cancel = nullptr;

  /// Scores of the texts beside query number `query`, larger for nearer, by one or more requests.
  /// Waits for the service, and asks no more once `cancel` says so.
  Answer<std::vector<float>> scores(std::size_t query,
                                    const std::vector<std::string_view>& texts) const;
};

Answer<ModelRanker> parse_model_ranker(const CollectionHandle& handle,
                                       const ::milvus::proto::schema::FunctionSchema& function,
                                       const RequestParameters& parameters);

/// Refuses a service that the server's settings do not name: a caller could reach what only this
/// machine can. And more or fewer queries than the search has.
Answer<void> check_model_ranker(const ModelRanker& ranker, const std::vector<std::string>& allowed,
                                std::size_t queries);

}  // namespace simile::server
