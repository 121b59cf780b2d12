// Batches moved to where they are wanted.
#pragma once

#include "core/loader/samples/sample_batch.h"
#include "core/tensor/device.h"

namespace penstock::core {

// Copies a batch's fields to a GPU on the calling thread's own stream, beside whatever other streams do, and returns when
// they are there: whoever is given the batch may use it on any stream at once.
void copy_on_side_stream(SampleBatch &batch, Device device);

// Copies them in the order of the calling thread's current stream.
void copy_to_device(SampleBatch &batch, Device device);

}  // namespace penstock::core
