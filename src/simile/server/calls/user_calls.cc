/// Users and their passwords, which clients send as base64.

#include "simile/base/text.h"
#include "simile/server/access/access_changes.h"
#include "simile/server/access/access_store.h"
#include "simile/server/access/caller.h"
#include "simile/server/access/password.h"
#include "simile/server/calls/access_calls.h"
#include "simile/server/calls/calls.h"

namespace simile::server {

Answer<AccessStore*> access_store(CallContext& context) {
  if (context.service.users() != nullptr) return context.service.users();
  return refuse(FaultCode::kUnimplemented, "this server keeps no users");
}

Answer<wire_common::Status> change_users(CallContext& context,
                                         const std::function<Status(AccessData&)>& change) {
  SIMILE_ASSIGN(AccessStore* const store, access_store(context));
  SIMILE_TRY(store->change(change));
  return wire_common::Status();
}

namespace {

/// The hash of a password as a message has it.
Answer<std::string> hash_of(const std::string& encoded) {
  std::string password;
  if (!decode_base64(encoded, password)) {
    return refuse_parameter("the password of the request is not base64");
  }
  if (const std::string wrong = refuse_password(password); !wrong.empty()) {
    return refuse_parameter(wrong);
  }
  SIMILE_ASSIGN(std::string hash, hash_password(password));
  return hash;
}

/// Only administrators change administrators; else who may change users could become one.
Answer<void> check_rank(CallContext& context, const AccessData& data, const std::string& name) {
  const User* user = data.find_user(name);
  if (user == nullptr) {
    return refuse_parameter(
        join_text("not found the user, maybe the user isn't existed or internal "
                  "system error: there is no user '",
                  name, "'"));
  }
  if (context.caller->may_everything() || !user->roles.contains(kAdminRole)) return {};
  return refuse(FaultCode::kNotPermitted,
                join_text("permission deny to ", context.caller->user(), ": user '", name,
                          "' has the role admin, and only who has it changes them"));
}

Answer<wire_common::Status> create_credential(CallContext& context,
                                              const wire::CreateCredentialRequest& request) {
  SIMILE_TRY(check_access_name("user", request.username()));
  SIMILE_ASSIGN(const std::string hash, hash_of(request.password()));
  return change_users(context, [&](AccessData& data) -> Status {
    SIMILE_TRY(add_user(data, request.username(), hash));
    data.users[request.username()].description = request.description();
    return {};
  });
}

/// Everybody may change their own password, with the old one; others need a right, and no old one.
Answer<wire_common::Status> update_credential(CallContext& context,
                                              const wire::UpdateCredentialRequest& request) {
  SIMILE_ASSIGN(AccessStore* const store, access_store(context));
  const Caller& caller = *context.caller;
  const bool own = caller.user() == request.username();
  if (!own && !caller.may(on_cluster("UpdateUser"), {})) {
    return refuse(FaultCode::kNotPermitted, "UpdateCredential: permission deny to " +
                                                caller.user() + ", who needs UpdateUser");
  }
  const auto wrong = [&] {
    return refuse(
        FaultCode::kNotAuthenticated,
        join_text("old password not correct for ", request.username(), ": not authenticated"));
  };
  std::string old;
  const bool known = decode_base64(request.oldpassword(), old) && !old.empty();
  const auto data = store->current();
  const User* user = data->find_user(request.username());
  if (user == nullptr && known) return wrong();
  SIMILE_TRY(check_rank(context, *data, request.username()));
  std::string hash = user->password_hash;
  if (!request.newpassword().empty() || !request.has_description()) {
    if ((own || known) && !password_matches(old, user->password_hash)) return wrong();
    SIMILE_ASSIGN(hash, hash_of(request.newpassword()));
  }
  return change_users(context, [&](AccessData& changed) -> Status {
    SIMILE_TRY(change_password(changed, request.username(), hash));
    if (request.has_description()) {
      changed.users[request.username()].description = request.description();
    }
    return {};
  });
}

Answer<wire_common::Status> delete_credential(CallContext& context,
                                              const wire::DeleteCredentialRequest& request) {
  SIMILE_ASSIGN(AccessStore* const store, access_store(context));
  const auto data = store->current();
  if (data->find_user(request.username()) == nullptr) return wire_common::Status();  // gone already
  SIMILE_TRY(check_rank(context, *data, request.username()));
  return change_users(context,
                      [&](AccessData& changed) { return drop_user(changed, request.username()); });
}

Answer<wire::ListCredUsersResponse> list_users(CallContext& context,
                                               const wire::ListCredUsersRequest& /*request*/) {
  SIMILE_ASSIGN(AccessStore* const store, access_store(context));
  wire::ListCredUsersResponse response;
  for (const auto& [name, user] : store->current()->users) response.add_usernames(name);
  return response;
}

Answer<wire::SelectUserResponse> select_user(CallContext& context,
                                             const wire::SelectUserRequest& request) {
  SIMILE_ASSIGN(AccessStore* const store, access_store(context));
  const Caller& caller = *context.caller;
  const std::string& name = request.user().name();
  const bool own = !name.empty() && caller.user() == name;
  if (!own && !caller.may(on_cluster("SelectUser"), {})) {
    return refuse(FaultCode::kNotPermitted,
                  "SelectUser: permission deny to " + caller.user() + ", who needs SelectUser");
  }
  wire::SelectUserResponse response;
  for (const auto& [each, user] : store->current()->users) {
    if (!name.empty() && each != name) continue;
    auto& result = *response.add_results();
    result.mutable_user()->set_name(each);
    result.set_description(user.description);
    if (!request.include_role_info()) continue;
    for (const std::string& role : user.roles) result.add_roles()->set_name(role);
  }
  return response;
}

}  // namespace

void add_user_calls(MethodTable& table) {
  table.add("CreateCredential", MethodKind::kAdmin, create_credential);
  table.add("UpdateCredential", MethodKind::kAdmin, update_credential);
  table.add("DeleteCredential", MethodKind::kAdmin, delete_credential);
  table.add("ListCredUsers", MethodKind::kAdmin, list_users);
  table.add("SelectUser", MethodKind::kAdmin, select_user);
}

}  // namespace simile::server
