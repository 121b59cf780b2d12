// Samples in TFRecord files, each record a tf.train.Example.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "core/base/progress.h"
#include "core/loader/samples/sample_set.h"
#include "core/loader/samples/sample_source.h"

namespace penstock::core {

// By its name, as TensorFlow's programs call them: .tfrecord, .tfrecords, .tfrec, with .gz or -00000-of-00010 behind.
bool is_tfrecord_file(std::string_view name);

// Whether a file that begins so is one of records, not compressed.
bool begins_like_tfrecord(std::span<const std::byte> start);

// Throws as open_sample_set() does, and data_error where features are to be taken from the first records and none of these can
// be read.
std::unique_ptr<SampleSet> open_tfrecords(const SampleSource &source, const Progress &progress);

}  // namespace penstock::core
