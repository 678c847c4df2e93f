/// Users, roles, privileges.

#include "simile/base/text.h"
#include "simile/server/access/password.h"
#include "simile/server/rest/rest_call.h"

namespace simile::server {

namespace {

/// Passwords are plain in JSON, and base64 in messages.
std::string encoded(const std::string& text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = (bits << 8) | (i + j < text.size() ? static_cast<unsigned char>(text[i + j]) : 0U);
    }
    const std::size_t digits = std::min<std::size_t>(3, text.size() - i) + 1;
    for (std::size_t j = 0; j < digits; ++j) out += kDigits[(bits >> (18 - 6 * j)) & 63];
  }
  return out;
}

// --- users ---

Answer<Json> create_user(RestCall& call) {
  wire::CreateCredentialRequest request;
  SIMILE_ASSIGN(*request.mutable_username(), call.needed("userName"));
  SIMILE_ASSIGN(const std::string password, call.needed("password"));
  request.set_password(encoded(password));
  SIMILE_TRY(call.call<wire_common::Status>("CreateCredential", request));
  return Json::object();
}

Answer<Json> update_password(RestCall& call) {
  wire::UpdateCredentialRequest request;
  SIMILE_ASSIGN(*request.mutable_username(), call.needed("userName"));
  SIMILE_ASSIGN(const std::string password, call.needed("newPassword"));
  request.set_oldpassword(encoded(call.text("password")));
  request.set_newpassword(encoded(password));
  SIMILE_TRY(call.call<wire_common::Status>("UpdateCredential", request));
  return Json::object();
}

Answer<Json> drop_user(RestCall& call) {
  wire::DeleteCredentialRequest request;
  SIMILE_ASSIGN(*request.mutable_username(), call.needed("userName"));
  SIMILE_TRY(call.call<wire_common::Status>("DeleteCredential", request));
  return Json::object();
}

Answer<Json> list_users(RestCall& call) {
  SIMILE_ASSIGN(const auto found, call.call<wire::ListCredUsersResponse>(
                                      "ListCredUsers", wire::ListCredUsersRequest()));
  return Json(std::vector<std::string>(found.usernames().begin(), found.usernames().end()));
}

Answer<Json> describe_user(RestCall& call) {
  wire::SelectUserRequest request;
  SIMILE_ASSIGN(*request.mutable_user()->mutable_name(), call.needed("userName"));
  request.set_include_role_info(true);
  SIMILE_ASSIGN(const auto found, call.call<wire::SelectUserResponse>("SelectUser", request));
  if (found.results().empty()) {
    return refuse_parameter(join_text("there is no user '", request.user().name(), "'"));
  }
  Json roles = Json::array();
  for (const auto& role : found.results(0).roles()) roles.push_back(role.name());
  return roles;
}

Answer<Json> operate_role(RestCall& call, wire::OperateUserRoleType type) {
  wire::OperateUserRoleRequest request;
  SIMILE_ASSIGN(*request.mutable_username(), call.needed("userName"));
  SIMILE_ASSIGN(*request.mutable_role_name(), call.needed("roleName"));
  request.set_type(type);
  SIMILE_TRY(call.call<wire_common::Status>("OperateUserRole", request));
  return Json::object();
}
Answer<Json> grant_role(RestCall& call) {
  return operate_role(call, wire::OperateUserRoleType::AddUserToRole);
}
Answer<Json> revoke_role(RestCall& call) {
  return operate_role(call, wire::OperateUserRoleType::RemoveUserFromRole);
}

// --- roles ---

Answer<Json> create_role(RestCall& call) {
  wire::CreateRoleRequest request;
  SIMILE_ASSIGN(*request.mutable_entity()->mutable_name(), call.needed("roleName"));
  SIMILE_TRY(call.call<wire_common::Status>("CreateRole", request));
  return Json::object();
}

Answer<Json> drop_role(RestCall& call) {
  wire::DropRoleRequest request;
  SIMILE_ASSIGN(*request.mutable_role_name(), call.needed("roleName"));
  request.set_force_drop(call.body().value("forceDrop", false));
  SIMILE_TRY(call.call<wire_common::Status>("DropRole", request));
  return Json::object();
}

Answer<Json> list_roles(RestCall& call) {
  SIMILE_ASSIGN(const auto found,
                call.call<wire::SelectRoleResponse>("SelectRole", wire::SelectRoleRequest()));
  Json names = Json::array();
  for (const auto& result : found.results()) names.push_back(result.role().name());
  return names;
}

Answer<Json> describe_role(RestCall& call) {
  wire::SelectGrantRequest request;
  SIMILE_ASSIGN(*request.mutable_entity()->mutable_role()->mutable_name(), call.needed("roleName"));
  request.mutable_entity()->set_db_name(call.text("dbName"));
  SIMILE_ASSIGN(const auto found, call.call<wire::SelectGrantResponse>("SelectGrant", request));
  Json list = Json::array();
  for (const auto& entity : found.entities()) {
    list.push_back({{"objectType", entity.object().name()},
                    {"objectName", entity.object_name()},
                    {"dbName", entity.db_name()},
                    {"privilege", entity.grantor().privilege().name()},
                    {"grantor", entity.grantor().user().name()}});
  }
  return list;
}

