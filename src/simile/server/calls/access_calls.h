#pragma once
/// What the calls about users and roles share.

#include <functional>

#include "simile/server/access/access_store.h"
#include "simile/server/call_context.h"
#include "simile/server/fault.h"
#include "simile/server/method_table.h"

namespace simile::server {

/// Refused where the server keeps no users.
Answer<AccessStore*> access_store(CallContext& context);
/// Makes a change durably, and is the answer of the call.
Answer<wire_common::Status> change_users(CallContext& context,
                                         const std::function<Status(AccessData&)>& change);

}  // namespace simile::server
