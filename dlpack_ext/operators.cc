#include "dlpack_ext/operators.h"

#include <penstock/linalg.h>
#include <penstock/ops.h>

#include <array>

#include "dlpack_ext/errors.h"
#include "dlpack_ext/operands.h"
#include "dlpack_ext/tensor_base.h"

namespace penstock::ext {
namespace {

PyObject *python_operators = nullptr;  // kept for the life of the process

// What Python calls a binary operation's operator, and its reflected one.
struct MethodNames {
  ps_operation operation;
  const char *plain, *reflected;
};
constexpr MethodNames names[] = {
    {PS_OP_ADD, "__add__", "__radd__"},
    {PS_OP_BITWISE_AND, "__and__", "__rand__"},
    {PS_OP_BITWISE_LEFT_SHIFT, "__lshift__", "__rlshift__"},
    {PS_OP_BITWISE_OR, "__or__", "__ror__"},
    {PS_OP_BITWISE_RIGHT_SHIFT, "__rshift__", "__rrshift__"},
    {PS_OP_BITWISE_XOR, "__xor__", "__rxor__"},
    {PS_OP_DIVIDE, "__truediv__", "__rtruediv__"},
    {PS_OP_EQUAL, "__eq__", "__eq__"},
    {PS_OP_FLOOR_DIVIDE, "__floordiv__", "__rfloordiv__"},
    {PS_OP_GREATER, "__gt__", "__lt__"},
    {PS_OP_GREATER_EQUAL, "__ge__", "__le__"},
    {PS_OP_LESS, "__lt__", "__gt__"},
    {PS_OP_LESS_EQUAL, "__le__", "__ge__"},
    {PS_OP_MULTIPLY, "__mul__", "__rmul__"},
    {PS_OP_NOT_EQUAL, "__ne__", "__ne__"},
    {PS_OP_POW, "__pow__", "__rpow__"},
    {PS_OP_REMAINDER, "__mod__", "__rmod__"},
    {PS_OP_SUBTRACT, "__sub__", "__rsub__"},
};

const MethodNames *names_of(ps_operation operation) {
  for (const MethodNames &each : names)
    if (each.operation == operation) return &each;
  return nullptr;
}

PyObject *call_method(const char *name, PyObject *self, PyObject *other) {
  if (python_operators == nullptr) Py_RETURN_NOTIMPLEMENTED;
  return PyObject_CallMethod(python_operators, name, "OO", self, other);
}

template <ps_operation operation>
PyObject *unary_slot(PyObject *self) {
  const ps_tensor *operand = tensor_of(self);
  ps_tensor *out = nullptr;
  const ps_status status = call_engine(is_small_work(operand), [&] { return ps_ops_unary(&out, operation, operand); });
  return status == PS_OK ? new_tensor_object(out) : raise_status(status);
}

// One operand at least is a tensor: Python calls the slot for an operator with a tensor on either side.
template <ps_operation operation>
PyObject *binary_slot(PyObject *left, PyObject *right) {
  const bool is_plain = is_tensor(left);
  const ps_dtype dtype = ps_tensor_dtype(tensor_of(is_plain ? left : right));
  Operand first, second;
  if (!first.read(left, dtype) || !second.read(right, dtype)) {
    const MethodNames &method = *names_of(operation);
    return is_plain ? call_method(method.plain, left, right) : call_method(method.reflected, right, left);
  }
  ps_tensor *out = nullptr;
  const ps_status status = call_engine(is_small_work(first.get(), second.get()),
                                       [&] { return ps_ops_binary(&out, operation, first.get(), second.get()); });
  return status == PS_OK ? new_tensor_object(out) : raise_status(status);
}

PyObject *in_place(ps_operation operation, const char *method, PyObject *self, PyObject *other) {
  ps_tensor *destination = tensor_of(self);
  Operand operand;
  if (!operand.read(other, ps_tensor_dtype(destination))) return call_method(method, self, other);
  const ps_status status = call_engine(is_small_work(destination, operand.get()), [&] {
    return ps_ops_binary_into(destination, operation, destination, operand.get());
  });
  return status == PS_OK ? Object::borrowed(self).give_away() : raise_status(status);
}

// pow() with a modulus has no meaning for tensors.
PyObject *power_slot(PyObject *left, PyObject *right, PyObject *modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return binary_slot<PS_OP_POW>(left, right);
}
PyObject *in_place_power_slot(PyObject *self, PyObject *other, PyObject *) {
  return in_place(PS_OP_POW, "__ipow__", self, other);
}

// Of tensors alone: a number has no axes to sum over.
PyObject *matrix_multiply_slot(PyObject *left, PyObject *right) {
  if (!is_tensor(left)) return call_method("__rmatmul__", right, left);
  if (!is_tensor(right)) return call_method("__matmul__", left, right);
  return multiply_matrices(left, right);
}
PyObject *in_place_matrix_multiply_slot(PyObject *self, PyObject *other) {
  if (!is_tensor(other)) return call_method("__imatmul__", self, other);
  ps_tensor *destination = tensor_of(self);
  const ps_tensor *operand = tensor_of(other);
  const ps_status status = call_engine(is_small_product(destination, operand),
                                       [&] { return ps_ops_matmul_into(destination, destination, operand); });
  return status == PS_OK ? Object::borrowed(self).give_away() : raise_status(status);
}

#define PENSTOCK_IN_PLACE(Name, operation, method) \
  PyObject *Name(PyObject *self, PyObject *other) { return in_place(operation, method, self, other); }
PENSTOCK_IN_PLACE(in_place_add, PS_OP_ADD, "__iadd__")
PENSTOCK_IN_PLACE(in_place_and, PS_OP_BITWISE_AND, "__iand__")
PENSTOCK_IN_PLACE(in_place_floor_divide, PS_OP_FLOOR_DIVIDE, "__ifloordiv__")
PENSTOCK_IN_PLACE(in_place_left_shift, PS_OP_BITWISE_LEFT_SHIFT, "__ilshift__")
PENSTOCK_IN_PLACE(in_place_remainder, PS_OP_REMAINDER, "__imod__")
PENSTOCK_IN_PLACE(in_place_multiply, PS_OP_MULTIPLY, "__imul__")
PENSTOCK_IN_PLACE(in_place_or, PS_OP_BITWISE_OR, "__ior__")
PENSTOCK_IN_PLACE(in_place_right_shift, PS_OP_BITWISE_RIGHT_SHIFT, "__irshift__")
PENSTOCK_IN_PLACE(in_place_subtract, PS_OP_SUBTRACT, "__isub__")
PENSTOCK_IN_PLACE(in_place_divide, PS_OP_DIVIDE, "__itruediv__")
PENSTOCK_IN_PLACE(in_place_xor, PS_OP_BITWISE_XOR, "__ixor__")
#undef PENSTOCK_IN_PLACE

PyObject *compare_slot(PyObject *self, PyObject *other, int comparison) {
  switch (comparison) {
    case Py_LT: return binary_slot<PS_OP_LESS>(self, other);
    case Py_LE: return binary_slot<PS_OP_LESS_EQUAL>(self, other);
    case Py_EQ: return binary_slot<PS_OP_EQUAL>(self, other);
    case Py_NE: return binary_slot<PS_OP_NOT_EQUAL>(self, other);
    case Py_GT: return binary_slot<PS_OP_GREATER>(self, other);
    default: return binary_slot<PS_OP_GREATER_EQUAL>(self, other);
  }
}

// A view that replaces another on the way to the one that an index names.
class View {
 public:
  explicit View(ps_tensor *whole) : view_(whole) {}
  ~View() {
    if (is_own_) ps_tensor_release(view_);
  }
  View(const View &) = delete;
  View &operator=(const View &) = delete;

