#include <penstock/linalg.h>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "core/linalg/matmul.h"

using namespace penstock;

ps_status ps_ops_matmul(ps_tensor **out, const ps_tensor *first, const ps_tensor *second) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(first, "first");
    require_not_null(second, "second");
    *out = wrap(core::matmul(unwrap(first), unwrap(second)));
  });
}

ps_status ps_ops_matmul_into(ps_tensor *destination, const ps_tensor *first, const ps_tensor *second) {
  return guarded([&] {
    require_not_null(destination, "destination");
    require_not_null(first, "first");
    require_not_null(second, "second");
    core::matmul_into(unwrap(destination), unwrap(first), unwrap(second));
  });
}
