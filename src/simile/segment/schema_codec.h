#pragma once
/// Schemas as bytes, for manifests. docs/formats/manifest.md describes them.

#include "simile/base/bytes.h"
#include "simile/error.h"
#include "simile/schema.h"

namespace simile::segment {

void encode_schema(const Schema& schema, ByteWriter& writer);

/// kDataLoss where the bytes are no schema; what is returned went through Schema::make().
/// `tagged`: the fields have tagged parts, as in every format but the first.
Result<Schema> decode_schema(ByteReader& reader, bool tagged);

}  // namespace simile::segment
