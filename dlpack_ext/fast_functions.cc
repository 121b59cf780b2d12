#include "dlpack_ext/fast_functions.h"

#include <penstock/ops.h>

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "dlpack_ext/errors.h"
#include "dlpack_ext/operands.h"
#include "dlpack_ext/operators.h"
#include "dlpack_ext/tensor_base.h"

namespace penstock::ext {
namespace {

// Numbers of one family of operations are within a hundred.
constexpr int32_t family_size = 100;
constexpr int32_t product_of_matrices = 0;  // the number of no operation
constexpr int32_t first_binary = 100, first_reduction = 200, first_accumulation = 300;

// What a built-in function refers to as long as it lives.
struct Definition {
  std::string name, contract;
  PyMethodDef method{};
};
std::deque<Definition> definitions;                             // kept for the life of the process, and never moved
std::array<PyObject *, first_accumulation> python_functions{};  // by number

PyObject *call_python_function(int32_t number, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords) {
  const Py_ssize_t keyword_count = keywords == nullptr ? 0 : PyTuple_Size(keywords);
  Object positional(PyTuple_New(count)), named(keyword_count > 0 ? PyDict_New() : nullptr);
  if (!positional || (keyword_count > 0 && !named)) return nullptr;
  for (Py_ssize_t index = 0; index < count; ++index)
    if (PyTuple_SetItem(positional.get(), index, Object::borrowed(arguments[index]).give_away()) < 0) return nullptr;
  for (Py_ssize_t index = 0; index < keyword_count; ++index)
    if (PyDict_SetItem(named.get(), PyTuple_GetItem(keywords, index), arguments[count + index]) < 0) return nullptr;
  return PyObject_Call(python_functions[static_cast<size_t>(number)], positional.get(), named.get());
}

PyObject *result_of(ps_status status, ps_tensor *out) {
  return status == PS_OK ? new_tensor_object(out) : raise_status(status);
}

template <int32_t number>
PyObject *unary_function(PyObject *, PyObject *x) {
  if (!is_tensor(x)) return call_python_function(number, &x, 1, nullptr);
  const ps_tensor *operand = tensor_of(x);
  ps_tensor *out = nullptr;
  const ps_status status = call_engine(is_small_work(operand),
                                       [&] { return ps_ops_unary(&out, static_cast<ps_operation>(number), operand); });
  return result_of(status, out);
}

template <int32_t number>
PyObject *binary_function(PyObject *, PyObject *const *arguments, Py_ssize_t count) {
  if (count != 2 || !(is_tensor(arguments[0]) || is_tensor(arguments[1])))
    return call_python_function(number, arguments, count, nullptr);
  const ps_dtype dtype = ps_tensor_dtype(tensor_of(arguments[is_tensor(arguments[0]) ? 0 : 1]));
  Operand first, second;
  if (!first.read(arguments[0], dtype) || !second.read(arguments[1], dtype))
    return call_python_function(number, arguments, count, nullptr);
  ps_tensor *out = nullptr;
  const ps_status status = call_engine(is_small_work(first.get(), second.get()), [&] {
    return ps_ops_binary(&out, static_cast<ps_operation>(number), first.get(), second.get());
  });
  return result_of(status, out);
}

PyObject *matmul_function(PyObject *, PyObject *const *arguments, Py_ssize_t count) {
  if (count != 2 || !is_tensor(arguments[0]) || !is_tensor(arguments[1]))
    return call_python_function(product_of_matrices, arguments, count, nullptr);
  return multiply_matrices(arguments[0], arguments[1]);
}

// What reductions are told by name.
struct ReductionArguments {
  std::array<int32_t, PS_MAX_NDIM> axes{};
  int32_t axis_count = 0;
  ps_reduce_options options = PS_REDUCE_OPTIONS_INIT;

  // False, with no exception set, for what the Python function must judge.
  bool read(PyObject *const *arguments, Py_ssize_t count, PyObject *keywords) {
    if (count != 1 || !is_tensor(arguments[0])) return false;
    const Py_ssize_t keyword_count = keywords == nullptr ? 0 : PyTuple_Size(keywords);
    for (Py_ssize_t index = 0; index < keyword_count; ++index)
      if (!read_named(PyTuple_GetItem(keywords, index), arguments[1 + index])) return false;
    return true;
  }

