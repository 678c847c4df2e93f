// Pictures of the page:
//   a query is a picture that the browser sends; it is decoded, embedded and forgotten;
//   a row's picture is the thumbnail that it holds, or the file that it names, where that lies in a
//   folder that the server was told about: never a path that a request names;
//   pictures that the browser sends to be kept become rows with a thumbnail.

#include "simile/server/ui/page_pictures.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "simile/base/text.h"
#include "simile/features/feature_math.h"
#include "simile/features/sha256.h"
#include "simile/pictures.h"
#include "simile/pictures/file_bytes.h"
#include "simile/pictures/html.h"
#include "simile/pictures/picture_collection.h"
#include "simile/pictures/picture_rows.h"
#include "simile/server/ui/page_call.h"
#include "simile/server/ui/page_rows.h"
#include "simile/server/ui/page_state.h"

namespace simile::server {

namespace {

namespace fs = std::filesystem;

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Of what base64() made; anything else ends the bytes early.
std::string decode_base64(std::string_view text) {
  std::array<int, 256> values{};
  values.fill(-1);
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<int>(i);
  }
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = values[static_cast<unsigned char>(c)];
    if (value < 0) break;
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xFF);
  }
  return bytes;
}

Answer<PageReply> thumbnail_of(std::span<const std::byte> encoded, std::uint32_t side) {
  SIMILE_ASSIGN(const auto jpeg, make_thumbnail(encoded, side, page_limits()));
  return PageBytes{std::string(reinterpret_cast<const char*>(jpeg.data()), jpeg.size()),
                   "image/jpeg"};
}

/// The picture of a row.
Answer<PageReply> picture(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  SIMILE_ASSIGN(const std::string key, call.needed("key"));
  SIMILE_ASSIGN(const std::uint64_t side, call.number("side", 360, 1600));
  const auto snapshot = handle.collection->snapshot();
  const Schema& schema = snapshot->schema();
  const bool keeps =
      schema.find(kThumbnail) != nullptr && schema.find(kThumbnail)->type == FieldType::kString;
  std::vector<std::string> fields;
  if (keeps) fields.emplace_back(kThumbnail);
  SIMILE_ASSIGN(const Table row, row_of(*snapshot, key, fields));
  if (keeps && !row.find(kThumbnail)->is_null(0)) {
    return PageBytes{decode_base64(row.find(kThumbnail)->strings[0]), "image/jpeg"};
  }
  if (!pictures::card_of(*handle.collection)) {
    return refuse(FaultCode::kFieldNotFound, "this collection holds no pictures");
  }
  if (!is_below(key, call.state.options().picture_folders)) {
    return refuse(FaultCode::kFieldNotFound,
                  "this picture lies in a folder that the server may not read; start it with "
                  "--picture-folders and that folder");
  }
  const Result<pictures::FileBytes> file = pictures::read_file(key, page_limits().bytes_max);
  if (!file) return refuse(FaultCode::kFieldNotFound, file.error().message);
  return thumbnail_of(file->bytes, static_cast<std::uint32_t>(std::max<std::uint64_t>(side, 16)));
}

/// The vector of a picture that the browser sends, to search with.
Answer<PageReply> embed(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  SIMILE_ASSIGN(const Field* field, handle.schema().vector_field(call.text("field")));
  SIMILE_ASSIGN(const RegisteredModel model, model_of(*field));
  SIMILE_ASSIGN(const auto embedder, call.state.models().open(model));
  const auto feature = embedder->embed(as_bytes(call.bytes), page_limits());
  if (!feature) {
    Fault fault(feature.error());
    if (fault.message.starts_with("is ")) fault.message.insert(0, "the picture ");
    return std::unexpected(std::move(fault));
  }
  Json vector = Json::array();
  for (const float each : *feature) vector.push_back(short_float(each));
  return Json{{"vector", vector}, {"model", model.card.name}, {"field", field->name}};
}

