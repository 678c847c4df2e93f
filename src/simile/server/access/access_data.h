#pragma once
/// Users, roles and what roles may do, as one value. docs/formats/access.md is the file.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simile/error.h"

namespace simile::server {

inline constexpr std::string_view kRootUser = "root";
inline constexpr std::string_view kAdminRole = "admin";    ///< may do everything
inline constexpr std::string_view kPublicRole = "public";  ///< every user has it

struct Token {
  std::string id;
  std::string secret_hash;
  std::string name;          ///< what it is for
  std::int64_t created = 0;  ///< seconds since 1970
  std::int64_t expires = 0;  ///< 0: never
};

struct User {
  std::string password_hash;  ///< empty: only tokens
  std::string description;
  std::set<std::string, std::less<>> roles;
  std::vector<Token> tokens;
};

/// A privilege, or a group of them, on one collection or all ("*") of one database or all.
struct Grant {
  std::string object;  ///< "Collection", "Global" or "User", as the granting call named it
  std::string privilege;
  std::string database;
  std::string collection;
  std::string grantor;

  bool same_as(const Grant& other) const {
    return privilege == other.privilege && database == other.database &&
           collection == other.collection && object == other.object;
  }
};

/// Limits the rows that roles show for some actions. Where several are of one role, a row of any of
/// them is shown; a role that none is of shows every row.
struct RowPolicy {
  std::string name;
  std::string database;
  std::string collection;
  std::set<std::string, std::less<>> actions;  ///< "Search", "Query", "Insert", "Upsert", "Delete"
  std::set<std::string, std::less<>> roles;
  std::string shown;    ///< filter of rows that are there
  std::string written;  ///< filter of rows that are written; empty: `shown`
  std::string description;
  std::int64_t created = 0;
};

struct Role {
  std::string description;
  std::vector<Grant> grants;
};

struct AccessData {
  std::map<std::string, User, std::less<>> users;
  std::map<std::string, Role, std::less<>> roles;  ///< admin and public are always there
  std::map<std::string, std::set<std::string>, std::less<>> groups;  ///< of privileges
  std::vector<RowPolicy> policies;

  /// With the two roles that are always there.
  static AccessData empty();
  /// kDataLoss where the text is damaged.
  static Result<AccessData> from_text(std::string_view text);
  std::string to_text() const;

  const User* find_user(std::string_view name) const {
    const auto found = users.find(name);
    return found == users.end() ? nullptr : &found->second;
  }
  bool has_admin() const;
  /// Every privilege that the name of one, or of a group, stands for; empty: it is none.
  std::set<std::string, std::less<>> privileges_of(std::string_view name) const;
};

/// Now, in seconds since 1970.
std::int64_t seconds_now();

}  // namespace simile::server
