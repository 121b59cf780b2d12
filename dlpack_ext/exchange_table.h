// DLPack's C exchange table: how other extensions borrow tensors without a call into Python.
#pragma once

#include "dlpack_ext/python.h"

namespace penstock::ext {

// A new capsule "dlpack_exchange_api" over the table, which lives as long as the process.
PyObject *exchange_table_capsule();

}  // namespace penstock::ext
