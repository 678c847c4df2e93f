#pragma once
/// The privileges that exist, the groups of them that are given names, and which one each call
/// needs. Names are those of Milvus.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simile/server/access/right.h"

namespace simile::server {

inline constexpr std::string_view kEveryPrivilege = "*";

/// What Milvus calls the object of a privilege: "Collection", "Global" or "User"; empty where there
/// is no such privilege.
std::string_view object_of(std::string_view privilege);

/// The members of a group that is always there, "CollectionReadOnly" for example; empty where the
/// name is none.
std::span<const std::string_view> built_in_group(std::string_view name);
/// The names of these groups.
std::vector<std::string> built_in_groups();

/// What a call of the protocol needs. A call that is not in the table needs what only
/// administrators have; a test fails then.
Right right_of_call(std::string_view method);
/// What a path below /v2/vectordb/ needs, by the call that it stands for.
std::string_view call_of_path(std::string_view path);

}  // namespace simile::server
