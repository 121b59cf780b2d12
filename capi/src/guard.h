// What every shim does around its call into the engine: check what only a C caller can get wrong, and turn an exception
// into a status and this thread's ps_last_error().
#pragma once

#include <penstock/base.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/error.h"

namespace penstock {

const char *last_error();
void clear_error();

// For the catch block of a shim: the status of the exception in flight, whose sentence becomes last_error().
ps_status status_of_current_exception() noexcept;

// Runs the body of a function that returns ps_status.
template <typename Body>
ps_status guarded(Body &&body) noexcept {
  try {
    body();
    return PS_OK;
  } catch (...) {
    return status_of_current_exception();
  }
}

// Runs the body of a getter; fallback is what it returns when the body throws.
template <typename Result, typename Body>
Result guarded_getter(Result fallback, Body &&body) noexcept {
  try {
    return body();
  } catch (...) {
    status_of_current_exception();
    return fallback;
  }
}

inline void require_not_null(const void *pointer, const char *name) {
  if (pointer == nullptr) core::fail(core::Status::invalid_argument, name, " is NULL");
}

// Each of an array's count pointers.
template <typename Pointer>
void require_elements_not_null(int64_t count, Pointer *pointers, const char *name) {
  for (int64_t index = 0; index < count; ++index)
    if (pointers[index] == nullptr) core::fail(core::Status::invalid_argument, name, "[", index, "] is NULL");
}

// What a retain function does: one more hold on the object behind a handle, and the handle back.
template <typename Handle, typename Object>
Handle *retained(Handle *handle, Object *object, const char *name) noexcept {
  return guarded_getter<Handle *>(nullptr, [&] {
    require_not_null(handle, name);
    object->retain();
    return handle;
  });
}

// As much of a text as fits where the caller has room for capacity bytes, the zero byte at its end among them.
inline void copy_text(char *to, uint64_t capacity, std::string_view text) {
  if (capacity == 0) return;
  const auto fitting = static_cast<size_t>(std::min<uint64_t>(text.size(), capacity - 1));
  std::memcpy(to, text.data(), fitting);
  to[fitting] = '\0';
}

// For an argument that is 0 or 1; anything else is more likely an uninitialised field than a truth.
inline bool require_flag(int32_t value, const char *name) {
  if (value != 0 && value != 1) core::fail(core::Status::invalid_argument, name, " is ", value, ": expected 0 or 1");
  return value == 1;
}

// For an enum whose values are 0 to largest.
template <typename Enum>
void require_enum(Enum value, Enum largest, const char *name) {
  const auto number = static_cast<int32_t>(value);
  if (number < 0 || number > static_cast<int32_t>(largest))
    core::fail(core::Status::invalid_argument, name, " is ", number, ": expected 0 to ", static_cast<int32_t>(largest));
}

}  // namespace penstock