Answer<Json> operate_privilege(RestCall& call, wire::OperatePrivilegeType type) {
  wire::OperatePrivilegeRequest request;
  auto& entity = *request.mutable_entity();
  SIMILE_ASSIGN(*entity.mutable_role()->mutable_name(), call.needed("roleName"));
  SIMILE_ASSIGN(*entity.mutable_object()->mutable_name(), call.needed("objectType"));
  SIMILE_ASSIGN(*entity.mutable_object_name(), call.needed("objectName"));
  SIMILE_ASSIGN(*entity.mutable_grantor()->mutable_privilege()->mutable_name(),
                call.needed("privilege"));
  entity.set_db_name(call.text("dbName"));
  request.set_type(type);
  SIMILE_TRY(call.call<wire_common::Status>("OperatePrivilege", request));
  return Json::object();
}
Answer<Json> grant_privilege(RestCall& call) {
  return operate_privilege(call, wire::OperatePrivilegeType::Grant);
}
Answer<Json> revoke_privilege(RestCall& call) {
  return operate_privilege(call, wire::OperatePrivilegeType::Revoke);
}

Answer<Json> operate_privilege_v2(RestCall& call, wire::OperatePrivilegeType type) {
  wire::OperatePrivilegeV2Request request;
  SIMILE_ASSIGN(*request.mutable_role()->mutable_name(), call.needed("roleName"));
  SIMILE_ASSIGN(*request.mutable_grantor()->mutable_privilege()->mutable_name(),
                call.needed("privilege"));
  request.set_db_name(call.text("dbName"));
  request.set_collection_name(call.text("collectionName"));
  request.set_type(type);
  SIMILE_TRY(call.call<wire_common::Status>("OperatePrivilegeV2", request));
  return Json::object();
}
Answer<Json> grant_privilege_v2(RestCall& call) {
  return operate_privilege_v2(call, wire::OperatePrivilegeType::Grant);
}
Answer<Json> revoke_privilege_v2(RestCall& call) {
  return operate_privilege_v2(call, wire::OperatePrivilegeType::Revoke);
}

// --- groups of privileges ---

template <class Request>
Answer<Json> on_group(RestCall& call, const char* method) {
  Request request;
  SIMILE_ASSIGN(*request.mutable_group_name(), call.needed("privilegeGroupName"));
  SIMILE_TRY(call.call<wire_common::Status>(method, request));
  return Json::object();
}
Answer<Json> create_group(RestCall& call) {
  return on_group<wire::CreatePrivilegeGroupRequest>(call, "CreatePrivilegeGroup");
}
Answer<Json> drop_group(RestCall& call) {
  return on_group<wire::DropPrivilegeGroupRequest>(call, "DropPrivilegeGroup");
}

Answer<Json> list_groups(RestCall& call) {
  SIMILE_ASSIGN(const auto found, call.call<wire::ListPrivilegeGroupsResponse>(
                                      "ListPrivilegeGroups", wire::ListPrivilegeGroupsRequest()));
  Json list = Json::array();
  for (const auto& group : found.privilege_groups()) {
    Json privileges = Json::array();
    for (const auto& each : group.privileges()) privileges.push_back(each.name());
    list.push_back({{"privilegeGroupName", group.group_name()}, {"privileges", privileges}});
  }
  return list;
}

Answer<Json> operate_group(RestCall& call, wire::OperatePrivilegeGroupType type) {
  wire::OperatePrivilegeGroupRequest request;
  SIMILE_ASSIGN(*request.mutable_group_name(), call.needed("privilegeGroupName"));
  for (const std::string& name : call.texts("privileges")) {
    request.add_privileges()->set_name(name);
  }
  request.set_type(type);
  SIMILE_TRY(call.call<wire_common::Status>("OperatePrivilegeGroup", request));
  return Json::object();
}
Answer<Json> add_to_group(RestCall& call) {
  return operate_group(call, wire::OperatePrivilegeGroupType::AddPrivilegesToGroup);
}
Answer<Json> remove_from_group(RestCall& call) {
  return operate_group(call, wire::OperatePrivilegeGroupType::RemovePrivilegesFromGroup);
}

}  // namespace

void add_rest_access(RestTable& table) {
  table["users/create"] = create_user;
  table["users/update_password"] = update_password;
  table["users/drop"] = drop_user;
  table["users/list"] = list_users;
  table["users/describe"] = describe_user;
  table["users/grant_role"] = grant_role;
  table["users/revoke_role"] = revoke_role;
  table["roles/create"] = create_role;
  table["roles/drop"] = drop_role;
  table["roles/list"] = list_roles;
  table["roles/describe"] = describe_role;
  table["roles/grant_privilege"] = grant_privilege;
  table["roles/revoke_privilege"] = revoke_privilege;
  table["roles/grant_privilege_v2"] = grant_privilege_v2;
  table["roles/revoke_privilege_v2"] = revoke_privilege_v2;
  table["privilege_groups/create"] = create_group;
  table["privilege_groups/drop"] = drop_group;
  table["privilege_groups/list"] = list_groups;
  table["privilege_groups/add_privileges_to_group"] = add_to_group;
  table["privilege_groups/remove_privileges_from_group"] = remove_from_group;
}

}  // namespace simile::server
