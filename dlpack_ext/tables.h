// DLPack's C exchange tables of other libraries.
#pragma once

#include <dlpack/dlpack.h>

#include "dlpack_ext/python.h"

namespace penstock::ext {

// The table of a type, which lives as long as the process; null where it has none of a version we know.  Sets no
// exception.
const DLPackExchangeAPI *read_exchange_table(PyTypeObject *type);

// The same, remembered: loops ask for one type again and again.
const DLPackExchangeAPI *exchange_table_of(PyTypeObject *type);

}  // namespace penstock::ext
