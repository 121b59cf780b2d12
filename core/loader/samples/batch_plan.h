// Which fields the batches have, and what each becomes: decided once, by the options and the set's first sample.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/loader/samples/sample_options.h"
#include "core/loader/samples/sample_set.h"

namespace penstock::core {

enum class BatchFieldKind {
  elements,  // rows of the source's dtype and shape
  array,     // a .npy file in each sample
  number,    // a whole number, written in digits
  image,     // pixels
  bytes,     // as they are
  key,       // the sample's name, as bytes
};

struct BatchFieldPlan {
  std::string name;
  BatchFieldKind kind;
  bool optional = false;
};
using BatchPlan = std::vector<BatchFieldPlan>;

// The name that stands for a sample's own name.
inline constexpr std::string_view key_field = "__key__";

// Throws not_found for a wanted field that the first sample lacks, invalid_argument for one that is optional and does not
// become bytes.  address is the first sample's.
BatchPlan plan_batches(const SampleLoaderOptions &options, const Sample &first, const std::string &address);

// A field of a sample; null where it has none of that name.
const SampleField *find_field(const Sample &sample, std::string_view name);

inline bool becomes_bytes(BatchFieldKind kind) { return kind == BatchFieldKind::bytes || kind == BatchFieldKind::key; }

}  // namespace penstock::core
