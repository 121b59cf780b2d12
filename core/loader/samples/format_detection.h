// What format a set of samples is of, where nobody says.
#pragma once

#include "core/loader/samples/sample_source.h"

namespace penstock::core {

// By the names of the files that the sources name; those that say nothing, as README, count only where none does: then the first
// bytes of the first file decide.  Throws invalid_argument, with what was seen, where several formats or none come out.
SampleFormat detect_format(const SampleSource &source);

}  // namespace penstock::core
