#include "core/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <set>
#include <utility>

#include "core/base/checked.h"
#include "core/base/error.h"
#include "core/base/trace.h"
#include "core/io/atomic_file.h"
#include "core/io/dense_blocks.h"
#include "core/io/json.h"
#include "core/io/little_endian.h"
#include "core/io/save_meter.h"
#include "core/io/utf8.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"

namespace penstock::core {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are written as they lie in memory");

constexpr std::string_view metadata_key = "__metadata__";
constexpr uint64_t length_nbytes = 8;
constexpr uint64_t largest_header = 100'000'000;  // the format's own limit
constexpr uint64_t alignment = 8;                 // of the elements in the file

struct DTypeName {
  std::string_view name;
  std::optional<DType> dtype;
};
constexpr DTypeName dtype_names[] = {
    {"BOOL", DType::bool8},
    {"U8", DType::uint8},
    {"I8", DType::int8},
    {"F8_E4M3", DType::float8_e4m3fn},
    {"F8_E5M2", DType::float8_e5m2},
    {"I16", DType::int16},
    {"U16", DType::uint16},
    {"F16", DType::float16},
    {"BF16", DType::bfloat16},
    {"I32", DType::int32},
    {"U32", DType::uint32},
    {"F32", DType::float32},
    {"F64", DType::float64},
    {"I64", DType::int64},
    {"U64", DType::uint64},
    {"C64", DType::complex64},
    {"F4", std::nullopt},
    {"F6_E2M3", std::nullopt},
    {"F6_E3M2", std::nullopt},
    {"F8_E8M0", std::nullopt},
    {"F8_E4M3FNUZ", std::nullopt},
    {"F8_E5M2FNUZ", std::nullopt},
};

// The member of an object that must be there.
const Json &member(const Json &object, const char *key, std::string_view place) {
  const Json *found = object.find(key);
  if (!found) fail(Status::data_error, place, " has no ", key);
  return *found;
}

uint64_t whole_number(const Json &value, const char *what, std::string_view place) {
  const uint64_t *number = value.if_unsigned();
  if (!number)
    fail(Status::data_error, place, " has ", what, " ", in_quotes(value.dump()),
         ": expected whole numbers of 0 and up");
  return *number;
}

Extents read_shape(const Json &value, std::string_view place) {
  const Json::Array *sizes = value.if_array();
  if (!sizes || sizes->size() > static_cast<size_t>(max_ndim))
    fail(Status::data_error, place, " has shape ", in_quotes(value.dump()), ": expected a list of up to ", max_ndim,
         " numbers");
  Extents shape;
  for (const Json &size : *sizes) {
    const uint64_t number = whole_number(size, "shape", place);
    if (number > static_cast<uint64_t>(largest_nbytes))
      fail(Status::data_error, place, " has an axis of size ", number, ": at most ", largest_nbytes, " are possible");
    shape.push_back(static_cast<int64_t>(number));
  }
  return shape;
}

void read_dtype(SafetensorsEntry &entry, const Json &value, std::string_view place) {
  const std::string *name = value.if_text();
  if (!name) fail(Status::data_error, place, " has dtype ", in_quotes(value.dump()), ": expected a text");
  entry.dtype_name = *name;
  const auto *known = std::find_if(std::begin(dtype_names), std::end(dtype_names),
                                   [&](const DTypeName &each) { return each.name == entry.dtype_name; });
  if (known == std::end(dtype_names))
    fail(Status::data_error, place, " has dtype ", in_quotes(entry.dtype_name), ": expected one of ",
         listed(dtype_names, [](const DTypeName &each) { return each.name; }));
  entry.dtype = known->dtype;
}

void require_size(const SafetensorsEntry &entry, std::string_view place) {
  if (!entry.dtype) return;  // nothing of it is read
  int64_t count = 0;
  try {
    count = checked_element_count(entry.shape, *entry.dtype);
  } catch (const Error &error) {  // there an argument is to blame, here the file
    fail(Status::data_error, place, ": ", error.sentence());
  }
  const auto needed = static_cast<uint64_t>(count * dtype_size(*entry.dtype));
  if (entry.end - entry.begin != needed)
    fail(Status::data_error, place, " has ", entry.end - entry.begin, " bytes, where shape ", entry.shape, " of ",
         *entry.dtype, " needs ", needed);
}

SafetensorsEntry read_entry(const std::string &name, const Json &value, std::string_view file_place) {
  const std::string place = text(file_place, ": tensor ", in_quotes(name));
  if (!value.if_object()) fail(Status::data_error, place, " is ", in_quotes(value.dump()), ": expected an object");
  SafetensorsEntry entry;
  entry.name = name;
  read_dtype(entry, member(value, "dtype", place), place);
  entry.shape = read_shape(member(value, "shape", place), place);
  const Json &offsets = member(value, "data_offsets", place);
  const Json::Array *numbers = offsets.if_array();
  if (!numbers || numbers->size() != 2)
    fail(Status::data_error, place, " has data_offsets ", in_quotes(offsets.dump()), ": expected two numbers");
  entry.begin = whole_number((*numbers)[0], "data_offsets", place);
  entry.end = whole_number((*numbers)[1], "data_offsets", place);
  if (entry.end < entry.begin)
    fail(Status::data_error, place, " ends at byte ", entry.end, ", before it begins at ", entry.begin);
  require_size(entry, place);
  return entry;
}

// What C takes as a text: it would end at the zero byte.
void require_no_zero_byte(std::string_view words, std::string_view place) {
  if (words.find('\0') != std::string_view::npos)
    fail(Status::data_error, place, " has ", in_quotes(words), ", which has a zero byte");
}

Metadata read_metadata(const Json &value, std::string_view place) {
  Metadata metadata;
  const Json::Object *members = value.if_object();
  if (!members)
    fail(Status::data_error, place, ": ", metadata_key, " is ", in_quotes(value.dump()), ": expected an object");
  for (const auto &[key, value_of_key] : *members) {
    const std::string *words = value_of_key.if_text();
    if (!words)
      fail(Status::data_error, place, ": ", metadata_key, " has ", in_quotes(key), " as ",
           in_quotes(value_of_key.dump()), ": expected a text");
    require_no_zero_byte(key, place);
    require_no_zero_byte(*words, place);
    metadata.emplace(key, *words);
  }
  return metadata;
}

std::string_view format_name(DType dtype, std::string_view name) {
  const auto *known = std::find_if(std::begin(dtype_names), std::end(dtype_names),
                                   [&](const DTypeName &each) { return each.dtype == dtype; });
  if (known == std::end(dtype_names))
    fail(Status::type_mismatch, "cannot save ", in_quotes(name), ": safetensors has no name for ", dtype,
         ": save its real and imaginary parts");
  return known->name;
}

void require_text(std::string_view text, const char *what) {
  if (!is_utf8(text)) fail(Status::invalid_argument, what, " ", in_quotes(text), " is not UTF-8");
}

void require_names(std::span<const NamedTensor> tensors) {
  std::set<std::string_view> seen;
  for (const NamedTensor &named : tensors) {
    require_text(named.name, "the name");
    if (named.name == metadata_key)
      fail(Status::invalid_argument, "no tensor can be named ", metadata_key, ": the format uses it");
    if (!seen.insert(named.name).second)
      fail(Status::invalid_argument, "the name ", in_quotes(named.name), " stands twice");
  }
}

// The widest elements first, so that each tensor is aligned; then by name.
std::vector<const NamedTensor *> in_file_order(std::span<const NamedTensor> tensors) {
  std::vector<const NamedTensor *> order;
  for (const NamedTensor &named : tensors) order.push_back(&named);
  std::sort(order.begin(), order.end(), [](const NamedTensor *first, const NamedTensor *second) {
    const int64_t first_size = dtype_size(first->tensor.dtype), second_size = dtype_size(second->tensor.dtype);
    return first_size != second_size ? first_size > second_size : first->name < second->name;
  });
  return order;
}

// The header with its length in front, filled up with spaces.
std::string format_header(std::span<const NamedTensor *const> tensors, const Metadata &metadata) {
  Json::Object header;
  if (!metadata.empty()) header.emplace_back(std::string(metadata_key), Json::Object(metadata.begin(), metadata.end()));
  int64_t begin = 0;
  for (const NamedTensor *named : tensors) {
    const Tensor &tensor = named->tensor;
    const int64_t end = begin + tensor.nbytes();
    Json::Object entry;
    append(entry, "dtype", format_name(tensor.dtype, named->name));
    append(entry, "shape", Json::Array(tensor.shape.begin(), tensor.shape.end()));
    append(entry, "data_offsets", Json::Array{begin, end});
    header.emplace_back(std::string(named->name), std::move(entry));
    begin = end;
  }
  std::string words = Json(std::move(header)).dump();
  words.append((alignment - words.size() % alignment) % alignment, ' ');
  if (words.size() > largest_header)
    fail(Status::invalid_argument, "the names and metadata need a header of ", words.size(), " bytes: at most ",
         largest_header, " are possible");
  std::string out;
  append_little_endian(out, static_cast<uint64_t>(words.size()));
  return out + words;
}

}  // namespace

