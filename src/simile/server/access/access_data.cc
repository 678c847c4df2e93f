#include "simile/server/access/access_data.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/server/access/password.h"
#include "simile/server/access/privileges.h"

namespace simile::server {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMagic = "simile-access 1 ";

Json json_of(const User& user) {
  Json tokens = Json::array();
  for (const Token& token : user.tokens) {
    tokens.push_back({{"id", token.id},
                      {"secret_hash", token.secret_hash},
                      {"name", token.name},
                      {"created", token.created},
                      {"expires", token.expires}});
  }
  return {{"password_hash", user.password_hash},
          {"description", user.description},
          {"roles", user.roles},
          {"tokens", tokens}};
}

User user_of(const Json& json) {
  User user{.password_hash = json.at("password_hash"),
            .description = json.at("description"),
            .roles = {},
            .tokens = {}};
  for (const Json& role : json.at("roles")) user.roles.insert(role.get<std::string>());
  for (const Json& token : json.at("tokens")) {
    user.tokens.push_back({.id = token.at("id"),
                           .secret_hash = token.at("secret_hash"),
                           .name = token.at("name"),
                           .created = token.at("created"),
                           .expires = token.at("expires")});
  }
  return user;
}

Json json_of(const Role& role) {
  Json grants = Json::array();
  for (const Grant& grant : role.grants) {
    grants.push_back({{"object", grant.object},
                      {"privilege", grant.privilege},
                      {"database", grant.database},
                      {"collection", grant.collection},
                      {"grantor", grant.grantor}});
  }
  return {{"description", role.description}, {"grants", grants}};
}

Json json_of(const RowPolicy& policy) {
  return {{"name", policy.name},
          {"database", policy.database},
          {"collection", policy.collection},
          {"actions", policy.actions},
          {"roles", policy.roles},
          {"shown", policy.shown},
          {"written", policy.written},
          {"description", policy.description},
          {"created", policy.created}};
}

RowPolicy policy_of(const Json& json) {
  using Names = std::set<std::string, std::less<>>;
  return {.name = json.at("name"),
          .database = json.at("database"),
          .collection = json.at("collection"),
          .actions = json.at("actions").get<Names>(),
          .roles = json.at("roles").get<Names>(),
          .shown = json.at("shown"),
          .written = json.at("written"),
          .description = json.at("description"),
          .created = json.at("created")};
}

Role role_of(const Json& json) {
  Role role{.description = json.at("description"), .grants = {}};
  for (const Json& grant : json.at("grants")) {
    role.grants.push_back({.object = grant.at("object"),
                           .privilege = grant.at("privilege"),
                           .database = grant.at("database"),
                           .collection = grant.at("collection"),
                           .grantor = grant.at("grantor")});
  }
  return role;
}

std::unexpected<Error> damaged(std::string_view why) {
  return fail(ErrorCode::kDataLoss, join_text("the file of users is damaged (", why,
                                              "); restore it from a backup, or remove it and "
                                              "add the users again with simile user"));
}

}  // namespace

std::int64_t seconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

AccessData AccessData::empty() {
  AccessData data;
  data.roles[std::string(kAdminRole)];
  data.roles[std::string(kPublicRole)];
  return data;
}

std::string AccessData::to_text() const {
  Json json = {{"users", Json::object()}, {"roles", Json::object()}, {"groups", groups}};
  for (const auto& [name, user] : users) json["users"][name] = json_of(user);
  for (const auto& [name, role] : roles) json["roles"][name] = json_of(role);
  json["policies"] = Json::array();
  for (const RowPolicy& policy : policies) json["policies"].push_back(json_of(policy));
  const std::string body = json.dump(1, ' ', false, Json::error_handler_t::replace);
  return join_text(kMagic, hex_of(digest_of(body)), "\n", body);
}

Result<AccessData> AccessData::from_text(std::string_view text) {
  const auto line = text.find('\n');
  if (!text.starts_with(kMagic) || line == std::string_view::npos) return damaged("its first line");
  const std::string_view body = text.substr(line + 1);
  if (text.substr(kMagic.size(), line - kMagic.size()) != hex_of(digest_of(body))) {
    return damaged("its checksum");
  }
  AccessData data = empty();
  try {
    const Json json = Json::parse(body);
    for (const auto& [name, user] : json.at("users").items()) data.users[name] = user_of(user);
    for (const auto& [name, role] : json.at("roles").items()) data.roles[name] = role_of(role);
    for (const auto& [name, members] : json.at("groups").items()) {
      data.groups[name] = members.get<std::set<std::string>>();
    }
    for (const Json& policy : json.at("policies")) data.policies.push_back(policy_of(policy));
  } catch (const Json::exception& error) {
    return damaged(error.what());
  }
  return data;
}

bool AccessData::has_admin() const {
  return std::ranges::any_of(
      users, [](const auto& each) { return each.second.roles.contains(kAdminRole); });
}

std::set<std::string, std::less<>> AccessData::privileges_of(std::string_view name) const {
  if (name == kEveryPrivilege || name == "All") return {std::string(kEveryPrivilege)};
  std::set<std::string, std::less<>> all;
  if (const auto found = groups.find(name); found != groups.end()) {
    all.insert(found->second.begin(), found->second.end());
    return all;
  }
  for (const std::string_view each : built_in_group(name)) all.emplace(each);
  if (all.empty() && !object_of(name).empty()) all.emplace(name);
  return all;
}

}  // namespace simile::server
