/// libsimile_vips.so: the picture codec, loaded when the first picture comes.

#include "simile/base/module.h"
#include "simile/features/vips/vips_codec.h"

extern "C" __attribute__((visibility("default"))) simile::ModuleEntry simile_module() {
  static const simile::features::VipsCodec codec;
  const simile::features::PictureCodec* object = &codec;
  return {.version = SIMILE_VERSION, .object = object};
}
