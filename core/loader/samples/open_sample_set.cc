#include "core/loader/samples/open_sample_set.h"

#include "core/base/error.h"
#include "core/loader/samples/image_folders.h"
#include "core/loader/samples/plain_files.h"
#include "core/loader/samples/webdataset.h"

namespace penstock::core {

std::unique_ptr<SampleSet> open_sample_set(const SampleSource &source, const Progress &progress) {
  switch (source.format) {
    case SampleFormat::webdataset: return open_webdataset(source, progress);
    case SampleFormat::images: return open_image_folders(source, progress);
    case SampleFormat::records: return open_records(source, progress);
    case SampleFormat::files: return open_plain_files(source, progress);
    default: fail(Status::unavailable, "format ", static_cast<int32_t>(source.format), " is not read yet");
  }
}

}  // namespace penstock::core
