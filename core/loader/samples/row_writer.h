// One thread's way from a sample in storage to its row of a batch: it reads, decodes, transforms and writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/image/image.h"
#include "core/image/transform.h"
#include "core/loader/samples/batch_assembly.h"
#include "core/loader/samples/sample_file.h"
#include "core/loader/samples/sample_options.h"
#include "core/loader/samples/sample_set.h"

namespace penstock::core {

class RowWriter {
 public:
  // All four outlive this.
  RowWriter(const SampleLoaderOptions &options, const SampleSet &set, const ImageTransforms &transforms,
            const BatchPlan &plan);

  // Reads a sample, which the functions below are then about.  Throws what the set does.
  void read(uint64_t number);
  uint64_t bytes_read() const { return bytes_read_; }  // by that, or by read_listed()

  // Whether locate() may find any.
  bool may_locate() const { return may_locate_; }

  // Finds a sample in place of reading it, where nothing has to be done to its fields.  False: it has to be read.
  bool locate(uint64_t number);

  // Says what the rows of a batch are like: as those of this sample, which was read or found.  Throws data_error where that
  // cannot be told.
  void lay_out(BatchAssembly &assembly, StoragePool &pool);

  // Writes the sample's row.  place: in the whole order of the epoch, for what is drawn.  Throws data_error for what is
  // damaged or missing, invalid_argument where it is not like the model.
  void write(BatchAssembly &assembly, int64_t row, uint64_t epoch, uint64_t place);

  // Puts the sample that was found on the list of what read_listed() reads straight to its row.  False where that cannot
  // be, since it is not like the model: it has to be read and written.
  bool list(BatchAssembly &assembly, int64_t row);

  // Reads what was listed, and empties the list.  False where that fails: then each of the rows has to be read and written,
  // which says whose fault it is.
  bool read_listed();

 private:
  struct ListedField {
    const SampleFile *file;
    Wanted wanted;
  };

  template <typename Work>
  void about_sample(const BatchFieldPlan &planned, const Work &work);
  bool fits(BatchAssembly &assembly, int64_t row) const;
  const StoredField *find_stored(const BatchFieldPlan &planned) const;
  RowLayout layout_of(const BatchFieldPlan &planned, const SampleField &field);
  static RowLayout layout_of(const StoredField &stored);
  ImagePlan plan_of_image(const SampleField &field) const;
  RowLayout image_layout(const ImageShape &shape) const;
  const SampleField &field_of(const BatchFieldPlan &planned);
  void write_field(FieldRows &rows, const BatchFieldPlan &planned, int64_t row, const ImageRandomness &randomness);
  void write_array(std::byte *to, const SampleField &field);
  void write_image(std::byte *to, const SampleField &field, const RowLayout &layout, const ImageRandomness &randomness);
  [[noreturn]] void refuse_shape(const BatchAssembly &assembly, const BatchFieldPlan &planned, const RowLayout &own,
                                 const RowLayout &model);

  const SampleLoaderOptions &options_;
  const SampleSet &set_;
  const ImageTransforms &transforms_;
  const BatchPlan &plan_;
  const bool may_locate_;
  uint64_t number_ = 0;
  uint64_t bytes_read_ = 0;
  bool is_located_ = false;
  std::vector<StoredField> stored_;
  std::vector<ListedField> listed_;
  std::vector<Wanted> of_one_file_;
  SampleRoom room_;
  Sample sample_;
  SampleField key_;
  ImagePlan image_;  // of the field that layout_of() was last asked about
  ImageDecoder decoder_;
  ImageRoom image_room_;
};

}  // namespace penstock::core
