// What calls of a caller's functions need: tensors lent to them, or received from them, and what comes of their status.
#pragma once

#include <penstock/tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "core/base/error.h"

namespace penstock {

// Handles that are given back whatever happens.
class Handles {
 public:
  explicit Handles(size_t count) : handles_(count, nullptr) {}
  ~Handles() {
    for (ps_tensor *handle : handles_)
      if (handle != nullptr) handle_of(handle)->release();
  }
  Handles(const Handles &) = delete;
  Handles &operator=(const Handles &) = delete;

  ps_tensor **data() { return handles_.data(); }
  ps_tensor *&operator[](size_t index) { return handles_[index]; }
  size_t size() const { return handles_.size(); }

 private:
  std::vector<ps_tensor *> handles_;
};

// Calls a caller's function, and throws with the status that it returns; what names it in the sentence: "the backward of
// scale".
template <typename Function>
void call_outside(std::string_view what, Function &&function) {
  clear_error();
  const ps_status status = function();
  if (status == PS_OK) return;
  const std::string reason = last_error();
  const auto number = static_cast<int32_t>(status);
  const bool is_known = number > 0 && number <= PS_INTERNAL;
  core::fail(is_known ? static_cast<core::Status>(number) : core::Status::invalid_argument, what, " failed",
             reason.empty() ? " with status " + std::to_string(number) : ": " + reason);
}

}  // namespace penstock
