#pragma once
/// Names of databases, collections, fields, aliases and partitions; check_name of catalog.h says
/// what clients are told about one that is none.

#include <string_view>

namespace simile::server {

/// [A-Za-z_][A-Za-z0-9_]*: what can be the name of a directory and of a field in a filter.
bool is_word(std::string_view name);

}  // namespace simile::server
