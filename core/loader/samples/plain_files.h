// Files of which each is a sample, and files of records of one size.
#pragma once

#include <memory>

#include "core/base/progress.h"
#include "core/loader/samples/sample_set.h"
#include "core/loader/samples/sample_source.h"

namespace penstock::core {

// Each file a sample of one field, "bytes" where none was named.  Throws as open_sample_set() does.
std::unique_ptr<SampleSet> open_plain_files(const SampleSource &source, const Progress &progress);

// Records that are made of the fields, in order, without gaps.  Throws as open_sample_set() does, and data_error for a file
// that does not end behind a record.
std::unique_ptr<SampleSet> open_records(const SampleSource &source, const Progress &progress);

}  // namespace penstock::core
