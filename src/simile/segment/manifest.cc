#include "simile/segment/manifest.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/checksum.h"
#include "simile/base/ids.h"
#include "simile/base/text.h"
#include "simile/segment/file_names.h"
#include "simile/segment/schema_codec.h"
#include "simile/segment/tagged_parts.h"

namespace simile::segment {

namespace {

constexpr std::array<char, 8> kMagic = {'S', 'I', 'M', 'I', 'L', 'E', 'M', 'F'};
constexpr std::uint32_t kFormat = 2;
/// The first format had no tagged parts.
constexpr std::uint32_t kFormatTagged = 2;

enum CollectionTag : std::uint32_t { kCollectionProperties = 1, kCollectionPartitions = 2 };
enum SegmentTag : std::uint32_t { kSegmentFields = 1 };
enum ManifestTag : std::uint32_t { kDatabaseProperties = 1 };

void put_properties(const Properties& properties, ByteWriter& writer) {
  writer.put(static_cast<std::uint32_t>(properties.size()));
  for (const auto& [key, value] : properties) {
    writer.put_string(key);
    writer.put_string(value);
  }
}

Properties get_properties(ByteReader& reader) {
  Properties properties;
  const auto count = reader.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    std::string key(reader.get_string());
    properties[std::move(key)] = reader.get_string();
  }
  return properties;
}

void put_partitions(const Partitions& partitions, ByteWriter& writer) {
  writer.put(partitions.next_code);
  writer.put(static_cast<std::uint32_t>(partitions.entries.size()));
  for (const PartitionEntry& entry : partitions.entries) {
    writer.put(entry.code);
    writer.put_string(entry.name);
  }
  writer.put(static_cast<std::uint32_t>(partitions.dropped.size()));
  for (const std::int32_t code : partitions.dropped) writer.put(code);
}

Partitions get_partitions(ByteReader& reader) {
  Partitions partitions;
  partitions.next_code = reader.get<std::int32_t>();
  const auto count = reader.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    PartitionEntry& entry = partitions.entries.emplace_back();
    entry.code = reader.get<std::int32_t>();
    entry.name = reader.get_string();
  }
  const auto dropped = reader.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < dropped && reader.ok(); ++i) {
    partitions.dropped.push_back(reader.get<std::int32_t>());
  }
  return partitions;
}

void encode_collection(const CollectionEntry& collection, ByteWriter& writer) {
  writer.put(collection.id);
  writer.put_string(collection.name);
  writer.put(collection.flushed_sequence);
  writer.put(collection.next_auto_id);
  encode_schema(collection.schema, writer);
  writer.put(static_cast<std::uint32_t>(collection.segments.size()));
  for (const SegmentEntry& segment : collection.segments) {
    writer.put(segment.id);
    writer.put(segment.rows);
    writer.put(segment.deletes_file);
    writer.put(segment.deleted_rows);
    writer.put(static_cast<std::uint32_t>(segment.derived.size()));
    for (const DerivedEntry& derived : segment.derived) {
      writer.put(derived.field);
      writer.put(derived.file);
    }
    TaggedParts parts;
    if (segment.fields != 0) {
      parts.add(kSegmentFields, [&](ByteWriter& part) { part.put(segment.fields); });
    }
    parts.write(writer);
  }
  TaggedParts parts;
  if (!collection.properties.empty()) {
    parts.add(kCollectionProperties,
              [&](ByteWriter& part) { put_properties(collection.properties, part); });
  }
  if (collection.partitions != Partitions{}) {
    parts.add(kCollectionPartitions,
              [&](ByteWriter& part) { put_partitions(collection.partitions, part); });
  }
  parts.write(writer);
}

Result<SegmentEntry> decode_segment(ByteReader& reader, bool tagged) {
  SegmentEntry segment;
  segment.id = reader.get<std::uint64_t>();
  segment.rows = reader.get<std::uint64_t>();
  segment.deletes_file = reader.get<std::uint64_t>();
  segment.deleted_rows = reader.get<std::uint64_t>();
  const auto derived = reader.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < derived && reader.ok(); ++i) {
    DerivedEntry& entry = segment.derived.emplace_back();
    entry.field = reader.get<std::uint32_t>();
    entry.file = reader.get<std::uint64_t>();
  }
  if (tagged) {
    SIMILE_TRY(read_tagged(reader, [&](std::uint32_t tag, ByteReader& part) {
      if (tag != kSegmentFields) return false;
      segment.fields = part.get<std::uint32_t>();
      return true;
    }));
  }
  return segment;
}

