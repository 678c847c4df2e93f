/// Roles, who has them, and the rows that they show.

#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/access/access_changes.h"
#include "simile/server/access/caller.h"
#include "simile/server/calls/access_calls.h"
#include "simile/server/calls/calls.h"

namespace simile::server {

namespace {

Answer<wire_common::Status> create_role(CallContext& context,
                                        const wire::CreateRoleRequest& request) {
  return change_users(context, [&](AccessData& data) {
    return add_role(data, request.entity().name(), request.entity().description());
  });
}

Answer<wire_common::Status> alter_role(CallContext& context,
                                       const wire::AlterRoleRequest& request) {
  return change_users(context, [&](AccessData& data) -> Status {
    const auto found = data.roles.find(request.role_name());
    if (found == data.roles.end()) {
      return fail(ErrorCode::kNotFound, join_text("there is no role '", request.role_name(), "'"));
    }
    found->second.description = request.description();
    return {};
  });
}

Answer<wire_common::Status> drop_role_call(CallContext& context,
                                           const wire::DropRoleRequest& request) {
  return change_users(context, [&](AccessData& data) {
    return drop_role(data, request.role_name(), request.force_drop());
  });
}

Answer<wire_common::Status> operate_user_role(CallContext& context,
                                              const wire::OperateUserRoleRequest& request) {
  // Else whoever may give roles could take everything.
  if (request.role_name() == kAdminRole && !context.caller->may_everything()) {
    return refuse(FaultCode::kNotPermitted,
                  join_text("OperateUserRole: permission deny to ", context.caller->user(),
                            "; only who has the role admin gives and takes it"));
  }
  return change_users(context, [&](AccessData& data) {
    return request.type() == wire::OperateUserRoleType::RemoveUserFromRole
               ? take_role(data, request.username(), request.role_name())
               : give_role(data, request.username(), request.role_name());
  });
}

Answer<wire::SelectRoleResponse> select_role(CallContext& context,
                                             const wire::SelectRoleRequest& request) {
  SIMILE_ASSIGN(AccessStore* const store, access_store(context));
  const auto data = store->current();
  const std::string& name = request.role().name();
  if (!name.empty() && !data->roles.contains(name)) {
    return refuse_parameter(join_text(
        "not found the role, maybe the role isn't existed or internal system error: there is "
        "no role '",
        name, "'"));
  }
  wire::SelectRoleResponse response;
  for (const auto& [each, role] : data->roles) {
    if (!name.empty() && each != name) continue;
    auto& result = *response.add_results();
    result.mutable_role()->set_name(each);
    result.mutable_role()->set_description(role.description);
    if (!request.include_user_info()) continue;
    for (const auto& [user, value] : data->users) {
      if (value.roles.contains(each)) result.add_users()->set_name(user);
    }
  }
  return response;
}

std::string database_or_default(const std::string& name) {
  return name.empty() ? std::string(kDefaultDatabase) : name;
}

/// The collection's own name, where the message has an alias.
std::string real_name(CallContext& context, const std::string& database, const std::string& name) {
  const auto handle = context.service.catalog().find(database, name);
  return handle ? handle->name() : name;
}

/// Filters are put together as texts, so that each must be one by itself.
Answer<void> check_filter(CallContext& context, const std::string& database,
                          const std::string& collection, const std::string& filter) {
  const auto handle = context.service.catalog().find(database, collection);
  if (!handle || filter.empty()) return {};  // "*", or one that is made later
  SIMILE_TRY(handle->collection->snapshot()->count(filter));
  return {};
}

Answer<wire_common::Status> create_row_policy(CallContext& context,
                                              const wire::CreateRowPolicyRequest& request) {
  RowPolicy policy{.name = request.policy_name(),
                   .database = database_or_default(request.db_name()),
                   .collection = {},
                   .actions = {},
                   .roles = {request.roles().begin(), request.roles().end()},
                   .shown = request.using_expr(),
                   .written = request.check_expr(),
                   .description = request.description(),
                   .created = seconds_now()};
  policy.collection = real_name(context, policy.database, request.collection_name());
  for (const int action : request.actions()) {
    policy.actions.insert(RowPolicyAction_Name(static_cast<wire::RowPolicyAction>(action)));
  }
  SIMILE_TRY(check_filter(context, policy.database, policy.collection, policy.shown));
  SIMILE_TRY(check_filter(context, policy.database, policy.collection, policy.written));
  return change_users(context, [&](AccessData& data) { return add_policy(data, policy); });
}

Answer<wire_common::Status> drop_row_policy(CallContext& context,
                                            const wire::DropRowPolicyRequest& request) {
  const std::string database = database_or_default(request.db_name());
  return change_users(context, [&](AccessData& data) {
    return drop_policy(data, database, real_name(context, database, request.collection_name()),
                       request.policy_name());
  });
}

Answer<wire::ListRowPoliciesResponse> list_row_policies(
    CallContext& context, const wire::ListRowPoliciesRequest& request) {
  SIMILE_ASSIGN(AccessStore* const store, access_store(context));
  const std::string database = database_or_default(request.db_name());
  const std::string collection = real_name(context, database, request.collection_name());
  wire::ListRowPoliciesResponse response;
  response.set_db_name(database);
  response.set_collection_name(collection);
  for (const RowPolicy& policy : store->current()->policies) {
    if (policy.database != database || policy.collection != collection) continue;
    auto& entry = *response.add_policies();
    entry.set_policy_name(policy.name);
    entry.set_using_expr(policy.shown);
    entry.set_check_expr(policy.written);
    entry.set_description(policy.description);
    entry.set_created_at(policy.created);
    for (const std::string& role : policy.roles) entry.add_roles(role);
    for (const std::string& action : policy.actions) {
      wire::RowPolicyAction value{};
      if (wire::RowPolicyAction_Parse(action, &value)) entry.add_actions(value);
    }
  }
  return response;
}

}  // namespace

void add_role_calls(MethodTable& table) {
  table.add("CreateRole", MethodKind::kAdmin, create_role);
  table.add("AlterRole", MethodKind::kAdmin, alter_role);
  table.add("DropRole", MethodKind::kAdmin, drop_role_call);
  table.add("OperateUserRole", MethodKind::kAdmin, operate_user_role);
  table.add("SelectRole", MethodKind::kAdmin, select_role);
  table.add("CreateRowPolicy", MethodKind::kAdmin, create_row_policy);
  table.add("DropRowPolicy", MethodKind::kAdmin, drop_row_policy);
  table.add("ListRowPolicies", MethodKind::kAdmin, list_row_policies);
}

}  // namespace simile::server
