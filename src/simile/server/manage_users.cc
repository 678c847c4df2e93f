#include "simile/server/manage_users.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/server/access/access_changes.h"
#include "simile/server/access/access_store.h"
#include "simile/server/access/audit_log.h"
#include "simile/server/access/password.h"

namespace simile::server {

namespace {

using Json = nlohmann::ordered_json;

Result<std::string> checked_hash(const std::string& password) {
  if (const std::string wrong = refuse_password(password); !wrong.empty()) {
    return fail(ErrorCode::kInvalidArgument, wrong);
  }
  return hash_password(password);
}

Json list_of(const AccessData& data) {
  Json users = Json::array();
  for (const auto& [name, user] : data.users) {
    Json tokens = Json::array();
    for (const Token& token : user.tokens) {
      tokens.push_back({{"id", token.id}, {"name", token.name}, {"expires", token.expires}});
    }
    users.push_back({{"user", name},
                     {"password", !user.password_hash.empty()},
                     {"roles", user.roles},
                     {"tokens", tokens}});
  }
  return {{"users", users}};
}

Status add(AccessData& data, const UserArguments& arguments, const std::string& hash) {
  SIMILE_TRY(add_user(data, arguments.user, hash));
  if (arguments.role.empty()) return {};
  return give_role(data, arguments.user, arguments.role);
}

Status add_token(AccessData& data, const UserArguments& arguments, const NewToken& token) {
  constexpr std::int64_t kSecondsADay = 86'400;
  const auto found = data.users.find(arguments.user);
  if (found == data.users.end()) {
    return fail(ErrorCode::kNotFound, join_text("there is no user '", arguments.user, "'"));
  }
  const std::int64_t now = seconds_now();
  found->second.tokens.push_back(
      {.id = token.id,
       .secret_hash = token.secret_hash,
       .name = arguments.token,
       .created = now,
       .expires = arguments.days == 0 ? 0 : now + arguments.days * kSecondsADay});
  return {};
}

Status drop_token(AccessData& data, const std::string& id) {
  std::size_t dropped = 0;
  for (auto& [name, user] : data.users) {
    dropped += std::erase_if(user.tokens, [&](const Token& token) { return token.id == id; });
  }
  if (dropped != 0) return {};
  return fail(ErrorCode::kNotFound,
              join_text("there is no token '", id, "'; list them with ", "simile user list"));
}

/// One change, and what it answers.
Status change(AccessData& data, const UserArguments& arguments, const std::string& hash,
              const NewToken& token) {
  const std::string& action = arguments.action;
  if (action == "add") return add(data, arguments, hash);
  if (action == "password") return change_password(data, arguments.user, hash);
  if (action == "remove") return drop_user(data, arguments.user);
  if (action == "grant") return give_role(data, arguments.user, arguments.role);
  if (action == "revoke") return take_role(data, arguments.user, arguments.role);
  if (action == "token") return add_token(data, arguments, token);
  if (action == "revoke-token") return drop_token(data, arguments.token);
  return fail(ErrorCode::kInternal, join_text("unknown action ", action));
}

}  // namespace

Result<std::string> manage_users(const UserArguments& arguments) {
  if (!std::filesystem::is_directory(arguments.path)) {
    // The first user is made before the server has made the database.
    std::error_code error;
    if (arguments.action != "add" || !std::filesystem::create_directory(arguments.path, error)) {
      return fail(ErrorCode::kNotFound, join_text(arguments.path, ": there is no database"));
    }
  }
  SIMILE_ASSIGN(const auto store, AccessStore::open(arguments.path));
  if (arguments.action == "list") return list_of(*store->current()).dump();
  std::string hash;
  if (arguments.action == "password" || !arguments.password.empty()) {
    SIMILE_ASSIGN(hash, checked_hash(arguments.password));
  }
  const NewToken token = arguments.action == "token" ? make_token() : NewToken();
  SIMILE_TRY(store->change([&](AccessData& data) { return change(data, arguments, hash, token); }));
  Json answer = {{"user", arguments.user}, {"action", arguments.action}};
  if (!token.id.empty()) {
    answer["token"] = token.text;
    answer["id"] = token.id;
  }
  return answer.dump();
}

Result<std::string> audit_report(const std::string& path) {
  SIMILE_ASSIGN(const AuditReport report, verify_audit(path));
  return Json{{"files", report.files},
              {"lines", report.lines},
              {"last_hash", report.last_hash},
              {"damage", report.damage}}
      .dump();
}

}  // namespace simile::server
