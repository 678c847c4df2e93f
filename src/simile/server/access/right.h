#pragma once
/// What a caller must be allowed to, declared beside every call and route.

#include <cstdint>
#include <string>
#include <string_view>

namespace simile::server {

enum class Scope : std::uint8_t {
  kOpen,        ///< anybody, without a credential; nothing of the data may be told
  kSignedIn,    ///< anybody with a credential; what is told is limited to what they may see
  kVisible,     ///< whoever holds any right on the collection that the message names
  kCollection,  ///< who holds the privilege on that collection
  kDatabase,    ///< who holds it on the database
  kCluster,     ///< who holds it on every database
};

/// Privileges have the names that Milvus gave them, "Search" for example.
struct Right {
  Scope scope = Scope::kCluster;
  std::string_view privilege = {};
};

inline constexpr Right kOpen{.scope = Scope::kOpen};
inline constexpr Right kSignedIn{.scope = Scope::kSignedIn};
inline constexpr Right kVisible{.scope = Scope::kVisible};
constexpr Right on_collection(std::string_view privilege) {
  return {.scope = Scope::kCollection, .privilege = privilege};
}
constexpr Right on_database(std::string_view privilege) {
  return {.scope = Scope::kDatabase, .privilege = privilege};
}
constexpr Right on_cluster(std::string_view privilege) {
  return {.scope = Scope::kCluster, .privilege = privilege};
}

/// "collection Search": the scope and the privilege, or "-".
std::string describe(const Right& right);

}  // namespace simile::server
