// Samples in tar shards as the webdataset library writes and reads them: members that follow each other and share a name up
// to the first dot are one sample, and what stands behind that dot is the field's name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/progress.h"
#include "core/loader/samples/sample_set.h"
#include "core/loader/samples/sample_source.h"

namespace penstock::core {

// A member's name, parted: "a.b/c.seg.png" has key "a.b/c" and field "seg.png".
struct WebdatasetName {
  std::string_view key, field;
};

// Nothing for a member that belongs to no sample: one without a dot behind its folder, or under a name like __meta__.
std::optional<WebdatasetName> split_webdataset_name(std::string_view name);

bool is_webdataset_shard(std::string_view name);

// Throws as open_sample_set() does.
std::unique_ptr<SampleSet> open_webdataset(const SampleSource &source, const Progress &progress);

}  // namespace penstock::core