void Safetensors::read_header() {
  const std::string place = in_quotes(file_.path());
  if (file_.size() < length_nbytes)
    fail(Status::data_error, place, " is no safetensors file: it has ", file_.size(), " bytes, ", length_nbytes,
         " are the least");
  std::byte length_bytes[length_nbytes];
  file_.read(0, length_bytes);
  const auto length = load_little_endian<uint64_t>(length_bytes);
  if (length > largest_header || length > file_.size() - length_nbytes)
    fail(Status::data_error, place, " has a header of ", length, " bytes, where ", file_.size() - length_nbytes,
         " are left and ", largest_header, " are allowed: it is cut short, or no safetensors file");
  std::string words(length, '\0');
  file_.read(length_nbytes, std::as_writable_bytes(std::span(words)));
  if (words.empty() || words[0] != '{')
    fail(Status::data_error, place, " is no safetensors file: its header does not begin with {");
  const Json header = parse_json(words, text("the header of ", place));
  for (const auto &[name, value] : *header.if_object()) {
    require_no_zero_byte(name, place);
    if (name == metadata_key)
      metadata_ = read_metadata(value, place);
    else
      entries_.push_back(read_entry(name, value, place));
  }
  data_offset_ = length_nbytes + length;
}

// The elements of all fill what is behind the header, once.
void Safetensors::require_no_gaps() const {
  const std::string place = in_quotes(file_.path());
  uint64_t expected = 0;
  for (const SafetensorsEntry &entry : entries_) {
    if (entry.begin != expected)
      fail(Status::data_error, place, ": tensor ", in_quotes(entry.name), " begins at byte ", entry.begin,
           " of the elements, where byte ", expected, " is the next");
    expected = entry.end;
  }
  const uint64_t available = file_.size() - data_offset_;
  if (expected != available)
    fail(Status::data_error, place, " has ", available, " bytes behind its header, where its tensors need ", expected);
}

