// Samples in NumPy's files: a row of an array in a .npy, a row of each array in a .npz.
#pragma once

#include <memory>

#include "core/base/progress.h"
#include "core/loader/samples/sample_set.h"
#include "core/loader/samples/sample_source.h"

namespace penstock::core {

// The rows of one file after those of another; all must have the same dtype and row shape.  Rows that lie in a file as they are
// handed out are read from there; arrays that are deflated, column-major or big-endian are turned once, into a temporary file.
// A stored member's CRC-32 is not checked, since a row is a part of it; a deflated one's is.
//
// Throw as open_sample_set() does; type_mismatch for a dtype that penstock lacks, and where a field has another one than its
// layout says.
std::unique_ptr<SampleSet> open_npz_rows(const SampleSource &source, const Progress &progress);
std::unique_ptr<SampleSet> open_npy_rows(const SampleSource &source, const Progress &progress);

}  // namespace penstock::core
