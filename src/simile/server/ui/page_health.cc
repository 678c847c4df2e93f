// How the server does: calls, slow and failed ones, the log, segments, jobs.

#include <unistd.h>

#include <chrono>
#include <fstream>

#include "simile/server/ui/page_call.h"
#include "simile/server/ui/page_state.h"

namespace simile::server {

namespace {

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Json calls_json(const Metrics& metrics) {
  Json list = Json::array();
  for (const CallSummary& each : metrics.summary()) {
    list.push_back({{"method", each.method},
                    {"calls", each.calls},
                    {"failed", each.failed},
                    {"mean_ms", each.mean_seconds * 1e3},
                    {"p50_ms", each.p50_seconds * 1e3},
                    {"p99_ms", each.p99_seconds * 1e3}});
  }
  return list;
}

Json recent_json(const std::vector<RecentCall>& calls) {
  Json list = Json::array();
  for (const RecentCall& each : calls) {
    list.push_back({{"time", each.time},
                    {"method", each.method},
                    {"detail", each.detail},
                    {"ms", each.seconds * 1e3},
                    {"code", each.code}});
  }
  return list;
}

Answer<PageReply> health(PageCall& call) {
  const Metrics& metrics = call.service().metrics();
  Json databases = Json::array();
  for (const DatabaseSummary& each : call.service().catalog().databases()) {
    const auto info = call.service().catalog().info(each.name);
    if (!info) continue;
    Json collections = Json::array();
    for (const CollectionInfo& one : info->collections) {
      collections.push_back({{"name", one.name},
                             {"rows", one.rows},
                             {"deleted_rows", one.deleted_rows},
                             {"growing_rows", one.growing_rows},
                             {"indexed_rows", one.indexed_rows},
                             {"sealed_segments", one.sealed_segments},
                             {"disk_bytes", one.disk_bytes},
                             {"memory_bytes", one.memory_bytes}});
    }
    databases.push_back({{"name", each.name},
                         {"sequence", info->sequence},
                         {"wal_bytes", info->wal_bytes},
                         {"disk_bytes", info->disk_bytes},
                         {"open_seconds", info->open_seconds},
                         {"collections", collections}});
  }
  return Json{{"resident_bytes", resident_bytes()},
              {"uptime_seconds", metrics.uptime_seconds()},
              {"in_flight", metrics.in_flight()},
              {"rejected", metrics.rejected()},
              {"calls", calls_json(metrics)},
              {"slow", recent_json(metrics.slow())},
              {"failed", recent_json(metrics.failed())},
              {"databases", databases},
              {"jobs", call.state.jobs().describe()}};
}

Answer<PageReply> jobs(PageCall& call) { return Json{{"jobs", call.state.jobs().describe()}}; }

Answer<PageReply> stop_job(PageCall& call) {
  SIMILE_ASSIGN(const std::uint64_t number, call.number("job", 0, ~std::uint64_t{0} >> 1));
  return Json{{"stopping", call.state.jobs().cancel(number)}};
}

}  // namespace

void add_health_routes(std::vector<PageRoute>& routes) {
  routes.push_back({"GET", "/ui/api/health", on_cluster("GetMetrics"), health});
  routes.push_back({"GET", "/ui/api/jobs", kSignedIn, jobs});
  routes.push_back({"POST", "/ui/api/jobs/stop", kSignedIn, stop_job});
}

}  // namespace simile::server
