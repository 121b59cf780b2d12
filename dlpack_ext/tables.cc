#include "dlpack_ext/tables.h"

namespace penstock::ext {
namespace {

bool is_usable(const DLPackExchangeAPI &table) {
  return table.header.version.major == DLPACK_MAJOR_VERSION && table.managed_tensor_from_py_object_no_sync != nullptr &&
         table.managed_tensor_to_py_object_no_sync != nullptr;
}

}  // namespace

const DLPackExchangeAPI *read_exchange_table(PyTypeObject *type) {
  Object capsule(PyObject_GetAttrString(reinterpret_cast<PyObject *>(type), "__dlpack_c_exchange_api__"));
  const void *pointer = nullptr;
  if (capsule && PyCapsule_IsValid(capsule.get(), "dlpack_exchange_api"))
    pointer = PyCapsule_GetPointer(capsule.get(), "dlpack_exchange_api");
  PyErr_Clear();
  const auto *table = static_cast<const DLPackExchangeAPI *>(pointer);
  // A table of another major version leads to older ones, which are as good.
  while (table != nullptr && !is_usable(*table))
    table = reinterpret_cast<const DLPackExchangeAPI *>(table->header.prev_api);
  return table;
}

const DLPackExchangeAPI *exchange_table_of(PyTypeObject *type) {
  static PyTypeObject *known_type = nullptr;  // holds a reference, so that its address stays its own
  static const DLPackExchangeAPI *known_table = nullptr;
  if (type == known_type) return known_table;
  const DLPackExchangeAPI *table = read_exchange_table(type);
  Py_INCREF(reinterpret_cast<PyObject *>(type));
  PyTypeObject *forgotten = known_type;
  known_type = type;
  known_table = table;
  Py_XDECREF(reinterpret_cast<PyObject *>(forgotten));
  return table;
}

}  // namespace penstock::ext
