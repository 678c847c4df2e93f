#pragma once
/// What every call works on.

#include "simile/server/catalog.h"
#include "simile/server/compactions.h"
#include "simile/server/metrics.h"
#include "simile/server/search_plans.h"
#include "simile/server/sessions.h"
#include "simile/server/tracing/tracer.h"

namespace simile::server {

/// The version of Milvus whose protocol this is, as clients compare it, with Simile's beside it.
inline constexpr const char* kProtocolVersion = "2.6.6-simile." SIMILE_VERSION;

class Service {
 public:
  /// `tracer` is null where calls are not traced.
  Service(Catalog& catalog, Metrics& metrics, Tracer* tracer = nullptr)
      : catalog_(catalog), metrics_(metrics), tracer_(tracer) {}

  Catalog& catalog() { return catalog_; }
  Metrics& metrics() { return metrics_; }
  Tracer* tracer() { return tracer_; }
  Sessions& sessions() { return sessions_; }
  SearchPlans& search_plans() { return search_plans_; }
  Compactions& compactions() { return compactions_; }

 private:
  Catalog& catalog_;
  Metrics& metrics_;
  Tracer* tracer_;
  Sessions sessions_;
  SearchPlans search_plans_;
  Compactions compactions_;
};

}  // namespace simile::server