/// A collection for pictures that come through the page: made where there is none, given the field
/// of thumbnails where it lacks it.
Answer<CollectionHandle> collection_for_pictures(PageCall& call, const std::string& name) {
  Catalog& catalog = call.service().catalog();
  if (!catalog.has_collection(call.database(), name)) {
    SIMILE_ASSIGN(const RegisteredModel model, find_model(default_model()));
    SIMILE_TRY(call.state.models().open(model));
    SIMILE_ASSIGN(const Schema schema, pictures::picture_schema(model.card));
    SIMILE_TRY(catalog.create_collection(call.database(), name, schema, searchable_meta(schema)));
  }
  SIMILE_ASSIGN(CollectionHandle handle, catalog.find(call.database(), name));
  SIMILE_TRY(pictures::card_of(*handle.collection));
  return handle;
}

Answer<CollectionHandle> with_thumbnails(PageCall& call, CollectionHandle handle) {
  if (handle.schema().find(kThumbnail) != nullptr) return handle;
  SIMILE_ASSIGN(const Field field, parse_field(kThumbnail, "string nullable"));
  auto added = call.service().catalog().add_field(
      call.database(), handle.name(), field,
      {.name = kThumbnail, .id = 0, .data_type = 0, .description = {}, .type_params = {}});
  if (added) return added;
  // Another request may have been first.
  SIMILE_ASSIGN(handle, call.service().catalog().find(call.database(), handle.name()));
  if (handle.schema().find(kThumbnail) != nullptr) return handle;
  return added;
}

/// A name of the browser as the key of a row: relative, so that it is never taken for a file here.
Answer<std::string> row_name(const std::string& name) {
  constexpr std::size_t kBytesMax = 1024;
  const std::size_t first = name.find_first_not_of("/\\. ");
  if (first == std::string::npos || name.size() > kBytesMax || !is_utf8(name)) {
    return refuse_parameter("a picture needs a name of 1 to 1024 bytes of UTF-8");
  }
  return name.substr(first);
}

struct Taken {
  pictures::PictureRows rows;
  std::vector<std::string> thumbnails;
};

Answer<void> take_picture(const PageFile& file, const PictureEmbedder& embedder, Taken& taken) {
  SIMILE_ASSIGN(std::string name, row_name(file.name));
  const auto encoded = as_bytes(file.bytes);
  std::vector<float> input(embedder.input_floats());
  SIMILE_ASSIGN(const PictureSize size, embedder.prepare(encoded, page_limits(), input));
  std::vector<float> feature(embedder.card().dimension);
  SIMILE_TRY(embedder.infer(input, 1, feature));
  if (!features::has_length(feature)) {
    return refuse_parameter("the model gives no usable feature for this picture");
  }
  constexpr std::uint32_t kSide = 320;
  SIMILE_ASSIGN(const auto thumbnail, make_thumbnail(encoded, kSide, page_limits()));
  taken.rows.add({.path = std::move(name),
                  .content = features::sha256_of(encoded),
                  .bytes = encoded.size(),
                  .modified = 0,
                  .width = size.width,
                  .height = size.height},
                 feature);
  taken.thumbnails.push_back(pictures::base64(thumbnail));
  return {};
}

/// Pictures of the browser become rows. Each is taken or not by itself, and the answer says which.
Answer<PageReply> keep(PageCall& call) {
  SIMILE_ASSIGN(const std::string name, call.needed("collection"));
  if (call.files.empty()) return refuse_parameter("the form has no pictures");
  SIMILE_ASSIGN(CollectionHandle handle, collection_for_pictures(call, name));
  SIMILE_ASSIGN(handle, with_thumbnails(call, std::move(handle)));
  SIMILE_ASSIGN(const RegisteredModel model, pictures::model_for(*handle.collection, ""));
  SIMILE_ASSIGN(const auto embedder, call.state.models().open(model));
  Taken taken{.rows = pictures::PictureRows(model.card.dimension), .thumbnails = {}};
  Json results = Json::array();
  for (const PageFile& file : call.files) {
    const Answer<void> done = take_picture(file, *embedder, taken);
    results.push_back({{"name", file.name}, {"error", done ? "" : done.error().message}});
  }
  if (taken.rows.size() > 0) {
    const std::vector<std::string_view> views(taken.thumbnails.begin(), taken.thumbnails.end());
    SIMILE_TRY(taken.rows.with_batch([&](Batch batch) {
      ColumnView thumbnails;
      thumbnails.field = kThumbnail;
      thumbnails.type = FieldType::kString;
      thumbnails.strings = views;
      batch.columns.push_back(thumbnails);
      return handle.collection->upsert(batch);
    }));
  }
  return Json{{"kept", taken.rows.size()}, {"results", results}};
}

