// Options structs that can grow: each begins with struct_size, and callers of older and newer headers share this library.
#pragma once

#include <penstock/base.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "capi/src/guard.h"

namespace penstock {

// What the library knows of one options struct.  Specialised beside each struct's _init function.
//   static constexpr Options defaults       what its PS_..._INIT macro says
//   static constexpr const char *name       "ps_tensor_options"
//   static constexpr uint32_t field_ends[]  where each field ends: the sizes an older header may have had
template <typename Options>
struct OptionsLayout;

#define PS_FIELD_END(Struct, field) (offsetof(Struct, field) + sizeof(Struct::field))

// A struct larger than this was never filled; it is refused unread.
inline constexpr uint32_t largest_options_size = 4096;

struct OptionsDescription {
  const char *name;
  const void *defaults;
  std::span<const uint32_t> field_ends;
  uint32_t size() const { return field_ends.back(); }
};

template <typename Options>
OptionsDescription describe_options() {
  using Layout = OptionsLayout<Options>;
  static_assert(Layout::field_ends[std::size(Layout::field_ends) - 1] == sizeof(Options), "no padding at the end");
  return {Layout::name, &Layout::defaults, Layout::field_ends};
}

// struct_size as a caller may give it.  Throws invalid_argument for one that ends inside a field or was never set.
void require_options_size(uint32_t struct_size, const OptionsDescription &description);

// Fills a struct of description.size() bytes from one that may be shorter or longer, or NULL.  Throws invalid_argument
// where a longer one has non-zero bytes that this library does not know.
void read_options_bytes(void *options, const void *given, const OptionsDescription &description);

// Fills an out struct of struct_size bytes, which may be shorter or longer than the library's, with zeros beyond.
void write_options_bytes(void *out, uint32_t struct_size, const void *filled, const OptionsDescription &description);

// Fills struct_size bytes of options with the defaults, and zeros beyond what this library knows.
void init_options_bytes(void *options, uint32_t struct_size, const OptionsDescription &description);

template <typename Options>
Options read_options(const Options *given) {
  Options options;
  read_options_bytes(&options, given, describe_options<Options>());
  return options;
}

template <typename Options>
void write_options(Options *out, uint32_t struct_size, const Options &filled) {
  write_options_bytes(out, struct_size, &filled, describe_options<Options>());
}

template <typename Options>
void init_options(Options *options, uint32_t struct_size, const char *name = "options") {
  require_not_null(options, name);
  init_options_bytes(options, struct_size, describe_options<Options>());
}

// A struct of results whose struct_size the caller has set.
template <typename Struct>
void require_result(const Struct *result, const char *name) {
  require_not_null(result, name);
  require_options_size(result->struct_size, describe_options<Struct>());
}

// A field kept for later versions; place is what stands before its name in the sentence, in pieces.
template <typename Options, typename... Place>
void require_reserved_is_zero(const Options &options, const Place &...place) {
  if (options.reserved != 0)
    core::fail(core::Status::invalid_argument, place..., "reserved is ", options.reserved, ": expected 0");
}

}  // namespace penstock
