// tf.train.Example, as the protocol buffers of TensorFlow encode it: named features, each a list of texts, of floats or of
// integers.  Read by hand, from bytes that nobody vouches for.
//
//   Example  1: Features { 1: repeated { 1: name, 2: Feature { 1: { 1: repeated bytes } | 2: { 1: repeated float } |
//                                                               3: { 1: repeated int64 } } } }
//
// Numbers may be packed or one by one.  As in every decoder, the last of two features of one name counts, and fields of other
// numbers are passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "core/base/function_reference.h"

namespace penstock::core {

enum class FeatureKind { none, bytes, floats, integers };

struct Feature {
  std::string_view name;  // in the record
  FeatureKind kind = FeatureKind::none;
  uint64_t count = 0;                    // values
  std::span<const std::byte> list = {};  // encoded, in the record: checked
};

std::string_view kind_name(FeatureKind kind);

// Calls see with each feature of a record, in their order.  Throws data_error without a place where the record is no such
// message; then some features may have been seen.  All of it is checked, but for what is passed over.
void for_each_feature(std::span<const std::byte> record, FunctionReference<void(const Feature &)> see);

// The values of a feature: its only text; its floats, one behind the other as they lie in memory (from the record where they are
// packed, otherwise from room), its integers likewise as int64 (in room).  room has feature_nbytes() bytes.
std::span<const std::byte> only_bytes(const Feature &feature);
uint64_t feature_nbytes(const Feature &feature);
std::span<const std::byte> unpack_floats(const Feature &feature, std::span<std::byte> room);
std::span<const std::byte> unpack_integers(const Feature &feature, std::span<std::byte> room);

}  // namespace penstock::core
