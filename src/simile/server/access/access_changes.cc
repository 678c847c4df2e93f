#include "simile/server/access/access_changes.h"

#include <algorithm>
#include <array>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/server/access/privileges.h"

namespace simile::server {

namespace {

constexpr std::array<std::string_view, 5> kActions = {"Search", "Query", "Insert", "Upsert",
                                                      "Delete"};

std::unexpected<Error> absent(std::string_view what, std::string_view name) {
  return fail(ErrorCode::kNotFound, join_text("not found the ", what, ", maybe the ", what,
                                              " isn't existed or internal system error: there is ",
                                              "no ", what, " '", name, "'"));
}

std::unexpected<Error> absent_group(std::string_view name) {
  return fail(ErrorCode::kNotFound,
              join_text("there is no privilege group name [", name, "] defined in system"));
}

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

Result<User*> user_of(AccessData& data, std::string_view name) {
  const auto found = data.users.find(name);
  if (found == data.users.end()) return absent("user", name);
  return &found->second;
}

Result<Role*> role_of(AccessData& data, std::string_view name) {
  const auto found = data.roles.find(name);
  if (found == data.roles.end()) return absent("role", name);
  return &found->second;
}

Status keep_an_admin(const AccessData& data) {
  if (data.has_admin()) return {};
  return refuse(join_text("this would leave nobody with the role ", kAdminRole));
}

}  // namespace

Status check_access_name(std::string_view what, std::string_view name) {
  constexpr std::size_t kBytesMax = 64;
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  if (!name.empty() && name.size() <= kBytesMax && letter(name[0]) &&
      std::ranges::all_of(name, inner)) {
    return {};
  }
  constexpr std::size_t kShown = 100;
  return refuse(join_text(what, " name ", name.substr(0, kShown),
                          " can only contain numbers, letters and underscores: invalid parameter; "
                          "not a number first, and at most ",
                          kBytesMax, " of them"));
}

Status add_user(AccessData& data, const std::string& name, std::string password_hash) {
  SIMILE_TRY(check_access_name("user", name));
  if (data.users.contains(name)) {
    return fail(ErrorCode::kAlreadyExists, join_text("user already exists: ", name));
  }
  data.users[name].password_hash = std::move(password_hash);
  return {};
}

Status change_password(AccessData& data, std::string_view name, std::string password_hash) {
  SIMILE_ASSIGN(User* const user, user_of(data, name));
  user->password_hash = std::move(password_hash);
  return {};
}

Status drop_user(AccessData& data, std::string_view name) {
  const auto found = data.users.find(name);
  if (found == data.users.end()) return absent("user", name);
  const bool admin = found->second.roles.contains(kAdminRole);
  data.users.erase(found);
  return admin ? keep_an_admin(data) : Status();
}

Status add_role(AccessData& data, const std::string& name, const std::string& description) {
  SIMILE_TRY(check_access_name("role", name));
  if (data.roles.contains(name)) {
    return fail(ErrorCode::kAlreadyExists, join_text("role [name:\"", name, "\"] already exists"));
  }
  data.roles[name].description = description;
  return {};
}

Status drop_role(AccessData& data, std::string_view name, bool force) {
  if (name == kAdminRole || name == kPublicRole) {
    return refuse(join_text("the role[", name, "] is a default role, which can't be dropped"));
  }
  SIMILE_ASSIGN(const Role* const role, role_of(data, name));
  if (!force && !role->grants.empty()) {
    return refuse(
        join_text("fail to drop the role that it has privileges. Use REVOKE API to "
                  "revoke privileges of role '",
                  name, "' first, or force it"));
  }
  const std::string dropped(name);
  for (auto& [user, value] : data.users) value.roles.erase(dropped);
  for (RowPolicy& policy : data.policies) policy.roles.erase(dropped);
  std::erase_if(data.policies, [](const RowPolicy& policy) { return policy.roles.empty(); });
  data.roles.erase(data.roles.find(name));
  return {};
}

Status give_role(AccessData& data, std::string_view user, const std::string& role) {
  SIMILE_TRY(role_of(data, role));
  SIMILE_ASSIGN(User* const known, user_of(data, user));
  known->roles.insert(role);
  return {};
}

Status take_role(AccessData& data, std::string_view user, std::string_view role) {
  SIMILE_ASSIGN(User* const known, user_of(data, user));
  SIMILE_TRY(role_of(data, role));
  const auto found = known->roles.find(role);
  if (found == known->roles.end()) return {};
  known->roles.erase(found);
  return role == kAdminRole ? keep_an_admin(data) : Status();
}

Status give_right(AccessData& data, std::string_view role, Grant grant) {
  SIMILE_ASSIGN(Role* const known, role_of(data, role));
  if (role == kAdminRole) return refuse(join_text("role ", kAdminRole, " may do everything"));
  if (!data.groups.contains(grant.privilege) && data.privileges_of(grant.privilege).empty()) {
    return refuse(join_text("not found the privilege name[", grant.privilege,
                            "]: it is no privilege and no group of them"));
  }
  const auto same = [&](const Grant& there) { return there.same_as(grant); };
  if (std::ranges::none_of(known->grants, same)) known->grants.push_back(std::move(grant));
  return {};
}

Status take_right(AccessData& data, std::string_view role, const Grant& grant) {
  SIMILE_ASSIGN(Role* const known, role_of(data, role));
  std::erase_if(known->grants, [&](const Grant& there) { return there.same_as(grant); });
  return {};
}

Status add_group(AccessData& data, const std::string& name) {
  SIMILE_TRY(check_access_name("privilege group", name));
  if (data.groups.contains(name) || !data.privileges_of(name).empty()) {
    return fail(ErrorCode::kAlreadyExists,
                join_text("privilege group name [", name, "] is defined by built in privileges or ",
                          "privilege groups, or is there already"));
  }
  data.groups[name] = {};
  return {};
}

Status drop_group(AccessData& data, std::string_view name) {
  const auto found = data.groups.find(name);
  if (found == data.groups.end()) return absent_group(name);
  for (const auto& [role, value] : data.roles) {
    for (const Grant& grant : value.grants) {
      if (grant.privilege != name) continue;
      return refuse(
          join_text("privilege group [", name, "] is used by role [", role, "]; revoke it first"));
    }
  }
  data.groups.erase(found);
  return {};
}

Status change_group(AccessData& data, std::string_view name,
                    const std::vector<std::string>& privileges, bool add) {
  SIMILE_TRY(check_access_name("privilege group", name));
  const auto found = data.groups.find(name);
  if (found == data.groups.end()) return absent_group(name);
  for (const std::string& privilege : privileges) {
    if (object_of(privilege).empty()) {
      return refuse(join_text("there is no privilege '", privilege, "'"));
    }
    if (add) {
      found->second.insert(privilege);
    } else {
      found->second.erase(privilege);
    }
  }
  return {};
}

Status add_policy(AccessData& data, RowPolicy policy) {
  SIMILE_TRY(check_access_name("row policy", policy.name));
  if (policy.roles.empty()) return refuse("a row policy needs roles");
  if (policy.actions.empty()) policy.actions = {kActions.begin(), kActions.end()};
  for (const std::string& role : policy.roles) SIMILE_TRY(role_of(data, role));
  for (const std::string& action : policy.actions) {
    if (std::ranges::find(kActions, action) != kActions.end()) continue;
    return refuse(join_text("there is no action '", action,
                            "'; known: Search, Query, Insert, Upsert, Delete"));
  }
  if (policy.shown.find_first_not_of(" \t\r\n") == std::string::npos) {
    return refuse("a row policy needs a filter of the rows that it shows");
  }
  for (const RowPolicy& there : data.policies) {
    if (there.name == policy.name && there.database == policy.database &&
        there.collection == policy.collection) {
      return fail(ErrorCode::kAlreadyExists,
                  join_text("row policy '", policy.name, "' is there already"));
    }
  }
  data.policies.push_back(std::move(policy));
  return {};
}

Status drop_policy(AccessData& data, std::string_view database, std::string_view collection,
                   std::string_view name) {
  const auto removed = std::erase_if(data.policies, [&](const RowPolicy& policy) {
    return policy.name == name && policy.database == database && policy.collection == collection;
  });
  return removed == 0 ? Status(absent("row policy", name)) : Status();
}

}  // namespace simile::server
