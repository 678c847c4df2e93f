#include "simile/server/access/caller.h"

#include <algorithm>
#include <chrono>

#include "simile/base/text.h"
#include "simile/server/access/privileges.h"

namespace simile::server {

namespace {

constexpr std::string_view kAny = "*";

bool fits(std::string_view pattern, std::string_view name) {
  return pattern == kAny || pattern == name;
}

}  // namespace

std::shared_ptr<const Caller>& http_caller() {
  static thread_local std::shared_ptr<const Caller> caller;
  return caller;
}

CallRate::CallRate(std::uint32_t calls_per_second)
    : interval_(calls_per_second == 0 ? 0 : 1'000'000'000 / calls_per_second) {}

bool CallRate::take() {
  if (interval_ == 0) return true;
  constexpr std::int64_t kBurst = 1'000'000'000;
  const std::int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  std::int64_t next = next_.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t from = std::max(next, now);
    if (from - now > kBurst) return false;
    if (next_.compare_exchange_weak(next, from + interval_)) return true;
  }
}

bool Caller::Held::has(std::string_view privilege) const {
  return privileges.contains(privilege) || privileges.contains(kEveryPrivilege);
}

bool Caller::Held::covers(const Target& target) const {
  return fits(database, target.database) && fits(collection, target.collection);
}

bool Caller::Held::is_of_cluster(std::string_view privilege) const {
  if (database == kAny) return collection == kAny && has(privilege);
  // The older of Milvus' two calls cannot name every database: what it grants on "Global" by its
  // name holds everywhere, but not what "*" stands for.
  return (object == "Global" || object == "User") && privileges.contains(privilege);
}

std::shared_ptr<const Caller> Caller::unrestricted() {
  static const std::shared_ptr<const Caller> everybody = [] {
    auto caller = std::make_shared<Caller>();
    caller->everything_ = true;
    return caller;
  }();
  return everybody;
}

std::shared_ptr<const Caller> Caller::of(const AccessData& data, std::string_view user,
                                         std::shared_ptr<CallRate> rate) {
  auto caller = std::make_shared<Caller>();
  caller->user_ = user;
  caller->rate_ = std::move(rate);
  const User* known = data.find_user(user);
  if (known == nullptr) return caller;
  caller->everything_ = known->roles.contains(kAdminRole);
  std::set<std::string, std::less<>> names = known->roles;
  names.emplace(kPublicRole);
  for (const std::string& name : names) {
    const auto role = data.roles.find(name);
    if (role == data.roles.end()) continue;
    for (const Grant& grant : role->second.grants) {
      caller->held_.push_back({.role = name,
                               .object = grant.object,
                               .database = grant.database,
                               .collection = grant.collection,
                               .privileges = data.privileges_of(grant.privilege)});
    }
  }
  for (const RowPolicy& policy : data.policies) {
    const auto has = [&](const std::string& role) { return names.contains(role); };
    if (std::ranges::any_of(policy.roles, has)) caller->policies_.push_back(policy);
  }
  return caller;
}

bool Caller::may_somewhere(const Right& right) const {
  if (everything_ || right.scope == Scope::kOpen || right.scope == Scope::kSignedIn) return true;
  if (right.scope == Scope::kVisible) return !held_.empty();
  return std::ranges::any_of(held_, [&](const Held& held) {
    return right.scope == Scope::kCluster ? held.is_of_cluster(right.privilege)
                                          : held.has(right.privilege);
  });
}

bool Caller::may(const Right& right, const Target& target) const {
  if (everything_) return true;
  switch (right.scope) {
    case Scope::kOpen:
    case Scope::kSignedIn: return true;
    case Scope::kVisible: return sees(target);
    case Scope::kCollection:
    case Scope::kDatabase:
      return std::ranges::any_of(held_, [&](const Held& held) {
        return held.covers(target) && held.has(right.privilege);
      });
    case Scope::kCluster: break;
  }
  return !right.privilege.empty() && std::ranges::any_of(held_, [&](const Held& held) {
    return held.is_of_cluster(right.privilege);
  });
}

bool Caller::sees(const Target& target) const {
  return everything_ ||
         std::ranges::any_of(held_, [&](const Held& held) { return held.covers(target); });
}

bool Caller::sees_database(std::string_view database) const {
  return everything_ || std::ranges::any_of(
                            held_, [&](const Held& held) { return fits(held.database, database); });
}

std::string Caller::limit(std::string_view action, const Target& target, bool written) const {
  if (everything_) return {};
  std::set<std::string_view> roles;
  for (const Held& held : held_) {
    if (held.covers(target) && held.has(action)) roles.insert(held.role);
  }
  std::string any;
  for (const std::string_view role : roles) {
    bool limited = false;
    for (const RowPolicy& policy : policies_) {
      if (!policy.roles.contains(role) || !policy.actions.contains(action) ||
          !fits(policy.database, target.database) || !fits(policy.collection, target.collection)) {
        continue;
      }
      const bool own = written && !policy.written.empty();
      any += join_text(any.empty() ? "(" : " or (", own ? policy.written : policy.shown, ")");
      limited = true;
    }
    if (!limited) return {};  // this role shows every row
  }
  return any;
}

std::string Caller::rows_shown(std::string_view action, const Target& target) const {
  return limit(action, target, false);
}

std::string Caller::rows_written(std::string_view action, const Target& target) const {
  return limit(action, target, true);
}

}  // namespace simile::server