  // False, with no exception set, for what is left to Python: other items than ints and slices, and what lies outside.
  bool apply(PyObject *item) { return PySlice_Check(item) ? slice(item) : select(item); }
  bool is_own() const { return is_own_; }
  ps_tensor *give_away() {
    is_own_ = false;
    return view_;
  }

 private:
  bool select(PyObject *item) {
    int overflow = 0;
    if (!PyLong_CheckExact(item)) return false;
    const int64_t index = PyLong_AsLongLongAndOverflow(item, &overflow);
    ps_tensor *selected = nullptr;
    if (overflow != 0 || ps_tensor_select(&selected, view_, axis_, index) != PS_OK) return false;
    replace(selected);
    return true;
  }
  bool slice(PyObject *item) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(item, &start, &stop, &step) < 0) {
      PyErr_Clear();
      return false;
    }
    const bool is_whole = start == 0 && stop == PY_SSIZE_T_MAX && step == 1;
    // The lowest number stands for an end left open, which only the stop of a backward slice can mean by it.
    if (start == PY_SSIZE_T_MIN) ++start;
    if (stop == PY_SSIZE_T_MIN && step > 0) ++stop;
    if (!is_whole) {
      ps_tensor *sliced = nullptr;
      if (ps_tensor_slice(&sliced, view_, axis_, start, stop, step) != PS_OK) return false;
      replace(sliced);
    }
    ++axis_;
    return true;
  }
  void replace(ps_tensor *next) {
    if (is_own_) ps_tensor_release(view_);
    view_ = next;
    is_own_ = true;
  }

