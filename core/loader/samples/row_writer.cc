#include "core/loader/samples/row_writer.h"

#include <charconv>
#include <cstring>

#include "core/io/npy.h"
#include "core/io/npy_header.h"
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

NpyHeader array_header(const SampleField &field) { return parse_npy_header(field.bytes, field.bytes.size(), "it"); }

}  // namespace

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
  bytes_read_ = 0;
  set_.read(number, room_, sample_);
  for (const SampleField &field : sample_.fields) bytes_read_ += field.bytes.size();
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

ImageDecodeOptions RowWriter::decode_options() const {
  ImageDecodeOptions decode;
  decode.colour = options_.colour;
  decode.apply_orientation = options_.apply_orientation;
  return decode;
}

RowLayout RowWriter::image_layout(const SampleField &field) {
  const ImageView decoded = decoded_image(read_image_info(field.bytes), decode_options());
  const ImageShape shape = transforms_.output_shape({decoded.height, decoded.width, decoded.channels});
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
    case BatchFieldKind::image: return image_layout(field);
    case BatchFieldKind::bytes:
    case BatchFieldKind::key: break;
  }
  return {DType::uint8, {}, {}, field.bytes.size()};
}

void RowWriter::lay_out(BatchAssembly &assembly, StoragePool &pool) {
  std::vector<RowLayout> layouts;
  for (const BatchFieldPlan &planned : assembly.plan())
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
      about_sample(planned, [&] { own = layout_of(planned, field_of(planned)); });
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
  ImageDecodeOptions decode = decode_options();
  const int64_t channels = layout.shape[0], height = layout.shape[1], width = layout.shape[2];
  const bool channels_first = options_.memory_format == MemoryFormat::channels_first;
  if (options_.transforms == nullptr && !channels_first) {
    decoder_.decode_into(field.bytes, decode, reinterpret_cast<uint8_t *>(to), width * channels);
    return;
  }
  const ImageTarget target =
      channels_first ? ImageTarget{to, {width, 1, height * width}} : ImageTarget{to, {width * channels, channels, 1}};
  std::optional<std::array<int32_t, 2>> full_size;
  if (options_.scaled_decode) {
    const ImageView full = decoded_image(read_image_info(field.bytes), decode);
    decode.shrink = transforms_.usable_shrink(full.height, full.width);
    full_size = {full.height, full.width};
  }
  transforms_.apply(target, decoder_.decode(field.bytes, decode), randomness, image_room_, full_size);
}

}  // namespace penstock::core