 private:
  bool read_named(PyObject *name, PyObject *value) {
    static PyObject *axis = PyUnicode_InternFromString("axis"), *keepdims = PyUnicode_InternFromString("keepdims");
    if (is_name(name, axis)) return value == Py_None || read_axes(value);
    if (is_name(name, keepdims) && PyBool_Check(value)) {
      options.keep_axes = value == Py_True ? 1 : 0;
      return true;
    }
    return value == Py_None;  // a dtype
  }
  bool read_axes(PyObject *value) {
    if (!PyTuple_CheckExact(value)) return add_axis(value);
    const Py_ssize_t count = PyTuple_Size(value);
    if (count == 0 || count > PS_MAX_NDIM) return false;  // none: each element alone
    for (Py_ssize_t index = 0; index < count; ++index)
      if (!add_axis(PyTuple_GetItem(value, index))) return false;
    return true;
  }
  bool add_axis(PyObject *value) {
    int overflow = 0;
    if (!PyLong_CheckExact(value)) return false;
    const int64_t axis = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0 || axis < INT32_MIN || axis > INT32_MAX) return false;
    axes[static_cast<size_t>(axis_count++)] = static_cast<int32_t>(axis);
    return true;
  }
};

template <int32_t number>
PyObject *reduction_function(PyObject *, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords) {
  ReductionArguments given;
  if (!given.read(arguments, count, keywords)) return call_python_function(number, arguments, count, keywords);
  const ps_tensor *operand = tensor_of(arguments[0]);
  ps_tensor *out = nullptr;
  const ps_status status = call_engine(is_small_work(operand), [&] {
    return ps_ops_reduce(&out, static_cast<ps_operation>(number), operand, given.axis_count, given.axes.data(),
                         &given.options);
  });
  return result_of(status, out);
}

template <typename Function>
PyCFunction as_method(Function function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

// A function of its own for each operation, since a built-in one that carries its number about could not be pickled.
template <size_t... index>
void set_method(PyMethodDef &definition, int32_t number, std::index_sequence<index...>) {
  static constexpr PyCFunction unary[] = {unary_function<static_cast<int32_t>(index)>...};
  static constexpr _PyCFunctionFast binary[] = {binary_function<first_binary + static_cast<int32_t>(index)>...};
  static constexpr _PyCFunctionFastWithKeywords reductions[] = {
      reduction_function<first_reduction + static_cast<int32_t>(index)>...};
  const auto position = static_cast<size_t>(number % family_size);
  if (number == product_of_matrices) {
    definition.ml_meth = as_method(matmul_function);
    definition.ml_flags = METH_FASTCALL;
  } else if (number < first_binary) {
    definition.ml_meth = unary[position];
    definition.ml_flags = METH_O;
  } else if (number < first_reduction) {
    definition.ml_meth = as_method(binary[position]);
    definition.ml_flags = METH_FASTCALL;
  } else {
    definition.ml_meth = as_method(reductions[position]);
    definition.ml_flags = METH_FASTCALL | METH_KEYWORDS;
  }
}

bool read_text(std::string &text, PyObject *object) {
  Py_ssize_t length = 0;
  const char *characters = object == nullptr ? nullptr : PyUnicode_AsUTF8AndSize(object, &length);
  if (characters == nullptr) return false;
  text.assign(characters, static_cast<size_t>(length));
  return true;
}

}  // namespace

PyObject *fast_function(PyObject *, PyObject *arguments) {
  int number = 0;
  PyObject *python_function = nullptr, *signature = nullptr;
  if (!PyArg_ParseTuple(arguments, "iOU", &number, &python_function, &signature)) return nullptr;
  // 40 of each family: more than there are, and each is a function in the library.
  constexpr int32_t most_of_a_family = 40;
  if (number < 0 || number >= first_accumulation || number % family_size >= most_of_a_family)
    return PyErr_Format(PyExc_ValueError, "number is %d: no operation with a fast function", number);
  Object name(PyObject_GetAttrString(python_function, "__name__"));
  Object contract(PyObject_GetAttrString(python_function, "__doc__"));
  Object module(PyObject_GetAttrString(python_function, "__module__"));
  Definition made;
  std::string parameters, text;
  if (!module || !read_text(made.name, name.get()) || !read_text(text, contract.get()) ||
      !read_text(parameters, signature))
    return nullptr;
  // What inspect.signature() reads, in the form that CPython's own functions have it.
  made.contract = made.name + parameters + "\n--\n\n" + text;
  set_method(made.method, number, std::make_index_sequence<most_of_a_family>());
  Definition &kept = definitions.emplace_back(std::move(made));
  kept.method.ml_name = kept.name.c_str();
  kept.method.ml_doc = kept.contract.c_str();
  PyObject *&served = python_functions[static_cast<size_t>(number)];
  Py_XDECREF(std::exchange(served, Object::borrowed(python_function).give_away()));
  return PyCFunction_NewEx(&kept.method, nullptr, module.get());
}

}  // namespace penstock::ext
