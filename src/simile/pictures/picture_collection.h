#pragma once
/// The collection that holds one row for each picture: its fields, its model and what is known.

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "simile/collection.h"
#include "simile/database.h"
#include "simile/features.h"
#include "simile/progress.h"

namespace simile::pictures {

inline constexpr const char* kPath = "path";          // primary key: absolute path
inline constexpr const char* kFeature = "feature";    // of the model on the field's card
inline constexpr const char* kContent = "content";    // SHA-256 of the bytes, hexadecimal
inline constexpr const char* kBytes = "bytes";        // length of the file
inline constexpr const char* kModified = "modified";  // nanoseconds since 1970
inline constexpr const char* kWidth = "width";        // as shown
inline constexpr const char* kHeight = "height";

/// True where both models make the same features of a picture: same file, same preprocessing, same
/// output. Names and descriptions may differ.
bool same_features(const ModelCard& a, const ModelCard& b);

/// "simile-photo-128 version 1 (sha256 bcafbdea1489...)".
std::string describe(const ModelCard& card);

Result<Schema> picture_schema(const ModelCard& card);

/// The card of the model that filled `collection`. kFailedPrecondition where it is no collection of
/// pictures.
Result<ModelCard> card_of(const Collection& collection);

/// kFailedPrecondition, naming both models, where `card` is not the one of `collection`.
Status check_model(const Collection& collection, const ModelCard& card);

/// The model to use with `collection`: `model` where one is named, checked as check_model does;
/// else the known one that makes the same features, whatever its name, and kNotFound where there is
/// none.
Result<RegisteredModel> model_for(const Collection& collection, const std::string& model);

struct KnownPicture {
  std::string content;
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;
};
using KnownPictures = std::unordered_map<std::string, KnownPicture>;  ///< by path

Result<KnownPictures> known_pictures(const Snapshot& snapshot, const CancelToken* cancel);

}  // namespace simile::pictures
