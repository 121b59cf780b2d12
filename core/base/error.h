// Failures inside the engine: an exception with a status and one sentence.  The C shims turn it into a ps_status; no
// exception leaves a thread of ours or the library.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "core/base/text.h"

namespace penstock::core {

// The same numbers as ps_status; capi/src asserts it.
enum class Status : int32_t {
  ok = 0,
  invalid_argument = 1,
  out_of_range = 2,
  type_mismatch = 3,
  not_found = 4,
  io_error = 5,
  out_of_memory = 6,
  read_only = 7,
  data_error = 8,
  unavailable = 9,
  cancelled = 10,
  timed_out = 11,
  not_exportable = 12,
  internal = 13,
};

class Error : public std::exception {
 public:
  Error(Status status, std::string sentence) : status_(status), sentence_(std::move(sentence)) {}
  Status status() const { return status_; }
  const std::string &sentence() const { return sentence_; }
  const char *what() const noexcept override { return sentence_.c_str(); }

 private:
  Status status_;
  std::string sentence_;
};

// fail(Status::out_of_range, "axis ", axis, " is outside -", ndim, " to ", ndim - 1);
template <typename... Parts>
[[noreturn]] void fail(Status status, const Parts &...parts) {
  throw Error(status, text(parts...));
}

}  // namespace penstock::core
