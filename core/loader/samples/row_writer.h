// One thread's way from a sample in storage to its row of a batch: it reads, decodes, transforms and writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/image/image.h"
#include "core/image/transform.h"
#include "core/loader/samples/batch_assembly.h"
#include "core/loader/samples/sample_options.h"
#include "core/loader/samples/sample_set.h"

namespace penstock::core {

class RowWriter {
 public:
  // All three outlive this.
  RowWriter(const SampleLoaderOptions &options, const SampleSet &set, const ImageTransforms &transforms)
      : options_(options), set_(set), transforms_(transforms) {}

  // Reads a sample, which the two functions below are then about.  Throws what the set does.
  void read(uint64_t number);
  uint64_t bytes_read() const { return bytes_read_; }

  // Says what the rows of a batch are like: as this sample's.  Throws data_error where that cannot be told.
  void lay_out(BatchAssembly &assembly, StoragePool &pool);

  // Writes the sample's row.  place: in the whole order of the epoch, for what is drawn.  Throws data_error for what is
  // damaged or missing, invalid_argument where it is not like the model.
  void write(BatchAssembly &assembly, int64_t row, uint64_t epoch, uint64_t place);

 private:
  template <typename Work>
  void about_sample(const BatchFieldPlan &planned, const Work &work);
  RowLayout layout_of(const BatchFieldPlan &planned, const SampleField &field);
  RowLayout image_layout(const SampleField &field);
  const SampleField &field_of(const BatchFieldPlan &planned);
  void write_field(FieldRows &rows, const BatchFieldPlan &planned, int64_t row, const ImageRandomness &randomness);
  void write_array(std::byte *to, const SampleField &field);
  void write_image(std::byte *to, const SampleField &field, const RowLayout &layout, const ImageRandomness &randomness);
  ImageDecodeOptions decode_options() const;
  [[noreturn]] void refuse_shape(const BatchAssembly &assembly, const BatchFieldPlan &planned, const RowLayout &own,
                                 const RowLayout &model);

  const SampleLoaderOptions &options_;
  const SampleSet &set_;
  const ImageTransforms &transforms_;
  uint64_t number_ = 0;
  uint64_t bytes_read_ = 0;
  SampleRoom room_;
  Sample sample_;
  SampleField key_;
  ImageDecoder decoder_;
  ImageRoom image_room_;
};

}  // namespace penstock::core
