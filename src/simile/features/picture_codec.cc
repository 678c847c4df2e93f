#include "simile/features/picture_codec.h"

#include "simile/base/check.h"
#include "simile/features/module.h"

namespace simile::features {

Result<const PictureCodec*> picture_codec() {
  static const Result<const void*> module = load_module(
      {.file = "libsimile_vips.so",
       .environment = "SIMILE_VIPS_MODULE",
       .remedy = "pictures need libvips: install it (apt install libvips42, and libvips-dev to "
                 "build) and build Simile again"});
  SIMILE_TRY(module);
  return static_cast<const PictureCodec*>(*module);
}

}  // namespace simile::features