Result<CollectionEntry> decode_collection(ByteReader& reader, bool tagged) {
  CollectionEntry collection;
  collection.id = reader.get<std::uint32_t>();
  collection.name = reader.get_string();
  collection.flushed_sequence = reader.get<std::uint64_t>();
  collection.next_auto_id = reader.get<std::int64_t>();
  SIMILE_ASSIGN(collection.schema, decode_schema(reader, tagged));
  const auto segments = reader.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < segments && reader.ok(); ++i) {
    SIMILE_ASSIGN(SegmentEntry segment, decode_segment(reader, tagged));
    collection.segments.push_back(std::move(segment));
  }
  if (!tagged) return collection;
  SIMILE_TRY(read_tagged(reader, [&](std::uint32_t tag, ByteReader& part) {
    switch (tag) {
      case kCollectionProperties: collection.properties = get_properties(part); return true;
      case kCollectionPartitions: collection.partitions = get_partitions(part); return true;
      default: return false;
    }
  }));
  return collection;
}

/// Fields from `count` on must hold something in rows that were written before them.
bool later_fields_have_values(const Schema& schema, std::uint32_t count) {
  if (count == 0) return true;
  const auto& fields = schema.fields();
  for (std::size_t i = count; i < fields.size(); ++i) {
    if (!fields[i].nullable && !fields[i].has_default()) return false;
  }
  return true;
}

/// What the code relies on without looking again.
Status check(const Manifest& manifest, const std::string& name) {
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorCode::kDataLoss, join_text(name, " is damaged: ", what));
  };
  for (std::size_t i = 0; i < manifest.collections.size(); ++i) {
    const CollectionEntry& collection = manifest.collections[i];
    if (collection.id >= manifest.next_collection) return wrong("a collection's id is too large");
    for (std::size_t j = 0; j < i; ++j) {
      if (manifest.collections[j].id == collection.id ||
          manifest.collections[j].name == collection.name) {
        return wrong(join_text("collection '", collection.name, "' is there twice"));
      }
    }
    for (const SegmentEntry& segment : collection.segments) {
      const bool bad_derived = std::ranges::any_of(segment.derived, [&](const DerivedEntry& entry) {
        return entry.field >= collection.schema.fields().size() || entry.file == 0 ||
               entry.file >= manifest.next_file;
      });
      const std::size_t key_field = static_cast<std::size_t>(&collection.schema.primary_key() -
                                                             collection.schema.fields().data());
      const bool bad_fields = segment.fields > collection.schema.fields().size() ||
                              (segment.fields != 0 && segment.fields <= key_field) ||
                              !later_fields_have_values(collection.schema, segment.fields);
      if (bad_fields || segment.rows == 0 || segment.rows >= value_of(kNoRow) ||
          segment.deleted_rows > segment.rows || segment.id == 0 ||
          segment.id >= manifest.next_file || segment.deletes_file >= manifest.next_file ||
          (segment.deletes_file == 0) != (segment.deleted_rows == 0) || bad_derived) {
        return wrong(join_text("segment ", segment.id, " of '", collection.name, "'"));
      }
    }
  }
  return {};
}

}  // namespace

std::uint64_t SegmentEntry::derived_file(std::uint32_t field) const {
  const auto it = std::ranges::find(derived, field, &DerivedEntry::field);
  return it == derived.end() ? 0 : it->file;
}

void SegmentEntry::set_derived_file(std::uint32_t field, std::uint64_t file) {
  std::erase_if(derived, [&](const DerivedEntry& entry) { return entry.field == field; });
  if (file != 0) derived.push_back({field, file});
  std::ranges::sort(derived, {}, &DerivedEntry::field);
}

Result<std::int32_t> Partitions::code_of(std::string_view name) const {
  if (name == kDefaultPartition) return 0;
  std::string known(kDefaultPartition);
  for (const PartitionEntry& entry : entries) {
    if (entry.name == name) return entry.code;
    known += ", " + entry.name;
  }
  return fail(ErrorCode::kNotFound, join_text("no partition '", name, "'; there are: ", known));
}

bool Partitions::contains(std::int32_t code) const {
  return code == 0 || std::ranges::find(entries, code, &PartitionEntry::code) != entries.end();
}

SegmentEntry* CollectionEntry::find(std::uint64_t segment_id) {
  const auto it = std::ranges::find(segments, segment_id, &SegmentEntry::id);
  return it == segments.end() ? nullptr : &*it;
}

CollectionEntry* Manifest::find(std::uint32_t collection_id) {
  const auto it = std::ranges::find(collections, collection_id, &CollectionEntry::id);
  return it == collections.end() ? nullptr : &*it;
}

std::vector<std::byte> encode_manifest(const Manifest& manifest) {
  ByteWriter writer;
  writer.put(kMagic);
  writer.put(kFormat);
  writer.put(manifest.number);
  writer.put(manifest.database_id);
  writer.put(manifest.sequence);
  writer.put(manifest.next_file);
  writer.put(manifest.next_collection);
  writer.put(manifest.first_log);
  writer.put(static_cast<std::uint32_t>(manifest.collections.size()));
  for (const CollectionEntry& collection : manifest.collections) {
    encode_collection(collection, writer);
  }
  TaggedParts parts;
  if (!manifest.properties.empty()) {
    parts.add(kDatabaseProperties,
              [&](ByteWriter& part) { put_properties(manifest.properties, part); });
  }
  parts.write(writer);
  writer.put(checksum64(writer.bytes()));
  return writer.take();
}

