#include "simile/features/picture_codec.h"

#include "simile/base/check.h"
#include "simile/base/module.h"

namespace simile::features {

namespace {
const PictureCodec* chosen = nullptr;
}  // namespace

void use_picture_codec(const PictureCodec& codec) { chosen = &codec; }

Result<const PictureCodec*> picture_codec() {
  if (chosen != nullptr) return chosen;
  static const Result<const void*> module = load_module(
      {.file = "libsimile_vips.so",
       .environment = "SIMILE_VIPS_MODULE",
       .remedy = "pictures need libvips: install it (apt install libvips42, and libvips-dev to "
                 "build) and build Simile again"});
  SIMILE_TRY(module);
  return static_cast<const PictureCodec*>(*module);
}

}  // namespace simile::features
