#include "simile/server/access/authorize.h"

#include "simile/base/text.h"
#include "simile/server/access/audit_log.h"
#include "simile/server/access/caller.h"
#include "simile/server/service.h"

namespace simile::server {

namespace {

std::string_view database_or_default(std::string_view database) {
  return database.empty() ? kDefaultDatabase : database;
}

std::unexpected<Fault> deny(const CallContext& context, std::string_view call, const Right& right) {
  const std::string_view user =
      context.caller == nullptr ? std::string_view("nobody") : context.caller->user();
  return refuse(FaultCode::kNotPermitted,
                join_text(call, ": permission deny to ", user, " in the ",
                          database_or_default(context.database), " database, who needs ",
                          right.privilege.empty() ? "a right on it" : right.privilege));
}

bool is_read(std::string_view call) {
  return call == "Search" || call == "HybridSearch" || call == "Query" || call.starts_with("Get") ||
         call.starts_with("Describe") || call.starts_with("Show") || call.starts_with("List") ||
         call.starts_with("Has") || call.starts_with("Select") || call == "Connect" ||
         call == "CheckHealth" || call == "AllocTimestamp" || call == "BatchDescribeCollection";
}

}  // namespace

Answer<void> authorize(const CallContext& context, std::string_view call, const Right& right,
                       const TargetNames& names) {
  if (context.caller == nullptr) return deny(context, call, right);
  const Caller& caller = *context.caller;
  if (caller.may_everything()) return {};
  const std::string_view database = database_or_default(names.database);
  if (names.collections.empty()) {
    if (caller.may(right, {.database = database, .collection = {}})) return {};
    return deny(context, call, right);
  }
  for (const std::string_view name : names.collections) {
    const auto handle = context.service.catalog().find(database, name);
    const std::string_view real = handle ? std::string_view(handle->name()) : name;
    if (!caller.may(right, {.database = database, .collection = real})) {
      return deny(context, call, right);
    }
  }
  return {};
}

void record_call(const CallContext& context, std::string_view call, const TargetNames& names,
                 int code) {
  AuditLog* audit = context.service.audit();
  if (audit == nullptr) return;
  const bool refused = code == static_cast<int>(FaultCode::kNotPermitted);
  if (is_read(call) && !refused && !audit->records_reads()) return;
  audit->record(
      {.user = context.caller == nullptr ? std::string_view() : context.caller->user(),
       .from = context.from,
       .call = call,
       .database = database_or_default(names.database),
       .collection = names.collections.empty() ? std::string_view() : names.collections.front(),
       .outcome = code == 0 ? "done"
                  : refused ? "refused"
                            : "failed",
       .code = code});
}

}  // namespace simile::server
