#include "dlpack_ext/torch.h"

#include <dlpack/dlpack.h>
#include <penstock/dlpack.h>
#include <penstock/stream.h>

#include "dlpack_ext/errors.h"
#include "dlpack_ext/owners.h"
#include "dlpack_ext/tables.h"
#include "dlpack_ext/tensor_base.h"

namespace penstock::ext {
namespace {

// torch's class, and what to ask a tensor of it.  Kept for the life of the process.
struct Torch {
  PyTypeObject *tensor_class = nullptr;
  PyObject *requires_grad = nullptr;               // the getter's name
  PyObject *is_conj = nullptr, *is_neg = nullptr;  // methods of the class, not bound
  const DLPackExchangeAPI *table = nullptr;        // null where torch is too old to have one
};

bool look_up(Torch &torch, PyObject *module) {
  Object found(PyObject_GetAttrString(module, "Tensor"));
  if (!found || !PyType_Check(found.get())) return false;
  torch.requires_grad = PyUnicode_InternFromString("requires_grad");
  torch.is_conj = PyObject_GetAttrString(found.get(), "is_conj");
  torch.is_neg = PyObject_GetAttrString(found.get(), "is_neg");
  torch.table = read_exchange_table(reinterpret_cast<PyTypeObject *>(found.get()));
  if (torch.requires_grad == nullptr || torch.is_conj == nullptr || torch.is_neg == nullptr) return false;
  torch.tensor_class = reinterpret_cast<PyTypeObject *>(found.give_away());
  return true;
}

// Null where torch has not been imported, or only in part: by another thread, which is in the middle of it.
const Torch *find_torch() {
  static Torch torch;
  if (torch.tensor_class != nullptr) return &torch;
  static PyObject *const name = PyUnicode_InternFromString("torch");
  PyObject *module = name == nullptr ? nullptr : PyDict_GetItemWithError(PyImport_GetModuleDict(), name);
  const bool is_found = module != nullptr && look_up(torch, module);
  PyErr_Clear();
  return is_found ? &torch : nullptr;
}

enum class Answer { no, yes, failed };

Answer answer_of(PyObject *answer) {
  if (answer == nullptr) return Answer::failed;
  const Object given_back(answer);
  return answer == Py_True ? Answer::yes : Answer::no;
}

// Whether what was asked is no; otherwise false with an exception set: the question's own, or one with the advice.
bool expect_no(Answer answer, const char *advice) {
  if (answer == Answer::yes) raise_not_exportable("the torch tensor %s first", advice);
  return answer == Answer::no;
}

// Torch's stream waits for ours where the memory is a GPU's.  False with an exception set.
bool let_torch_wait(const Torch &torch, ps_tensor *tensor) {
  if (ps_tensor_device_type(tensor) != PS_DEVICE_CUDA) return true;
  void *stream = nullptr;
  if (torch.table->current_work_stream(kDLCUDA, ps_tensor_device_id(tensor), &stream) != 0) return false;
  const ps_status status = ps_tensor_lend_to_stream(tensor, stream);
  if (status != PS_OK) raise_as_buffer_error(status);
  return status == PS_OK;
}

}  // namespace

bool is_torch_tensor(PyObject *object) {
  const Torch *torch = find_torch();
  return torch != nullptr && PyType_IsSubtype(Py_TYPE(object), torch->tensor_class);
}

bool is_free_of_grad(PyObject *tensor) {
  return expect_no(answer_of(PyObject_GetAttr(tensor, find_torch()->requires_grad)), "requires grad: call detach()");
}

bool is_no_lazy_view(PyObject *tensor, uint8_t dtype_code) {
  const bool may_be_conjugate = dtype_code == kDLComplex || dtype_code == any_dtype;
  const bool may_be_negative = may_be_conjugate || dtype_code == kDLFloat || dtype_code == kDLBfloat;
  const auto ask = [tensor](PyObject *method) {
    return answer_of(PyObject_CallFunctionObjArgs(method, tensor, nullptr));
  };
  return (!may_be_conjugate || expect_no(ask(find_torch()->is_conj), "is a conjugate view: call resolve_conj()")) &&
         (!may_be_negative || expect_no(ask(find_torch()->is_neg), "is a negative view: call resolve_neg()"));
}

PyObject *lend_to_torch(PyObject *, PyObject *tensor) {
  give_back_owners();
  const Torch *torch = find_torch();
  if (torch == nullptr || torch->table == nullptr) Py_RETURN_NONE;
  if (!let_torch_wait(*torch, tensor_of(tensor))) return nullptr;
  DLManagedTensorVersioned *managed = nullptr;
  const ps_status status = ps_tensor_to_dlpack(&managed, tensor_of(tensor), 0);
  if (status != PS_OK) return raise_as_buffer_error(status);
  void *taken = nullptr;
  if (torch->table->managed_tensor_to_py_object_no_sync(managed, &taken) != 0) return nullptr;  // torch's own by now
  return static_cast<PyObject *>(taken);
}

}  // namespace penstock::ext
