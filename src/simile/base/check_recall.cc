#include "simile/base/text.h"
#include "simile/types.h"

namespace simile {

Status check_recall(float recall) {
  if (recall >= 0 && recall <= 1) return {};
  return fail(ErrorCode::kInvalidArgument,
              join_text("recall is ", static_cast<double>(recall), "; it must be from 0 to 1"));
}

}  // namespace simile
