#include "core/loader/samples/open_sample_set.h"

#include "core/base/error.h"
#include "core/loader/samples/array_rows.h"
#include "core/loader/samples/format_detection.h"
#include "core/loader/samples/image_folders.h"
#include "core/loader/samples/plain_files.h"
#include "core/loader/samples/tfrecord_set.h"
#include "core/loader/samples/webdataset.h"

namespace penstock::core {

std::unique_ptr<SampleSet> open_sample_set(const SampleSource &source, const Progress &progress) {
  const bool is_told = source.format != SampleFormat::automatic;
  switch (is_told ? source.format : detect_format(source)) {
    case SampleFormat::webdataset: return open_webdataset(source, progress);
    case SampleFormat::images: return open_image_folders(source, progress);
    case SampleFormat::tfrecord: return open_tfrecords(source, progress);
    case SampleFormat::npz: return open_npz_rows(source, progress);
    case SampleFormat::npy: return open_npy_rows(source, progress);
    case SampleFormat::records: return open_records(source, progress);
    case SampleFormat::files: return open_plain_files(source, progress);
    case SampleFormat::automatic: break;
  }
  fail(Status::invalid_argument, "format ", static_cast<int32_t>(source.format), " is none");
}

}  // namespace penstock::core
