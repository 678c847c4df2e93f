#include "simile/server/collection_metrics.h"

#include <array>

#include "simile/base/text.h"

namespace simile::server {

namespace {

struct Gauge {
  std::string_view name;
  std::string_view help;
  std::uint64_t CollectionInfo::*value;
};

constexpr std::array kGauges = {
    Gauge{"rows", "Rows that are there", &CollectionInfo::rows},
    Gauge{"deleted_rows", "Deleted rows that compaction has not dropped yet",
          &CollectionInfo::deleted_rows},
    Gauge{"growing_rows", "Rows in the growing segment", &CollectionInfo::growing_rows},
    Gauge{"indexed_rows", "Rows that an index covers", &CollectionInfo::indexed_rows},
    Gauge{"sealed_segments", "Segments on disk", &CollectionInfo::sealed_segments},
    Gauge{"disk_bytes", "Bytes on disk", &CollectionInfo::disk_bytes},
    Gauge{"memory_bytes", "Bytes in memory", &CollectionInfo::memory_bytes},
};

void add_head(std::string& out, std::string_view name, std::string_view help) {
  out += join_text("# HELP simile_", name, " ", help, ".\n# TYPE simile_", name, " gauge\n");
}

}  // namespace

std::string collection_metrics(const Catalog& catalog) {
  std::vector<std::pair<std::string, DatabaseInfo>> databases;
  for (const DatabaseSummary& database : catalog.databases()) {
    if (auto info = catalog.info(database.name)) {
      databases.emplace_back(database.name, *std::move(info));
    }
  }
  std::string out;
  for (const Gauge& gauge : kGauges) {
    const std::string name = join_text("collection_", gauge.name);
    add_head(out, name, gauge.help);
    for (const auto& [database, info] : databases) {
      for (const CollectionInfo& collection : info.collections) {
        out += join_text("simile_", name, "{database=\"", database, "\",collection=\"",
                         collection.name, "\"} ", collection.*gauge.value, "\n");
      }
    }
  }
  add_head(out, "wal_bytes", "Bytes of the write-ahead log");
  for (const auto& [database, info] : databases) {
    out += join_text("simile_wal_bytes{database=\"", database, "\"} ", info.wal_bytes, "\n");
  }
  add_head(out, "sequence", "Number of the last acknowledged write");
  for (const auto& [database, info] : databases) {
    out += join_text("simile_sequence{database=\"", database, "\"} ", info.sequence, "\n");
  }
  return out;
}

}  // namespace simile::server
