#include "capi/src/guard.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

namespace penstock {
namespace {

// A fixed buffer: an error about memory must not need memory.
constexpr size_t sentence_capacity = 2048;
thread_local char sentence[sentence_capacity] = "";

void set_last_error(std::string_view text) noexcept {
  size_t length = text.size();
  const bool is_cut = length > sentence_capacity - 1;
  if (is_cut) {
    length = sentence_capacity - 4;
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;  // whole UTF-8 characters
  }
  std::memcpy(sentence, text.data(), length);
  const std::string_view ending = is_cut ? "..." : "";
  std::memcpy(sentence + length, ending.data(), ending.size());
  sentence[length + ending.size()] = '\0';
}

}  // namespace

const char *last_error() { return sentence; }
void clear_error() { sentence[0] = '\0'; }

ps_status status_of_current_exception() noexcept {
  try {
    throw;
  } catch (const core::Error &error) {
    set_last_error(error.sentence());
    return static_cast<ps_status>(error.status());
  } catch (const std::bad_alloc &) {
    set_last_error("out of memory");
    return PS_OUT_OF_MEMORY;
  } catch (const std::exception &exception) {
    set_last_error(exception.what());
    return PS_INTERNAL;
  } catch (...) {
    set_last_error("a defect in penstock, please report it: an unknown exception");
    return PS_INTERNAL;
  }
}

}  // namespace penstock