Safetensors Safetensors::open(const std::string &path) {
  Safetensors opened(File::open(path));
  opened.read_header();
  opened.sort();
  opened.require_no_gaps();
  return opened;
}

void Safetensors::sort() {
  std::sort(entries_.begin(), entries_.end(), [](const SafetensorsEntry &first, const SafetensorsEntry &second) {
    return std::pair(first.begin, first.end) < std::pair(second.begin, second.end);
  });
  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0);
  std::sort(by_name_.begin(), by_name_.end(),
            [&](int64_t first, int64_t second) { return name(first) < name(second); });
}

int64_t Safetensors::place_of(std::string_view wanted) const {
  const auto found = std::lower_bound(by_name_.begin(), by_name_.end(), wanted,
                                      [&](int64_t place, std::string_view each) { return name(place) < each; });
  return found != by_name_.end() && name(*found) == wanted ? *found : -1;
}

const SafetensorsEntry &Safetensors::find(std::string_view name) const {
  const int64_t place = place_of(name);
  if (place < 0) fail(Status::not_found, in_quotes(file_.path()), " has no tensor ", in_quotes(name));
  return entries_[static_cast<size_t>(place)];
}

Tensor Safetensors::read(std::string_view name, const LoadOptions &options) const {
  const TraceSpan span("read safetensors");
  const SafetensorsEntry &entry = find(name);
  if (!entry.dtype)
    fail(Status::type_mismatch, in_quotes(file_.path()), ": tensor ", in_quotes(name), " has dtype ", entry.dtype_name,
         ", which penstock lacks");
  const Tensor tensor = empty(*entry.dtype, entry.shape, {});
  const auto nbytes = static_cast<uint64_t>(tensor.nbytes());
  uint64_t done = 0;
  do {
    const auto block = static_cast<size_t>(std::min<uint64_t>(largest_block_nbytes, nbytes - done));
    file_.read(data_offset_ + entry.begin + done, {tensor.data + done, block});
    done += block;
    options.progress.report(done, nbytes);
  } while (done < nbytes);
  return on_device(tensor, options.device);
}

void save_safetensors(const std::string &path, std::span<const NamedTensor> tensors, const Metadata &metadata,
                      const SaveOptions &options) {
  const TraceSpan span("save safetensors");
  require_names(tensors);
  for (const auto &[key, value] : metadata) {
    require_text(key, "the metadata's key");
    require_text(value, "the metadata's text");
  }
  const std::vector<const NamedTensor *> order = in_file_order(tensors);
  const std::string header = format_header(order, metadata);
  uint64_t total = 0;
  for (const NamedTensor *named : order) total += static_cast<uint64_t>(named->tensor.nbytes());
  AtomicFile file(path);
  file.append(std::as_bytes(std::span(header)));
  SaveMeter meter(options.progress, total);
  for (const NamedTensor *named : order)
    for_each_dense_block(named->tensor, [&](std::span<const std::byte> block) {
      file.append(block);
      meter.advance(block.size());
    });
  meter.finish();
  file.commit();
}

}  // namespace penstock::core