  ps_tensor *view_;
  bool is_own_ = false;
  int32_t axis_ = 0;
};

PyObject *subscript_slot(PyObject *self, PyObject *index) {
  const bool is_tuple = PyTuple_CheckExact(index) != 0;
  const Py_ssize_t count = is_tuple ? PyTuple_Size(index) : 1;
  View view(tensor_of(self));
  bool is_taken = count <= ps_tensor_ndim(tensor_of(self));
  for (Py_ssize_t position = 0; is_taken && position < count; ++position)
    is_taken = view.apply(is_tuple ? PyTuple_GetItem(index, position) : index);
  // Where nothing was cut off, the tensor itself is the view.
  return is_taken && view.is_own() ? new_tensor_object(view.give_away()) : call_method("__getitem__", self, index);
}

template <typename Function>
PyType_Slot slot(int number, Function *function) {
  return {number, reinterpret_cast<void *>(function)};
}

}  // namespace

PyObject *multiply_matrices(PyObject *first, PyObject *second) {
  const ps_tensor *left = tensor_of(first), *right = tensor_of(second);
  ps_tensor *out = nullptr;
  const ps_status status = call_engine(is_small_product(left, right), [&] { return ps_ops_matmul(&out, left, right); });
  return status == PS_OK ? new_tensor_object(out) : raise_status(status);
}

std::span<const PyType_Slot> operator_slots() {
  static const std::array slots = {
      slot(Py_nb_absolute, unary_slot<PS_OP_ABS>),
      slot(Py_nb_invert, unary_slot<PS_OP_BITWISE_INVERT>),
      slot(Py_nb_negative, unary_slot<PS_OP_NEGATIVE>),
      slot(Py_nb_positive, unary_slot<PS_OP_POSITIVE>),
      slot(Py_nb_add, binary_slot<PS_OP_ADD>),
      slot(Py_nb_and, binary_slot<PS_OP_BITWISE_AND>),
      slot(Py_nb_floor_divide, binary_slot<PS_OP_FLOOR_DIVIDE>),
      slot(Py_nb_lshift, binary_slot<PS_OP_BITWISE_LEFT_SHIFT>),
      slot(Py_nb_remainder, binary_slot<PS_OP_REMAINDER>),
      slot(Py_nb_matrix_multiply, matrix_multiply_slot),
      slot(Py_nb_multiply, binary_slot<PS_OP_MULTIPLY>),
      slot(Py_nb_or, binary_slot<PS_OP_BITWISE_OR>),
      slot(Py_nb_power, power_slot),
      slot(Py_nb_rshift, binary_slot<PS_OP_BITWISE_RIGHT_SHIFT>),
      slot(Py_nb_subtract, binary_slot<PS_OP_SUBTRACT>),
      slot(Py_nb_true_divide, binary_slot<PS_OP_DIVIDE>),
      slot(Py_nb_xor, binary_slot<PS_OP_BITWISE_XOR>),
      slot(Py_nb_inplace_add, in_place_add),
      slot(Py_nb_inplace_and, in_place_and),
      slot(Py_nb_inplace_floor_divide, in_place_floor_divide),
      slot(Py_nb_inplace_lshift, in_place_left_shift),
      slot(Py_nb_inplace_remainder, in_place_remainder),
      slot(Py_nb_inplace_matrix_multiply, in_place_matrix_multiply_slot),
      slot(Py_nb_inplace_multiply, in_place_multiply),
      slot(Py_nb_inplace_or, in_place_or),
      slot(Py_nb_inplace_power, in_place_power_slot),
      slot(Py_nb_inplace_rshift, in_place_right_shift),
      slot(Py_nb_inplace_subtract, in_place_subtract),
      slot(Py_nb_inplace_true_divide, in_place_divide),
      slot(Py_nb_inplace_xor, in_place_xor),
      slot(Py_tp_richcompare, compare_slot),
      slot(Py_mp_subscript, subscript_slot),
      PyType_Slot{Py_tp_hash, PyType_GetSlot(&PyBaseObject_Type, Py_tp_hash)},
  };
  return slots;
}

PyObject *set_operators(PyObject *, PyObject *operators) {
  if (!PyType_Check(operators)) return PyErr_Format(PyExc_TypeError, "the operators must be a class");
  Py_INCREF(operators);
  Py_XDECREF(python_operators);
  python_operators = operators;
  Py_RETURN_NONE;
}

}  // namespace penstock::ext
