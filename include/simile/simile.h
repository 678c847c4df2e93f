#pragma once
/// Everything.

#include "simile/batch.h"
#include "simile/collection.h"
#include "simile/database.h"
#include "simile/error.h"
#include "simile/features.h"
#include "simile/filter.h"
#include "simile/fusion.h"
#include "simile/index.h"
#include "simile/pictures.h"
#include "simile/progress.h"
#include "simile/properties.h"
#include "simile/schema.h"
#include "simile/types.h"
#include "simile/version.h"
