// amvalidate: whether an operator class is one that our access methods can work with.
#pragma once

#include "pg/boundary.h"

namespace vectorx::pg {

// Says in an INFO message each what is wrong.
bool validate_operator_class(Oid opclass, const char* access_method);

}  // namespace vectorx::pg
