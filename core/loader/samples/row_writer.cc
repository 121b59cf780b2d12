#include "core/loader/samples/row_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>

#include "core/io/npy.h"
#include "core/io/npy_header.h"
#include "core/loader/samples/field_plan.h"
#include "core/tensor/copy.h"

namespace penstock::core {
namespace {

int64_t read_number(std::span<const std::byte> bytes) {
  std::string_view digits(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  constexpr std::string_view blanks = " \t\r\n";
  const size_t first = digits.find_first_not_of(blanks);
  digits = first == std::string_view::npos ? "" : digits.substr(first, digits.find_last_not_of(blanks) - first + 1);
  constexpr size_t most_shown = 40;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc() || end != digits.data() + digits.size())
    fail(Status::data_error, "\"", digits.substr(0, most_shown), "\" is no whole number of 64 bits");
  return number;
}

bool is_handed_out_as_stored(const BatchFieldPlan &planned) {
  return (planned.kind == BatchFieldKind::elements || planned.kind == BatchFieldKind::bytes) && !planned.optional;
}

NpyHeader array_header(const SampleField &field) { return parse_npy_header(field.bytes, field.bytes.size(), "it"); }

}  // namespace

// Where samples stream they are read one after the other, and apart from being written.
RowWriter::RowWriter(const SampleLoaderOptions &options, const SampleSet &set, const ImageTransforms &transforms,
                     const BatchPlan &plan)
    : options_(options),
      set_(set),
      transforms_(transforms),
      plan_(plan),
      may_locate_(options.loading_mode != LoadingMode::streaming &&
                  std::all_of(plan.begin(), plan.end(), is_handed_out_as_stored)) {}

// Runs work on a field, and puts what it throws into a sentence with the sample's address.
template <typename Work>
void RowWriter::about_sample(const BatchFieldPlan &planned, const Work &work) {
  try {
    work();
  } catch (const Error &error) {
    if (error.status() == Status::out_of_memory || error.status() == Status::unavailable) throw;
    fail(Status::data_error, set_.address(number_), ", field \"", planned.name, "\": ", error.sentence());
  }
}

void RowWriter::read(uint64_t number) {
  number_ = number;
  is_located_ = false;
  bytes_read_ = 0;
  set_.read(number, room_, sample_);
  for (const SampleField &field : sample_.fields) bytes_read_ += field.bytes.size();
}

bool RowWriter::locate(uint64_t number) try {
  number_ = number;
  is_located_ = may_locate_ && set_.locate(number, stored_);
  for (const BatchFieldPlan &planned : plan_) is_located_ = is_located_ && find_stored(planned) != nullptr;
  return is_located_;
} catch (const Error &) {
  return is_located_ = false;  // read() will say it in full
} catch (const std::bad_alloc &) {
  return is_located_ = false;
}

const StoredField *RowWriter::find_stored(const BatchFieldPlan &planned) const {
  for (const StoredField &stored : stored_)
    if (stored.plan->name == planned.name)
      return stored.plan->is_elements == (planned.kind == BatchFieldKind::elements) ? &stored : nullptr;
  return nullptr;
}

// Says how many bytes are placed too.
bool RowWriter::fits(BatchAssembly &assembly, int64_t row) const {
  for (size_t index = 0; index < plan_.size(); ++index) {
    FieldRows &rows = assembly.fields()[index];
    const StoredField &stored = *find_stored(plan_[index]);
    if (rows.is_bytes()) {
      if (!rows.place_bytes(row, stored.size)) return false;
    } else if (!(layout_of(stored) == rows.layout())) {
      return false;
    }
  }
  return true;
}

bool RowWriter::list(BatchAssembly &assembly, int64_t row) try {
  if (!fits(assembly, row)) return false;
  for (size_t index = 0; index < plan_.size(); ++index) {
    const StoredField &stored = *find_stored(plan_[index]);
    if (stored.size == 0) continue;
    std::byte *to = assembly.fields()[index].row(row);
    listed_.push_back({stored.file, {stored.offset, {to, static_cast<size_t>(stored.size)}}});
  }
  return true;
} catch (const std::bad_alloc &) {
  return false;
}

// Neighbours in a file are read together, whatever the order of the rows.
bool RowWriter::read_listed() {
  const auto is_before = [](const ListedField &one, const ListedField &other) {
    if (one.file != other.file) return std::less<>()(one.file, other.file);
    return one.wanted.offset < other.wanted.offset;
  };
  if (!std::is_sorted(listed_.begin(), listed_.end(), is_before)) std::sort(listed_.begin(), listed_.end(), is_before);
  bytes_read_ = 0;
  bool is_read = true;
  try {
    for (auto next = listed_.begin(); next != listed_.end();) {
      const SampleFile *file = next->file;
      of_one_file_.clear();
      for (; next != listed_.end() && next->file == file; ++next) {
        of_one_file_.push_back(next->wanted);
        bytes_read_ += next->wanted.to.size();
      }
      file->read_to(of_one_file_);
    }
  } catch (const Error &) {
    is_read = false;
  } catch (const std::bad_alloc &) {
    is_read = false;
  }
  listed_.clear();
  return is_read;
}

const SampleField &RowWriter::field_of(const BatchFieldPlan &planned) {
  if (planned.kind == BatchFieldKind::key) {
    key_.bytes = std::as_bytes(std::span(sample_.key));
    return key_;
  }
  const SampleField *field = find_field(sample_, planned.name);
  if (field == nullptr && planned.optional) {
    key_.bytes = {};
    return key_;
  }
  if (field == nullptr) fail(Status::data_error, "the sample has no such field, the first sample has");
  if (field->is_elements != (planned.kind == BatchFieldKind::elements))
    fail(Status::data_error, "it is ", field->is_elements ? "elements" : "bytes", ", in the first sample ",
         field->is_elements ? "bytes" : "elements");
  return *field;
}

ImagePlan RowWriter::plan_of_image(const SampleField &field) const {
  ImageDecodeOptions decode;
  decode.colour = options_.colour;
  decode.apply_orientation = options_.apply_orientation;
  return plan_image(read_image_info(field.bytes), decode, transforms_, options_.scaled_decode);
}

RowLayout RowWriter::image_layout(const ImageShape &shape) const {
  RowLayout layout{transforms_.dtype(), {shape.channels, shape.height, shape.width}, {}, 0};
  if (options_.memory_format != MemoryFormat::channels_first) layout.order = {1, 2, 0};
  return layout;
}

RowLayout RowWriter::layout_of(const BatchFieldPlan &planned, const SampleField &field) {
  switch (planned.kind) {
    case BatchFieldKind::elements: return {field.dtype, field.shape, {}, 0};
    case BatchFieldKind::array: {
      const NpyHeader header = array_header(field);
      return {header.dtype, header.shape, {}, 0};
    }
    case BatchFieldKind::number: return {DType::int64, {}, {}, 0};
    case BatchFieldKind::image: image_ = plan_of_image(field); return image_layout(image_.shape);
    case BatchFieldKind::bytes:
    case BatchFieldKind::key: break;
  }
  return {DType::uint8, {}, {}, field.bytes.size()};
}

RowLayout RowWriter::layout_of(const StoredField &stored) {
  if (stored.plan->is_elements) return {stored.plan->dtype, stored.plan->shape, {}, 0};
  return {DType::uint8, {}, {}, stored.size};
}

void RowWriter::lay_out(BatchAssembly &assembly, StoragePool &pool) {
  std::vector<RowLayout> layouts;
  for (const BatchFieldPlan &planned : plan_)
    if (is_located_)
      layouts.push_back(layout_of(*find_stored(planned)));
    else
      about_sample(planned, [&] { layouts.push_back(layout_of(planned, field_of(planned))); });
  for (size_t index = 0; index < layouts.size(); ++index) assembly.fields()[index].lay_out(layouts[index], pool);
  assembly.set_model(number_);
}

void RowWriter::refuse_shape(const BatchAssembly &assembly, const BatchFieldPlan &planned, const RowLayout &own,
                             const RowLayout &model) {
  fail(Status::invalid_argument, "the field \"", planned.name, "\" is ", own.dtype, " of shape ", own.shape, " in ",
       set_.address(number_), ", but ", model.dtype, " of shape ", model.shape, " in ", set_.address(assembly.model()),
       ": the samples of a batch must agree",
       planned.kind == BatchFieldKind::image ? "; a resize or a crop to a fixed size makes them" : "");
}

void RowWriter::write(BatchAssembly &assembly, int64_t row, uint64_t epoch, uint64_t place) {
  const ImageRandomness randomness{options_.generator_seed, epoch, place};
  for (size_t index = 0; index < assembly.plan().size(); ++index) {
    const BatchFieldPlan &planned = assembly.plan()[index];
    FieldRows &rows = assembly.fields()[index];
    if (!rows.is_bytes()) {
      RowLayout own;
      about_sample(planned, [&] { own = layout_of(planned, field_of(planned)); });  // keeps an image's plan
      if (!(own == rows.layout())) refuse_shape(assembly, planned, own, rows.layout());
    }
    about_sample(planned, [&] { write_field(rows, planned, row, randomness); });
  }
}

void RowWriter::write_field(FieldRows &rows, const BatchFieldPlan &planned, int64_t row,
                            const ImageRandomness &randomness) {
  const SampleField &field = field_of(planned);
  const auto nbytes = static_cast<size_t>(rows.row_nbytes());
  switch (planned.kind) {
    case BatchFieldKind::elements:
      if (field.bytes.size() != nbytes)
        fail(Status::data_error, "it has ", field.bytes.size(), " bytes, its shape ", field.shape, " needs ", nbytes);
      if (nbytes > 0) std::memcpy(rows.row(row), field.bytes.data(), nbytes);
      break;
    case BatchFieldKind::array: write_array(rows.row(row), field); break;
    case BatchFieldKind::number: {
      const int64_t number = read_number(field.bytes);
      std::memcpy(rows.row(row), &number, sizeof(number));
      break;
    }
    case BatchFieldKind::image: write_image(rows.row(row), field, rows.layout(), randomness); break;
    case BatchFieldKind::bytes:
    case BatchFieldKind::key: rows.write_bytes(row, field.bytes); break;
  }
}

void RowWriter::write_array(std::byte *to, const SampleField &field) {
  const NpyHeader header = array_header(field);
  if (header.nbytes == 0) return;
  const auto nbytes = static_cast<size_t>(header.nbytes);
  if (!header.big_endian && !header.column_major)
    std::memcpy(to, field.bytes.data() + header.data_offset, nbytes);
  else
    to_data(to, nbytes, parse_npy(field.bytes, "it", Device{}));
}

void RowWriter::write_image(std::byte *to, const SampleField &field, const RowLayout &layout,
                            const ImageRandomness &randomness) {
  const int64_t channels = layout.shape[0], height = layout.shape[1], width = layout.shape[2];
  const bool channels_first = options_.memory_format == MemoryFormat::channels_first;
  if (options_.transforms == nullptr && !channels_first) {
    decoder_.decode_into(field.bytes, image_.decode, reinterpret_cast<uint8_t *>(to), width * channels);
    return;
  }
  const ImageTarget target =
      channels_first ? ImageTarget{to, {width, 1, height * width}} : ImageTarget{to, {width * channels, channels, 1}};
  transforms_.apply(target, decoder_.decode(field.bytes, image_.decode), randomness, image_room_, image_.full_size);
}

}  // namespace penstock::core
