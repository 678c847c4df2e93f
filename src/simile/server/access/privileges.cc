#include "simile/server/access/privileges.h"

#include <algorithm>
#include <array>
#include <map>

#include "simile/base/text.h"

namespace simile::server {

namespace {

using Names = std::span<const std::string_view>;

// Of each kind, who may write may read, and who administers may do both: the shorter lists begin
// the longest.
constexpr std::array<std::string_view, 32> kCollectionAdmin = {
    // to read
    "Query", "Search", "IndexDetail", "GetFlushState", "GetLoadState", "GetLoadingProgress",
    "HasPartition", "ShowPartitions", "DescribeCollection", "DescribeAlias", "GetStatistics",
    "ListAliases",
    // and to write
    "Load", "Release", "Insert", "Delete", "Upsert", "Import", "Flush", "Compaction", "LoadBalance",
    "CreateIndex", "DropIndex", "CreatePartition", "DropPartition", "AddCollectionField",
    "RunAnalyzer",
    // and to administer
    "CreateAlias", "DropAlias", "AlterCollection", "AlterCollectionField", "TruncateCollection"};
constexpr Names kCollectionReadOnly = Names(kCollectionAdmin).first(12);
constexpr Names kCollectionReadWrite = Names(kCollectionAdmin).first(27);
constexpr std::array<std::string_view, 5> kDatabaseAdmin = {
    // to read
    "ShowCollections", "DescribeDatabase",
    // and to write
    "AlterDatabase",
    // and to administer
    "CreateCollection", "DropCollection"};
constexpr Names kDatabaseReadOnly = Names(kDatabaseAdmin).first(2);
constexpr Names kDatabaseReadWrite = Names(kDatabaseAdmin).first(3);
constexpr std::array<std::string_view, 26> kClusterAdmin = {
    // to read
    "ListDatabases", "SelectOwnership", "SelectUser", "DescribeResourceGroup", "ListResourceGroups",
    "ListPrivilegeGroups", "GetMetrics",
    // and to write
    "FlushAll", "TransferNode", "TransferReplica", "UpdateResourceGroups",
    // and to administer
    "BackupRBAC", "RestoreRBAC", "CreateDatabase", "DropDatabase", "CreateOwnership",
    "DropOwnership", "ManageOwnership", "CreateResourceGroup", "DropResourceGroup", "UpdateUser",
    "RenameCollection", "CreatePrivilegeGroup", "DropPrivilegeGroup", "OperatePrivilegeGroup",
    "Backup"};
constexpr Names kClusterReadOnly = Names(kClusterAdmin).first(7);
constexpr Names kClusterReadWrite = Names(kClusterAdmin).first(11);

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
