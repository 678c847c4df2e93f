#pragma once
/// The changes of users and roles that calls and `simile user` make, for AccessStore::change().
/// Each refuses what is not there, there already, or no name, and says so.

#include <string>
#include <string_view>

#include "simile/error.h"
#include "simile/server/access/access_data.h"

namespace simile::server {

/// A name of a user, role, group or policy: [A-Za-z_][A-Za-z0-9_]*, at most 64 bytes.
Status check_access_name(std::string_view what, std::string_view name);

/// `password_hash` of hash_password(); empty: a user who comes with tokens only.
Status add_user(AccessData& data, const std::string& name, std::string password_hash);
Status change_password(AccessData& data, std::string_view name, std::string password_hash);
/// The last administrator cannot be dropped.
Status drop_user(AccessData& data, std::string_view name);

Status add_role(AccessData& data, const std::string& name, const std::string& description);
/// With `force` also one that has rights or users.
Status drop_role(AccessData& data, std::string_view name, bool force);
Status give_role(AccessData& data, std::string_view user, const std::string& role);
/// Not of the last administrator.
Status take_role(AccessData& data, std::string_view user, std::string_view role);

/// Gives a right that is there already without an error, as clients expect.
Status give_right(AccessData& data, std::string_view role, Grant grant);
Status take_right(AccessData& data, std::string_view role, const Grant& grant);

Status add_group(AccessData& data, const std::string& name);
Status drop_group(AccessData& data, std::string_view name);
Status change_group(AccessData& data, std::string_view name,
                    const std::vector<std::string>& privileges, bool add);

Status add_policy(AccessData& data, RowPolicy policy);
Status drop_policy(AccessData& data, std::string_view database, std::string_view collection,
                   std::string_view name);

}  // namespace simile::server
