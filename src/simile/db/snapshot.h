#pragma once

#include <memory>

#include "simile/collection.h"
#include "simile/db/view.h"

namespace simile::db {

/// `view` as the public interface shows it.
std::shared_ptr<const Snapshot> make_snapshot(std::shared_ptr<const CollectionView> view);

}  // namespace simile::db
