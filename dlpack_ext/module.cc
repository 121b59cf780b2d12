// The extension module penstock._dlpack: the tensor base type, and the functions the package builds on.
#include "dlpack_ext/errors.h"
#include "dlpack_ext/export.h"
#include "dlpack_ext/fast_functions.h"
#include "dlpack_ext/import.h"
#include "dlpack_ext/operators.h"
#include "dlpack_ext/owners.h"
#include "dlpack_ext/python.h"
#include "dlpack_ext/tensor_base.h"
#include "dlpack_ext/torch.h"

namespace penstock::ext {
namespace {

PyObject *interpreter_ends(PyObject *, PyObject *) {
  give_back_owners();
  leave_owners_alone();
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"adopt_as", adopt_as, METH_VARARGS, "adopt_as(cls, tensor): the tensor once more, as an object of a subclass."},
    {"adopt", adopt, METH_O, "adopt(address): a tensor that takes over one hold on the ps_tensor at an address."},
    {"from_dlpack", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(from_dlpack)),
     METH_FASTCALL | METH_KEYWORDS, from_dlpack_contract},
    {"borrow_buffer", borrow_buffer, METH_O, "borrow_buffer(x): a tensor over a Python buffer's memory."},
    {"create_dlpack_capsule", create_dlpack_capsule, METH_VARARGS,
     "create_dlpack_capsule(data_ptr, shape, ps_dtype, device_type, device_id, owner, versioned)"},
    {"fast_function", fast_function, METH_VARARGS,
     "fast_function(number, function, signature): a built-in function that calls an operation, and else the function."},
    {"lend_to_torch", lend_to_torch, METH_O,
     "lend_to_torch(tensor): the memory as a torch tensor; None without torch's table."},
    {"set_tensor_class", set_tensor_class, METH_O, "Tells which subclass of TensorBase new tensors get."},
    {"set_operators", set_operators, METH_O, "Tells the class whose methods serve what the type's operators do not."},
    {"set_exception_classes", set_exception_classes, METH_O, "Tells the exception classes, a tuple by status."},
    {"interpreter_ends", interpreter_ends, METH_NOARGS, "For atexit: from now on owners are left alone."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "penstock._dlpack",
    "Tensors lent and borrowed through DLPack and Python buffers, and operations on them.",
    -1,
    functions,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

}  // namespace
}  // namespace penstock::ext

PyMODINIT_FUNC PyInit__dlpack() {
  using namespace penstock::ext;
  Object module(PyModule_Create(&definition));
  if (!module || !add_tensor_base(module.get())) return nullptr;
  Object atexit(PyImport_ImportModule("atexit"));
  Object callback(PyObject_GetAttrString(module.get(), "interpreter_ends"));
  if (!atexit || !callback) return nullptr;
  Object registered(PyObject_CallMethod(atexit.get(), "register", "O", callback.get()));
  return registered ? module.give_away() : nullptr;
}
