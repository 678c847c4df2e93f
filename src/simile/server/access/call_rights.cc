/// What each call and path needs; the one place to look at when a call is added.

#include <iterator>
#include <map>
#include <utility>

#include "simile/server/access/privileges.h"

namespace simile::server {

namespace {

using Rights = std::map<std::string_view, Right>;

constexpr std::pair<std::string_view, Right> kRights[] = {
    // Told to everybody who may come in, and limited to what they may see where it is a list.
    {"Connect", kSignedIn},
    {"GetVersion", kSignedIn},
    {"CheckHealth", kSignedIn},
    {"AllocTimestamp", kSignedIn},
    {"GetComponentStates", kSignedIn},
    {"ListDatabases", kSignedIn},
    {"ShowCollections", kSignedIn},
    {"GetCompactionState", kSignedIn},
    {"GetCompactionStateWithPlans", kSignedIn},
    {"GetFlushState", kSignedIn},
    {"UpdateCredential", kSignedIn},  // of oneself; the call looks
    {"SelectUser", kSignedIn},        // likewise
    // What a client asks before it can use a collection at all.
    {"DescribeCollection", kVisible},
    {"BatchDescribeCollection", kVisible},
    {"HasCollection", kVisible},
    {"DescribeIndex", kVisible},
    {"GetIndexState", kVisible},
    {"GetIndexBuildProgress", kVisible},
    {"GetLoadingProgress", kVisible},
    {"GetLoadState", kVisible},
    {"HasPartition", kVisible},
    {"ShowPartitions", kVisible},
    {"GetReplicas", kVisible},
    // Collections.
    {"Search", on_collection("Search")},
    {"HybridSearch", on_collection("Search")},
    {"Query", on_collection("Query")},
    {"Insert", on_collection("Insert")},
    {"Upsert", on_collection("Upsert")},
    {"Delete", on_collection("Delete")},
    {"Flush", on_collection("Flush")},
    {"DropCollection", on_collection("DropCollection")},
    {"TruncateCollection", on_collection("TruncateCollection")},
    {"AlterCollection", on_collection("AlterCollection")},
    {"AlterCollectionField", on_collection("AlterCollectionField")},
    {"AddCollectionField", on_collection("AddCollectionField")},
    {"AddCollectionFunction", on_collection("AddCollectionField")},
    {"AlterCollectionFunction", on_collection("AlterCollectionField")},
    {"DropCollectionFunction", on_collection("AlterCollectionField")},
    {"RunAnalyzer", on_collection("RunAnalyzer")},
    {"GetCollectionStatistics", on_collection("GetStatistics")},
    {"GetPartitionStatistics", on_collection("GetStatistics")},
    {"GetIndexStatistics", on_collection("IndexDetail")},
    {"GetPersistentSegmentInfo", on_collection("GetStatistics")},
    {"GetQuerySegmentInfo", on_collection("GetStatistics")},
    {"CreateIndex", on_collection("CreateIndex")},
    {"AlterIndex", on_collection("CreateIndex")},
    {"DropIndex", on_collection("DropIndex")},
    {"LoadCollection", on_collection("Load")},
    {"LoadPartitions", on_collection("Load")},
    {"ReleaseCollection", on_collection("Release")},
    {"ReleasePartitions", on_collection("Release")},
    {"CreatePartition", on_collection("CreatePartition")},
    {"DropPartition", on_collection("DropPartition")},
    {"ManualCompaction", on_collection("Compaction")},
    // Databases.
    {"CreateCollection", on_database("CreateCollection")},
    {"RenameCollection", on_database("RenameCollection")},
    {"DescribeDatabase", on_database("DescribeDatabase")},
    {"AlterDatabase", on_database("AlterDatabase")},
    {"CreateAlias", on_database("CreateAlias")},
    {"AlterAlias", on_database("CreateAlias")},
    {"DropAlias", on_database("DropAlias")},
    {"DescribeAlias", on_database("DescribeAlias")},
    {"ListAliases", on_database("ListAliases")},
    // Everything.
    {"CreateDatabase", on_cluster("CreateDatabase")},
    {"DropDatabase", on_cluster("DropDatabase")},
    {"FlushAll", on_cluster("FlushAll")},
    {"GetFlushAllState", on_cluster("FlushAll")},
    {"GetMetrics", on_cluster("GetMetrics")},
    {"CreateCredential", on_cluster("CreateOwnership")},
    {"DeleteCredential", on_cluster("DropOwnership")},
    {"ListCredUsers", on_cluster("SelectOwnership")},
    {"CreateRole", on_cluster("CreateOwnership")},
    {"AlterRole", on_cluster("CreateOwnership")},
    {"DropRole", on_cluster("DropOwnership")},
    {"OperateUserRole", on_cluster("ManageOwnership")},
    {"SelectRole", on_cluster("SelectOwnership")},
    {"OperatePrivilege", on_cluster("ManageOwnership")},
    {"OperatePrivilegeV2", on_cluster("ManageOwnership")},
    {"SelectGrant", on_cluster("SelectOwnership")},
    {"CreateRowPolicy", on_cluster("ManageOwnership")},
    {"DropRowPolicy", on_cluster("ManageOwnership")},
    {"ListRowPolicies", on_cluster("SelectOwnership")},
    {"BackupRBAC", on_cluster("BackupRBAC")},
    {"RestoreRBAC", on_cluster("RestoreRBAC")},
    {"CreatePrivilegeGroup", on_cluster("CreatePrivilegeGroup")},
    {"DropPrivilegeGroup", on_cluster("DropPrivilegeGroup")},
    {"ListPrivilegeGroups", on_cluster("ListPrivilegeGroups")},
    {"OperatePrivilegeGroup", on_cluster("OperatePrivilegeGroup")},
};

const Rights& rights_of_calls() {
  static const Rights rights(std::begin(kRights), std::end(kRights));
  return rights;
}

using Calls = std::map<std::string_view, std::string_view>;

constexpr std::pair<std::string_view, std::string_view> kPaths[] = {
    {"collections/create", "CreateCollection"},
    {"collections/describe", "DescribeCollection"},
    {"collections/has", "HasCollection"},
    {"collections/list", "ShowCollections"},
    {"collections/drop", "DropCollection"},
    {"collections/rename", "RenameCollection"},
    {"collections/truncate", "TruncateCollection"},
    {"collections/load", "LoadCollection"},
    {"collections/refresh_load", "LoadCollection"},
    {"collections/release", "ReleaseCollection"},
    {"collections/get_stats", "GetCollectionStatistics"},
    {"collections/get_load_state", "GetLoadState"},
    {"collections/flush", "Flush"},
    {"collections/compact", "ManualCompaction"},
    {"collections/get_compaction_state", "GetCompactionState"},
    {"collections/alter_properties", "AlterCollection"},
    {"collections/drop_properties", "AlterCollection"},
    {"collections/fields/add", "AddCollectionField"},
    {"collections/fields/alter_properties", "AlterCollectionField"},
    {"indexes/create", "CreateIndex"},
    {"indexes/describe", "DescribeIndex"},
    {"indexes/list", "DescribeIndex"},
    {"indexes/drop", "DropIndex"},
    {"indexes/alter_properties", "AlterIndex"},
    {"indexes/drop_properties", "AlterIndex"},
    {"common/run_analyzer", "RunAnalyzer"},
    {"entities/insert", "Insert"},
    {"entities/upsert", "Upsert"},
    {"entities/delete", "Delete"},
    {"entities/query", "Query"},
    {"entities/get", "Query"},
    {"entities/search", "Search"},
    {"entities/hybrid_search", "HybridSearch"},
    {"entities/advanced_search", "HybridSearch"},
    {"partitions/create", "CreatePartition"},
    {"partitions/drop", "DropPartition"},
    {"partitions/has", "HasPartition"},
    {"partitions/list", "ShowPartitions"},
    {"partitions/load", "LoadPartitions"},
    {"partitions/release", "ReleasePartitions"},
    {"partitions/get_stats", "GetPartitionStatistics"},
    {"aliases/create", "CreateAlias"},
    {"aliases/alter", "AlterAlias"},
    {"aliases/drop", "DropAlias"},
    {"aliases/describe", "DescribeAlias"},
    {"aliases/list", "ListAliases"},
    {"databases/create", "CreateDatabase"},
    {"databases/drop", "DropDatabase"},
    {"databases/list", "ListDatabases"},
    {"databases/describe", "DescribeDatabase"},
    {"databases/alter", "AlterDatabase"},
    {"databases/alter_properties", "AlterDatabase"},
    {"databases/drop_properties", "AlterDatabase"},
    {"users/create", "CreateCredential"},
    {"users/update_password", "UpdateCredential"},
    {"users/drop", "DeleteCredential"},
    {"users/list", "ListCredUsers"},
    {"users/describe", "SelectUser"},
    {"users/grant_role", "OperateUserRole"},
    {"users/revoke_role", "OperateUserRole"},
    {"roles/create", "CreateRole"},
    {"roles/drop", "DropRole"},
    {"roles/list", "SelectRole"},
    {"roles/describe", "SelectGrant"},
    {"roles/grant_privilege", "OperatePrivilege"},
    {"roles/revoke_privilege", "OperatePrivilege"},
    {"roles/grant_privilege_v2", "OperatePrivilegeV2"},
    {"roles/revoke_privilege_v2", "OperatePrivilegeV2"},
    {"privilege_groups/create", "CreatePrivilegeGroup"},
    {"privilege_groups/drop", "DropPrivilegeGroup"},
    {"privilege_groups/list", "ListPrivilegeGroups"},
    {"privilege_groups/add_privileges_to_group", "OperatePrivilegeGroup"},
    {"privilege_groups/remove_privileges_from_group", "OperatePrivilegeGroup"},
};

const Calls& calls_of_paths() {
  static const Calls calls(std::begin(kPaths), std::end(kPaths));
  return calls;
}

}  // namespace

Right right_of_call(std::string_view method) {
  const auto found = rights_of_calls().find(method);
  return found == rights_of_calls().end() ? Right() : found->second;
}

std::string_view call_of_path(std::string_view path) {
  const auto found = calls_of_paths().find(path);
  return found == calls_of_paths().end() ? std::string_view() : found->second;
}

}  // namespace simile::server
