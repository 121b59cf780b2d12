#include "core/io/npy_header.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/little_endian.h"
#include "core/io/npy_dictionary.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

// NumPy's names without their byte order.
struct NumpyName {
  DType dtype;
  std::string_view name;
};
constexpr std::array<NumpyName, 14> numpy_names = {{
    {DType::bool8, "b1"},
    {DType::int8, "i1"},
    {DType::int16, "i2"},
    {DType::int32, "i4"},
    {DType::int64, "i8"},
    {DType::uint8, "u1"},
    {DType::uint16, "u2"},
    {DType::uint32, "u4"},
    {DType::uint64, "u8"},
    {DType::float16, "f2"},
    {DType::float32, "f4"},
    {DType::float64, "f8"},
    {DType::complex64, "c8"},
    {DType::complex128, "c16"},
}};

std::string_view why_unsupported(const NpyDictionary &dictionary, std::string_view name) {
  if (!dictionary.descr_is_string) return "records and sub-arrays are not supported";
  switch (name.empty() ? '\0' : name[0]) {
    case 'O': return "object arrays are never unpickled";
    case 'V': return "raw bytes have no dtype; NumPy saves bfloat16 and float8 so: view them as uint16 or uint8 there";
    case 'S':
    case 'a':
    case 'U': return "text is not supported";
    case 'M':
    case 'm': return "times are not supported; view them as int64 in NumPy";
    default: return "expected bool, an integer, float16 to float64, complex64 or complex128";
  }
}

// Sets dtype and byte order from a name as "<f4"; no order at all is the machine's, as NumPy has it.
void interpret_descr(NpyHeader &header, const NpyDictionary &dictionary, std::string_view place) {
  std::string_view name = dictionary.descr;
  char order = '=';
  if (!name.empty() && std::string_view("<>|=").find(name[0]) != std::string_view::npos) {
    order = name[0];
    name.remove_prefix(1);
  }
  const auto *known = std::find_if(numpy_names.begin(), numpy_names.end(),
                                   [&](const NumpyName &candidate) { return candidate.name == name; });
  if (known == numpy_names.end() || !dictionary.descr_is_string)
    fail(Status::type_mismatch, place, " has dtype ", in_quotes(dictionary.descr), ": ",
         why_unsupported(dictionary, name));
  if (order == '|' && dtype_size(known->dtype) > 1)
    fail(Status::data_error, place, " has dtype ", in_quotes(dictionary.descr),
         " without a byte order: expected < or >");
  header.dtype = known->dtype;
  header.big_endian = order == '>';
}

int64_t needed_nbytes(const NpyHeader &header, std::string_view place) {
  try {
    return checked_element_count(header.shape, header.dtype) * dtype_size(header.dtype);
  } catch (const Error &error) {  // there an argument is to blame, here the file
    fail(Status::data_error, place, ": ", error.sentence());
  }
}

void require_size(uint64_t needed, uint64_t available, std::string_view place) {
  if (available < needed) fail(Status::data_error, place, " is cut short: needs ", needed, " bytes, has ", available);
}

// The dictionary's text.  Format 1.0 has its length in two bytes, the later ones in four; 3.0 only adds UTF-8 in the
// names of records.
struct HeaderText {
  std::string_view text;
  uint64_t offset;
};
HeaderText find_header_text(std::span<const std::byte> start, uint64_t file_size, std::string_view place) {
  const std::string_view bytes(reinterpret_cast<const char *>(start.data()), start.size());
  if (bytes.substr(0, magic.size()) != magic.substr(0, bytes.size()))
    fail(Status::data_error, place, " is not a .npy file: it begins with ", in_quotes(bytes.substr(0, magic.size())));
  require_size(magic.size() + 2, file_size, place);
  const int major = static_cast<unsigned char>(bytes[6]), minor = static_cast<unsigned char>(bytes[7]);
  if (major < 1 || major > 3 || minor != 0)
    fail(Status::data_error, place, " is of .npy format ", major, ".", minor, ": expected 1.0, 2.0 or 3.0");
  const uint64_t offset = major == 1 ? 10 : 12;
  require_size(offset, file_size, place);
  const uint64_t length =
      major == 1 ? load_little_endian<uint16_t>(start.data() + 8) : load_little_endian<uint32_t>(start.data() + 8);
  if (length > longest_npy_header_text)
    fail(Status::data_error, place, " has a header of ", length, " bytes: at most ", longest_npy_header_text,
         " are read");
  require_size(offset + length, file_size, place);
  return {bytes.substr(offset, length), offset};
}

}  // namespace

NpyHeader parse_npy_header(std::span<const std::byte> start, uint64_t file_size, std::string_view place) {
  const HeaderText found = find_header_text(start, file_size, place);
  const NpyDictionary dictionary = parse_npy_dictionary(found.text, found.offset, place);
  NpyHeader header;
  interpret_descr(header, dictionary, place);
  header.column_major = dictionary.column_major;
  header.shape = dictionary.shape;
  header.data_offset = found.offset + found.text.size();
  header.nbytes = needed_nbytes(header, place);
  const uint64_t needed = header.data_offset + static_cast<uint64_t>(header.nbytes);
  require_size(needed, file_size, place);
  if (file_size > needed)
    fail(Status::data_error, place, " has ", file_size - needed, " bytes left over behind the ", needed, " that shape ",
         header.shape, " of ", header.dtype, " needs");
  return header;
}

std::string format_npy_header(DType dtype, const Extents &shape, std::string_view place) {
  const auto *known = std::find_if(numpy_names.begin(), numpy_names.end(),
                                   [&](const NumpyName &candidate) { return candidate.dtype == dtype; });
  if (known == numpy_names.end())
    fail(Status::type_mismatch, "cannot save ", place, ": NumPy's file format has no name for ", dtype,
         ": reinterpret the tensor as ", dtype_size(dtype) == 1 ? "uint8" : "uint16", " to save its bits");
  std::string dictionary = text("{'descr': '", dtype_size(dtype) == 1 ? '|' : '<', known->name,
                                "', 'fortran_order': False, 'shape': ", shape, ", }");
  // NumPy leaves room for the first size to grow to 21 digits in place.
  constexpr size_t digits_to_grow_to = 21;
  if (!shape.empty()) dictionary.append(digits_to_grow_to - text(shape[0]).size(), ' ');
  // Then it fills up with spaces, one at least, so that the elements begin at a multiple of 64.
  constexpr size_t alignment = 64, prefix = 10;
  dictionary.append(alignment - (prefix + dictionary.size() + 1) % alignment, ' ');
  dictionary += '\n';
  std::string header(magic);
  header += '\x01';
  header += '\0';
  append_little_endian(header, static_cast<uint16_t>(dictionary.size()));
  return header + dictionary;
}

}  // namespace penstock::core
