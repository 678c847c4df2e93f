/// What roles may do, privileges by groups, and all of it as one message.

#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/access/access_changes.h"
#include "simile/server/access/caller.h"
#include "simile/server/access/privileges.h"
#include "simile/server/calls/access_calls.h"
#include "simile/server/calls/calls.h"

namespace simile::server {

namespace {

constexpr std::string_view kAny = "*";

Answer<void> check_where(std::string_view what, const std::string& name) {
  if (name == kAny) return {};
  return check_name(what, name);
}

/// Of the older call, which names an object type instead of a database's part.
Answer<Grant> grant_of(CallContext& context, const wire::GrantEntity& entity) {
  Grant grant{
      .object = entity.object().name(),
      .privilege = entity.grantor().privilege().name(),
      .database = entity.db_name().empty() ? std::string(kDefaultDatabase) : entity.db_name(),
      .collection = entity.object_name(),
      .grantor = context.caller->user()};
  if (grant.object != "Collection" && grant.object != "Global" && grant.object != "User") {
    return refuse_parameter(join_text("not found the object type[name: ", grant.object,
                                      "], supported the object types: [Global User Collection]"));
  }
  const std::string_view object = object_of(grant.privilege);
  if (!object.empty() && object != grant.object) {
    return refuse_parameter(join_text("the privilege [", grant.privilege, "] is one of ", object,
                                      ", not of ", grant.object));
  }
  SIMILE_TRY(check_where("database", grant.database));
  SIMILE_TRY(check_where("collection", grant.collection));
  return grant;
}

/// The same whether it comes from the older call or the newer one.
Answer<wire_common::Status> change_right(CallContext& context, std::string_view role,
                                         const Grant& grant, wire::OperatePrivilegeType type) {
  return change_users(context, [&](AccessData& data) {
    return type == wire::OperatePrivilegeType::Revoke ? take_right(data, role, grant)
                                                      : give_right(data, role, grant);
  });
}

Answer<wire_common::Status> operate_privilege(CallContext& context,
                                              const wire::OperatePrivilegeRequest& request) {
  SIMILE_ASSIGN(const Grant grant, grant_of(context, request.entity()));
  return change_right(context, request.entity().role().name(), grant, request.type());
}

Answer<wire_common::Status> operate_privilege_v2(CallContext& context,
                                                 const wire::OperatePrivilegeV2Request& request) {
  Grant grant{
      .object = {},
      .privilege = request.grantor().privilege().name(),
      .database = request.db_name().empty() ? std::string(kDefaultDatabase) : request.db_name(),
      .collection =
          request.collection_name().empty() ? std::string(kAny) : request.collection_name(),
      .grantor = context.caller->user()};
  const std::string_view object = object_of(grant.privilege);
  const bool whole_cluster = grant.privilege.starts_with("Cluster");
  grant.object =
      object.empty() ? std::string(whole_cluster ? "Global" : "Collection") : std::string(object);
  SIMILE_TRY(check_where("database", grant.database));
  SIMILE_TRY(check_where("collection", grant.collection));
  if (whole_cluster && !built_in_group(grant.privilege).empty() &&
      (grant.database != kAny || grant.collection != kAny)) {
    return refuse_parameter(
        join_text("dbName and collectionName should be * for the cluster "
                  "level privilege: ",
                  grant.privilege));
  }
  return change_right(context, request.role().name(), grant, request.type());
}

void write_grant(const std::string& role, const Grant& grant, wire::GrantEntity& entity) {
  entity.mutable_role()->set_name(role);
  entity.mutable_object()->set_name(grant.object);
  entity.set_object_name(grant.collection);
  entity.set_db_name(grant.database);
  entity.mutable_grantor()->mutable_user()->set_name(grant.grantor);
  entity.mutable_grantor()->mutable_privilege()->set_name(grant.privilege);
}

Answer<wire::SelectGrantResponse> select_grant(CallContext& context,
                                               const wire::SelectGrantRequest& request) {
  SIMILE_ASSIGN(AccessStore* const store, access_store(context));
  const auto data = store->current();
  const wire::GrantEntity& asked = request.entity();
  const auto role = data->roles.find(asked.role().name());
  if (role == data->roles.end()) {
    return refuse_parameter(join_text(
        "not found the role, maybe the role isn't existed or internal system error: there is "
        "no role '",
        asked.role().name(), "'"));
  }
  wire::SelectGrantResponse response;
  for (const Grant& grant : role->second.grants) {
    const bool of_object =
        asked.object().name().empty() ||
        (asked.object().name() == grant.object &&
         (asked.object_name().empty() || asked.object_name() == grant.collection));
    const bool of_database = asked.db_name().empty() || asked.db_name() == kAny ||
                             asked.db_name() == grant.database || grant.database == kAny;
    if (of_object && of_database) write_grant(role->first, grant, *response.add_entities());
  }
  return response;
}

// --- groups ---

Answer<wire_common::Status> create_group(CallContext& context,
                                         const wire::CreatePrivilegeGroupRequest& request) {
  return change_users(context,
                      [&](AccessData& data) { return add_group(data, request.group_name()); });
}

Answer<wire_common::Status> drop_group_call(CallContext& context,
                                            const wire::DropPrivilegeGroupRequest& request) {
  return change_users(context,
                      [&](AccessData& data) { return drop_group(data, request.group_name()); });
}

Answer<wire_common::Status> operate_group(CallContext& context,
                                          const wire::OperatePrivilegeGroupRequest& request) {
  std::vector<std::string> privileges;
  for (const auto& privilege : request.privileges()) privileges.push_back(privilege.name());
  const bool add = request.type() == wire::OperatePrivilegeGroupType::AddPrivilegesToGroup;
  return change_users(context, [&](AccessData& data) {
    return change_group(data, request.group_name(), privileges, add);
  });
}

Answer<wire::ListPrivilegeGroupsResponse> list_groups(
    CallContext& context, const wire::ListPrivilegeGroupsRequest& /*request*/) {
  SIMILE_ASSIGN(AccessStore* const store, access_store(context));
  const auto data = store->current();
  wire::ListPrivilegeGroupsResponse response;
  std::vector<std::string> names = built_in_groups();
  for (const auto& [name, members] : data->groups) names.push_back(name);
  for (const std::string& name : names) {
    auto& group = *response.add_privilege_groups();
    group.set_group_name(name);
    for (const std::string& each : data->privileges_of(name)) {
      group.add_privileges()->set_name(each);
    }
  }
  return response;
}

// --- all of it ---

Answer<wire::BackupRBACMetaResponse> backup(CallContext& context,
                                            const wire::BackupRBACMetaRequest& /*request*/) {
  SIMILE_ASSIGN(AccessStore* const store, access_store(context));
  const auto data = store->current();
  wire::BackupRBACMetaResponse response;
  auto& meta = *response.mutable_rbac_meta();
  for (const auto& [name, user] : data->users) {
    auto& entry = *meta.add_users();
    entry.set_user(name);
    entry.set_password(user.password_hash);
    for (const std::string& role : user.roles) entry.add_roles()->set_name(role);
  }
  for (const auto& [name, role] : data->roles) {
    meta.add_roles()->set_name(name);
    for (const Grant& grant : role.grants) write_grant(name, grant, *meta.add_grants());
  }
  for (const auto& [name, members] : data->groups) {
    auto& group = *meta.add_privilege_groups();
    group.set_group_name(name);
    for (const std::string& each : members) group.add_privileges()->set_name(each);
  }
  return response;
}

/// Adds what is not there; what is there under the name of something stays as it is.
Status restore_into(AccessData& data, const wire::RBACMeta& meta) {
  for (const auto& group : meta.privilege_groups()) {
    if (data.groups.contains(group.group_name())) continue;
    std::vector<std::string> privileges;
    for (const auto& each : group.privileges()) privileges.push_back(each.name());
    SIMILE_TRY(add_group(data, group.group_name()));
    SIMILE_TRY(change_group(data, group.group_name(), privileges, true));
  }
  for (const auto& role : meta.roles()) {
    if (!data.roles.contains(role.name())) {
      SIMILE_TRY(add_role(data, role.name(), role.description()));
    }
  }
  for (const auto& entity : meta.grants()) {
    Grant grant{.object = entity.object().name(),
                .privilege = entity.grantor().privilege().name(),
                .database = entity.db_name(),
                .collection = entity.object_name(),
                .grantor = entity.grantor().user().name()};
    SIMILE_TRY(give_right(data, entity.role().name(), std::move(grant)));
  }
  for (const auto& user : meta.users()) {
    if (data.users.contains(user.user())) continue;
    if (!user.password().starts_with("$argon2id$")) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("the password of user '", user.user(), "' is no Argon2id hash"));
    }
    SIMILE_TRY(add_user(data, user.user(), user.password()));
    for (const auto& role : user.roles()) SIMILE_TRY(give_role(data, user.user(), role.name()));
  }
  return {};
}

