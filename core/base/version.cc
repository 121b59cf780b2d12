#include "core/base/version.h"

namespace penstock::core {

const char *version() { return PENSTOCK_VERSION; }

}  // namespace penstock::core
