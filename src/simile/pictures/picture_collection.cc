#include "simile/pictures/picture_collection.h"

#include <algorithm>
#include <array>
#include <span>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::pictures {
namespace {

struct PictureField {
  const char* name;
  FieldType type;
};

constexpr std::array kFields = {
    PictureField{kPath, FieldType::kString},    PictureField{kFeature, FieldType::kVector},
    PictureField{kContent, FieldType::kString}, PictureField{kBytes, FieldType::kInt64},
    PictureField{kModified, FieldType::kInt64}, PictureField{kWidth, FieldType::kInt64},
    PictureField{kHeight, FieldType::kInt64}};

// Rows read at a time: a few tens of MB.
constexpr std::uint64_t kPageRows = 100'000;

std::unexpected<Error> no_pictures(const Collection& collection, const std::string& why) {
  return fail(ErrorCode::kFailedPrecondition,
              join_text("collection '", collection.name(), "' does not hold pictures: ", why,
                        "; choose another name for the pictures"));
}

}  // namespace

bool same_features(const ModelCard& a, const ModelCard& b) {
  return a.sha256 == b.sha256 && a.input_name == b.input_name && a.width == b.width &&
         a.height == b.height && a.resize == b.resize && a.resize_to == b.resize_to &&
         std::ranges::equal(a.mean, b.mean) && std::ranges::equal(a.std, b.std) &&
         a.output_name == b.output_name && a.dimension == b.dimension && a.metric == b.metric &&
         a.normalize == b.normalize;
}

std::string describe(const ModelCard& card) {
  return join_text(card.name, " version ", card.version, " (sha256 ", card.sha256.substr(0, 12),
                   "...)");
}

Result<Schema> picture_schema(const ModelCard& card) {
  std::vector<Field> fields;
  for (const auto& [name, type] : kFields) {
    Field& field = fields.emplace_back();
    field.name = name;
    field.type = type;
    field.primary_key = field.name == kPath;
    if (type != FieldType::kVector) continue;
    field.vector = {ElementType::kFloat32, card.dimension};
    field.metric = card.metric;
    field.model_card = card.to_json();
  }
  return Schema::make(std::move(fields));
}

Result<ModelCard> card_of(const Collection& collection) {
  for (const auto& [name, type] : kFields) {
    const Field* field = collection.schema().find(name);
    if (field == nullptr) return no_pictures(collection, join_text("it has no field '", name, "'"));
    if (field->type != type) {
      return no_pictures(collection, join_text("its field '", name, "' is ", name_of(field->type)));
    }
  }
  const Field& feature = *collection.schema().find(kFeature);
  if (feature.model_card.empty()) {
    return no_pictures(collection, "its field 'feature' has no model card");
  }
  SIMILE_ASSIGN(ModelCard card, ModelCard::parse(feature.model_card));
  if (feature.vector != VectorType{ElementType::kFloat32, card.dimension}) {
    return no_pictures(collection, "its field 'feature' is not what its model gives");
  }
  return card;
}

Status check_model(const Collection& collection, const ModelCard& card) {
  SIMILE_ASSIGN(const ModelCard stored, card_of(collection));
  if (same_features(stored, card)) return {};
  return fail(
      ErrorCode::kFailedPrecondition,
      join_text("collection '", collection.name(), "' was made with the model ", describe(stored),
                ", not with ", describe(card),
                stored.sha256 == card.sha256 ? ", whose card prepares pictures differently" : "",
                "; features of two models cannot be compared"));
}

Result<RegisteredModel> model_for(const Collection& collection, const std::string& model) {
  SIMILE_ASSIGN(const ModelCard stored, card_of(collection));
  if (!model.empty()) {
    SIMILE_ASSIGN(RegisteredModel found, find_model(model));
    SIMILE_TRY(check_model(collection, found.card));
    return found;
  }
  for (RegisteredModel& known : list_models()) {
    if (same_features(stored, known.card)) return std::move(known);
  }
  return fail(ErrorCode::kNotFound,
              join_text("collection '", collection.name(), "' was made with the model ",
                        describe(stored), ", which is not among the known ones; name its file, ",
                        stored.file, ", with --model, or make it known with simile models add"));
}

Result<KnownPictures> known_pictures(const Snapshot& snapshot, const CancelToken* cancel) {
  KnownPictures known;
  for (std::uint64_t offset = 0;; offset += kPageRows) {
    if (cancel != nullptr && cancel->cancelled()) {
      return fail(ErrorCode::kCancelled, "stopped while reading what is known");
    }
    SIMILE_ASSIGN(const Table rows,
                  snapshot.query("", {kPath, kContent, kBytes, kModified}, kPageRows, offset));
    const Column* path = rows.find(kPath);
    const Column* content = rows.find(kContent);
    const Column* bytes = rows.find(kBytes);
    const Column* modified = rows.find(kModified);
    SIMILE_CHECK(path != nullptr && content != nullptr && bytes != nullptr && modified != nullptr);
    for (std::size_t row = 0; row < rows.rows; ++row) {
      known[path->strings[row]] = {
          .content = content->strings[row],
          .bytes = static_cast<std::uint64_t>(bytes->values<std::int64_t>()[row]),
          .modified = modified->values<std::int64_t>()[row]};
    }
    if (rows.rows < kPageRows) return known;
  }
}

}  // namespace simile::pictures
