#pragma once
/// POST /v2/simile/backup: a copy of everything the server keeps, into the folder of its setting
/// `backup_dir`. The name in the request is one name there, never a path.

#include <string>

#include "simile/server/rest/rest_call.h"

namespace simile::server {

struct BackupPlaces {
  std::string database;  ///< the directory that is served
  std::string folder;    ///< where backups go; empty: they are refused
};

/// `body`: {"name": "monday.tar"}. Runs until the copy is there.
Json run_backup(const BackupPlaces& places, const std::string& body);

}  // namespace simile::server
