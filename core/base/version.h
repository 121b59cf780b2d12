// The release this engine was built as.
#pragma once

namespace penstock::core {

const char *version();  // "major.minor.patch"

}  // namespace penstock::core
