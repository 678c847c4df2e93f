#pragma once
/// What every call works on.

#include "simile/server/call_limits.h"
#include "simile/server/catalog.h"
#include "simile/server/compactions.h"
#include "simile/server/metrics.h"
#include "simile/server/search_plans.h"
#include "simile/server/sessions.h"
#include "simile/server/tracing/tracer.h"
#include "simile/server/work_clock.h"

namespace simile::server {

/// The version of Milvus whose protocol this is, as clients compare it, with Simile's beside it.
inline constexpr const char* kProtocolVersion = "2.6.6-simile." SIMILE_VERSION;

class AccessStore;
class AuditLog;

class Service {
 public:
  /// `tracer` is null where calls are not traced.
  Service(Catalog& catalog, Metrics& metrics, Tracer* tracer = nullptr,
          const CallLimits& limits = {})
      : catalog_(catalog),
        metrics_(metrics),
        tracer_(tracer),
        limits_(limits),
        work_clock_(std::chrono::seconds(limits.seconds)) {}

  Catalog& catalog() { return catalog_; }
  Metrics& metrics() { return metrics_; }
  Tracer* tracer() { return tracer_; }
  const CallLimits& limits() const { return limits_; }
  WorkClock& work_clock() { return work_clock_; }
  Sessions& sessions() { return sessions_; }
  SearchPlans& search_plans() { return search_plans_; }
  Compactions& compactions() { return compactions_; }
  /// Null where the server keeps none; both outlive the service.
  AccessStore* users() { return users_; }
  AuditLog* audit() { return audit_; }
  void keep_users(AccessStore* users) { users_ = users; }
  void keep_audit(AuditLog* audit) { audit_ = audit; }

 private:
  Catalog& catalog_;
  Metrics& metrics_;
  Tracer* tracer_;
  const CallLimits limits_;
  WorkClock work_clock_;
  Sessions sessions_;
  SearchPlans search_plans_;
  Compactions compactions_;
  AccessStore* users_ = nullptr;
  AuditLog* audit_ = nullptr;
};

}  // namespace simile::server