Result<Manifest> decode_manifest(std::span<const std::byte> bytes, const std::string& name) {
  const auto damaged = [&](std::string_view what) {
    return fail(ErrorCode::kDataLoss, join_text(name, " is damaged: ", what));
  };
  ByteReader reader(bytes);
  if (reader.get<std::array<char, 8>>() != kMagic) return damaged("it is no manifest");
  const auto format = reader.get<std::uint32_t>();
  std::uint64_t stored = 0;
  if (bytes.size() < kMagic.size() + sizeof format + sizeof stored) return damaged("cut short");
  std::memcpy(&stored, bytes.data() + bytes.size() - sizeof stored, sizeof stored);
  if (stored != checksum64(bytes.first(bytes.size() - sizeof stored))) {
    return damaged("its checksum does not fit");
  }
  if (format == 0 || format > kFormat) {  // after the checksum: a flipped bit is no newer version
    return fail(ErrorCode::kUnimplemented,
                join_text(name, " is of format ", format, ", and this Simile knows ", kFormat,
                          ": use a newer one"));
  }
  Manifest manifest;
  manifest.number = reader.get<std::uint64_t>();
  manifest.database_id = reader.get<std::uint64_t>();
  manifest.sequence = reader.get<std::uint64_t>();
  manifest.next_file = reader.get<std::uint64_t>();
  manifest.next_collection = reader.get<std::uint32_t>();
  manifest.first_log = reader.get<std::uint64_t>();
  const bool tagged = format >= kFormatTagged;
  const auto refused = [&](const Error& error) -> std::unexpected<Error> {
    if (error.code != ErrorCode::kUnimplemented) return damaged(error.message);
    return fail(error.code, join_text(name, ": ", error.message));
  };
  const auto collections = reader.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < collections && reader.ok(); ++i) {
    Result<CollectionEntry> collection = decode_collection(reader, tagged);
    if (!collection) return refused(collection.error());
    manifest.collections.push_back(*std::move(collection));
  }
  if (tagged) {
    const Status parts = read_tagged(reader, [&](std::uint32_t tag, ByteReader& part) {
      if (tag != kDatabaseProperties) return false;
      manifest.properties = get_properties(part);
      return true;
    });
    if (!parts) return refused(parts.error());
  }
  if (!reader.ok() || reader.remaining() != sizeof stored) return damaged("its length is wrong");
  SIMILE_TRY(check(manifest, name));
  return manifest;
}

Result<std::uint64_t> newest_manifest_number(const io::Storage& storage) {
  SIMILE_ASSIGN(const auto files, storage.list(std::string(kManifestPrefix)));
  std::uint64_t newest = 0;
  for (const io::FileEntry& file : files)
    newest = std::max(newest, number_in(file.path).value_or(0));
  return newest;
}

Result<Manifest> load_newest_manifest(const io::Storage& storage) {
  for (int attempt = 0;; ++attempt) {
    SIMILE_ASSIGN(const std::uint64_t number, newest_manifest_number(storage));
    if (number == 0) {
      return fail(ErrorCode::kNotFound, join_text("no database in ", storage.root()));
    }
    const std::string name = manifest_name(number);
    const auto bytes = read_file(storage, name);
    if (!bytes) {
      // A writer has published the next one and removed this one.
      if (bytes.error().code == ErrorCode::kNotFound && attempt < 100) continue;
      return std::unexpected(bytes.error());
    }
    SIMILE_ASSIGN(Manifest manifest, decode_manifest(*bytes, name));
    if (manifest.number != number) {
      return fail(ErrorCode::kDataLoss,
                  join_text(name, " is damaged: it says that it is number ", manifest.number));
    }
    return manifest;
  }
}

PublishResult publish_manifest(io::Storage& storage, const Manifest& manifest) {
  const std::string name = manifest_name(manifest.number);
  const std::vector<std::byte> bytes = encode_manifest(manifest);
  const Status published = storage.publish(name, bytes);
  if (published) return {};
  if (published.error().code == ErrorCode::kAlreadyExists) {
    return {PublishOutcome::kUnknown,
            {ErrorCode::kAborted, join_text(name, " was published by another process")}};
  }
  const auto file = storage.open(name);
  const bool absent = !file && file.error().code == ErrorCode::kNotFound;
  return {absent ? PublishOutcome::kNot : PublishOutcome::kUnknown, published.error()};
}

Result<std::vector<std::byte>> read_file(const io::Storage& storage, const std::string& path) {
  SIMILE_ASSIGN(const std::shared_ptr<io::ReadableFile> file, storage.open(path));
  std::vector<std::byte> bytes(file->size());
  SIMILE_TRY(file->read_at(0, bytes));
  return bytes;
}

}  // namespace simile::segment