/// What is restored may be more than the caller may do, so that it is for administrators only.
Answer<wire_common::Status> restore(CallContext& context,
                                    const wire::RestoreRBACMetaRequest& request) {
  if (!context.caller->may_everything()) {
    return refuse(
        FaultCode::kNotPermitted,
        "RestoreRBAC: permission deny to " + context.caller->user() + ", who needs the role admin");
  }
  return change_users(context,
                      [&](AccessData& data) { return restore_into(data, request.rbac_meta()); });
}

}  // namespace

void add_privilege_calls(MethodTable& table) {
  table.add("OperatePrivilege", MethodKind::kAdmin, operate_privilege);
  table.add("OperatePrivilegeV2", MethodKind::kAdmin, operate_privilege_v2);
  table.add("SelectGrant", MethodKind::kAdmin, select_grant);
  table.add("CreatePrivilegeGroup", MethodKind::kAdmin, create_group);
  table.add("DropPrivilegeGroup", MethodKind::kAdmin, drop_group_call);
  table.add("OperatePrivilegeGroup", MethodKind::kAdmin, operate_group);
  table.add("ListPrivilegeGroups", MethodKind::kAdmin, list_groups);
  table.add("BackupRBAC", MethodKind::kAdmin, backup);
  table.add("RestoreRBAC", MethodKind::kAdmin, restore);
}

}  // namespace simile::server