/// A folder of this machine, kept in step with a collection.
Answer<PageReply> index_folder(PageCall& call) {
  SIMILE_ASSIGN(const std::string folder, call.needed("folder"));
  SIMILE_ASSIGN(const std::string name, call.needed("collection"));
  if (!is_below(folder, call.state.options().picture_folders)) {
    return refuse_parameter(
        "this is no folder that the server may read; start it with --picture-folders and that "
        "folder, or drop the pictures here");
  }
  SIMILE_ASSIGN(const CollectionHandle handle, collection_for_pictures(call, name));
  SIMILE_ASSIGN(auto database, call.service().catalog().database(call.database()));
  auto work = [database, folder, collection = handle.name()](Job& job) -> Status {
    PictureIndexOptions options;
    options.collection = collection;
    options.limits = page_limits();
    options.prune = false;
    options.cancel = &job.cancel();
    options.progress = [&](std::uint64_t done, std::uint64_t total) {
      job.set_progress(done, total);
    };
    options.on_skipped = [&](const std::string& file, const std::string& why) {
      job.add_skipped(file, why);
    };
    SIMILE_ASSIGN(const PictureIndexReport report, index_pictures(*database, folder, options));
    job.set_result({{"collection", collection},
                    {"rows", report.added + report.updated},
                    {"unchanged", report.unchanged},
                    {"seconds", report.seconds}});
    return {};
  };
  SIMILE_ASSIGN(const std::uint64_t number,
                call.state.jobs().start("pictures", folder, std::move(work)));
  return Json{{"job", number}};
}

}  // namespace

Answer<std::shared_ptr<const PictureEmbedder>> OpenModels::open(const RegisteredModel& model) {
  const std::scoped_lock lock(mutex_);
  for (auto each = open_.begin(); each != open_.end(); ++each) {
    if (each->first != model.card_path ||
        !pictures::same_features(each->second->card(), model.card)) {
      continue;
    }
    open_.splice(open_.begin(), open_, each);
    return open_.front().second;
  }
  SIMILE_ASSIGN(auto opened, PictureEmbedder::open(model.card_path));
  open_.emplace_front(model.card_path, std::move(opened));
  if (open_.size() > kKept) open_.pop_back();
  return open_.front().second;
}

Answer<RegisteredModel> model_of(const Field& field) {
  if (field.model_card.empty()) {
    return refuse_parameter(
        join_text("field '", field.name,
                  "' does not say which model made its vectors, so that no picture can be compared "
                  "with them; paste a vector of the same model, or click a row"));
  }
  SIMILE_ASSIGN(const ModelCard stored, ModelCard::parse(field.model_card));
  for (RegisteredModel& known : list_models()) {
    if (pictures::same_features(stored, known.card)) return std::move(known);
  }
  return refuse_parameter(join_text("the vectors of field '", field.name, "' were made by ",
                                    pictures::describe(stored),
                                    ", which this installation does not have; simile models add "
                                    "makes it known"));
}

PictureLimits page_limits() { return {.bytes_max = 64ull << 20, .pixels_max = 100'000'000}; }

bool is_below(const std::string& path, const std::vector<std::string>& folders) {
  if (path.empty() || path[0] != '/') return false;
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return false;
  return std::ranges::any_of(folders, [&](const std::string& folder) {
    const fs::path allowed = fs::canonical(folder, error);
    if (error) return false;
    return std::mismatch(allowed.begin(), allowed.end(), real.begin(), real.end()).first ==
           allowed.end();
  });
}

void add_picture_routes(std::vector<PageRoute>& routes) {
  routes.push_back({"GET", "/ui/api/picture", on_collection("Query"), picture});
  routes.push_back({"POST", "/ui/api/embed", on_collection("Search"), embed});
  routes.push_back({"POST", "/ui/api/pictures", on_collection("Upsert"), keep});
  routes.push_back({"POST", "/ui/api/folder", on_cluster("CreateCollection"), index_folder});
}

}  // namespace simile::server
