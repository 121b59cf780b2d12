// Samples in storage, opened: any of the formats, behind one interface.
#pragma once

#include <memory>

#include "core/loader/samples/sample_set.h"
#include "core/loader/samples/sample_source.h"

namespace penstock::core {

// Lists the sources and finds where each sample lies, many shards at once.  progress counts them, and may cancel.
//
// Throws invalid_argument for a source that cannot be (an s3:// or http:// address: they are not read yet), for fields that
// the format does not take, and where the format cannot be told; not_found where there is no file; data_error, io_error
// with the address for what is wrong with a file.
std::unique_ptr<SampleSet> open_sample_set(const SampleSource &source, const Progress &progress = {});

}  // namespace penstock::core
