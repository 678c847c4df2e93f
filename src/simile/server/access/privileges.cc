#include "simile/server/access/privileges.h"

#include <algorithm>
#include <array>
#include <map>

#include "simile/base/text.h"

namespace simile::server {

namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 12> kCollectionReadOnly = {
    "Query",         "Search",         "IndexDetail",
    "GetFlushState", "GetLoadState",   "GetLoadingProgress",
    "HasPartition",  "ShowPartitions", "DescribeCollection",
    "DescribeAlias", "GetStatistics",  "ListAliases"};
constexpr std::array<std::string_view, 27> kCollectionReadWrite = {"Query",
                                                                   "Search",
                                                                   "IndexDetail",
                                                                   "GetFlushState",
                                                                   "GetLoadState",
                                                                   "GetLoadingProgress",
                                                                   "HasPartition",
                                                                   "ShowPartitions",
                                                                   "DescribeCollection",
                                                                   "DescribeAlias",
                                                                   "GetStatistics",
                                                                   "ListAliases",
                                                                   "Load",
                                                                   "Release",
                                                                   "Insert",
                                                                   "Delete",
                                                                   "Upsert",
                                                                   "Import",
                                                                   "Flush",
                                                                   "Compaction",
                                                                   "LoadBalance",
                                                                   "CreateIndex",
                                                                   "DropIndex",
                                                                   "CreatePartition",
                                                                   "DropPartition",
                                                                   "AddCollectionField",
                                                                   "RunAnalyzer"};
constexpr std::array<std::string_view, 32> kCollectionAdmin = {"Query",
                                                               "Search",
                                                               "IndexDetail",
                                                               "GetFlushState",
                                                               "GetLoadState",
                                                               "GetLoadingProgress",
                                                               "HasPartition",
                                                               "ShowPartitions",
                                                               "DescribeCollection",
                                                               "DescribeAlias",
                                                               "GetStatistics",
                                                               "ListAliases",
                                                               "Load",
                                                               "Release",
                                                               "Insert",
                                                               "Delete",
                                                               "Upsert",
                                                               "Import",
                                                               "Flush",
                                                               "Compaction",
                                                               "LoadBalance",
                                                               "CreateIndex",
                                                               "DropIndex",
                                                               "CreatePartition",
                                                               "DropPartition",
                                                               "AddCollectionField",
                                                               "RunAnalyzer",
                                                               "CreateAlias",
                                                               "DropAlias",
                                                               "AlterCollection",
                                                               "AlterCollectionField",
                                                               "TruncateCollection"};
constexpr std::array<std::string_view, 2> kDatabaseReadOnly = {"ShowCollections",
                                                               "DescribeDatabase"};
constexpr std::array<std::string_view, 3> kDatabaseReadWrite = {
    "ShowCollections", "DescribeDatabase", "AlterDatabase"};
constexpr std::array<std::string_view, 5> kDatabaseAdmin = {
    "ShowCollections", "DescribeDatabase", "AlterDatabase", "CreateCollection", "DropCollection"};
constexpr std::array<std::string_view, 7> kClusterReadOnly = {
    "ListDatabases",      "SelectOwnership",     "SelectUser", "DescribeResourceGroup",
    "ListResourceGroups", "ListPrivilegeGroups", "GetMetrics"};
constexpr std::array<std::string_view, 11> kClusterReadWrite = {
    "ListDatabases",      "SelectOwnership",     "SelectUser",          "DescribeResourceGroup",
    "ListResourceGroups", "ListPrivilegeGroups", "GetMetrics",          "FlushAll",
    "TransferNode",       "TransferReplica",     "UpdateResourceGroups"};
constexpr std::array<std::string_view, 26> kClusterAdmin = {"ListDatabases",
                                                            "SelectOwnership",
                                                            "SelectUser",
                                                            "DescribeResourceGroup",
                                                            "ListResourceGroups",
                                                            "ListPrivilegeGroups",
                                                            "GetMetrics",
                                                            "FlushAll",
                                                            "TransferNode",
                                                            "TransferReplica",
                                                            "UpdateResourceGroups",
                                                            "BackupRBAC",
                                                            "RestoreRBAC",
                                                            "CreateDatabase",
                                                            "DropDatabase",
                                                            "CreateOwnership",
                                                            "DropOwnership",
                                                            "ManageOwnership",
                                                            "CreateResourceGroup",
                                                            "DropResourceGroup",
                                                            "UpdateUser",
                                                            "RenameCollection",
                                                            "CreatePrivilegeGroup",
                                                            "DropPrivilegeGroup",
                                                            "OperatePrivilegeGroup",
                                                            "Backup"};

const std::map<std::string_view, Names>& groups() {
  static const std::map<std::string_view, Names> all = {
      {"CollectionReadOnly", kCollectionReadOnly},
      {"CollectionReadWrite", kCollectionReadWrite},
      {"CollectionAdmin", kCollectionAdmin},
      {"DatabaseReadOnly", kDatabaseReadOnly},
      {"DatabaseReadWrite", kDatabaseReadWrite},
      {"DatabaseAdmin", kDatabaseAdmin},
      {"ClusterReadOnly", kClusterReadOnly},
      {"ClusterReadWrite", kClusterReadWrite},
      {"ClusterAdmin", kClusterAdmin}};
  return all;
}

bool contains(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Those of the groups of collections that Milvus counts as rights on everything.
constexpr std::array<std::string_view, 5> kGlobalOfCollections = {
    "DescribeCollection", "DescribeAlias", "ListAliases", "CreateAlias", "DropAlias"};

}  // namespace

std::string describe(const Right& right) {
  constexpr std::array<std::string_view, 6> kScopes = {"open",       "signed-in", "visible",
                                                       "collection", "database",  "cluster"};
  const std::string_view privilege = right.privilege.empty() ? "-" : right.privilege;
  return join_text(kScopes[static_cast<std::size_t>(right.scope)], " ", privilege);
}

std::string_view object_of(std::string_view privilege) {
  if (privilege == "UpdateUser" || privilege == "SelectUser") return "User";
  if (contains(kGlobalOfCollections, privilege)) return "Global";
  if (contains(kCollectionAdmin, privilege)) return "Collection";
  if (contains(kDatabaseAdmin, privilege) || contains(kClusterAdmin, privilege)) return "Global";
  return {};
}

Names built_in_group(std::string_view name) {
  const auto found = groups().find(name);
  return found == groups().end() ? Names() : found->second;
}

std::vector<std::string> built_in_groups() {
  std::vector<std::string> names;
  for (const auto& [name, members] : groups()) names.emplace_back(name);
  return names;
}

}  // namespace simile::server
