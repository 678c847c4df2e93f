#pragma once
/// Ownership and errors of libvips, in the manner of this code.

#include <vips/vips.h>

#include <memory>
#include <string>

#include "simile/error.h"

namespace simile::features {

struct ImageUnref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
using Image = std::unique_ptr<VipsImage, ImageUnref>;

/// What libvips last complained of on any thread, as one line, and forgets it.
std::string take_vips_error();

/// Runs one operation of libvips, which puts its result into the pointer that it is given and
/// returns 0.
template <class Operation>
Result<Image> run_vips(Operation&& operation) {
  VipsImage* out = nullptr;
  if (operation(&out) != 0) {
    return fail(ErrorCode::kInvalidArgument, take_vips_error());
  }
  return Image(out);
}

}  // namespace simile::features
