// Python's limited API at 3.11, so that one build of the extension serves every later Python.
#pragma once

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <utility>

namespace penstock::ext {

// Whether a name is one that was interned: comparing addresses is nearly always enough.
inline bool is_name(PyObject *name, PyObject *interned) {
  return name == interned || PyUnicode_Compare(name, interned) == 0;
}

// One reference to a Python object, given back when this goes.  The GIL is held wherever one is used.
class Object {
 public:
  Object() = default;
  explicit Object(PyObject *owned) : object_(owned) {}
  static Object borrowed(PyObject *object) {
    Py_XINCREF(object);
    return Object(object);
  }
  Object(Object &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Object &operator=(Object &&other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Object() { Py_XDECREF(object_); }

  PyObject *get() const { return object_; }
  PyObject *give_away() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject *object_ = nullptr;
};

}  // namespace penstock::ext
