#include <penstock/base.h>

#include "core/base/version.h"

const char *ps_version(void) { return penstock::core::version(); }

uint32_t ps_abi_version(void) { return PS_ABI_VERSION_MAJOR << 16 | PS_ABI_VERSION_MINOR; }
