#include <penstock/tensor.h>

#include <string>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/options.h"
#include "capi/src/recording.h"
#include "capi/src/tensor_arguments.h"
#include "capi/src/text_result.h"
#include "core/autograd/view_rules.h"
#include "core/tensor/compare.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/format.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

using namespace penstock;
namespace autograd = core::autograd;
using core::Tensor;

namespace penstock {

template <>
struct OptionsLayout<ps_tensor_options> {
  static constexpr ps_tensor_options defaults = PS_TENSOR_OPTIONS_INIT;
  static constexpr const char *name = "ps_tensor_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_tensor_options, struct_size), PS_FIELD_END(ps_tensor_options, device_type),
      PS_FIELD_END(ps_tensor_options, device_id), PS_FIELD_END(ps_tensor_options, pinned),
      PS_FIELD_END(ps_tensor_options, alignment)};
};

template <>
struct OptionsLayout<ps_wrap_options> {
  static constexpr ps_wrap_options defaults = PS_WRAP_OPTIONS_INIT;
  static constexpr const char *name = "ps_wrap_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_wrap_options, struct_size), PS_FIELD_END(ps_wrap_options, device_type),
      PS_FIELD_END(ps_wrap_options, device_id), PS_FIELD_END(ps_wrap_options, read_only)};
};

template <>
struct OptionsLayout<ps_format_options> {
  static constexpr ps_format_options defaults = PS_FORMAT_OPTIONS_INIT;
  static constexpr const char *name = "ps_format_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_format_options, struct_size), PS_FIELD_END(ps_format_options, edge_items),
      PS_FIELD_END(ps_format_options, threshold), PS_FIELD_END(ps_format_options, precision),
      PS_FIELD_END(ps_format_options, line_width)};
};

core::Allocation read_allocation(const ps_tensor_options *given) {
  const ps_tensor_options options = read_options(given);
  if (options.alignment > static_cast<uint64_t>(core::Storage::largest_alignment))
    core::fail(core::Status::invalid_argument, "alignment ", options.alignment, " is not a power of two up to ",
               core::Storage::largest_alignment);
  core::Allocation allocation;
  allocation.device = core::resolve_device(options.device_type, options.device_id);
  allocation.pinned = require_flag(options.pinned, "pinned");
  allocation.alignment = static_cast<int64_t>(options.alignment);
  return allocation;
}

}  // namespace penstock

namespace {

static_assert(static_cast<int32_t>(core::DType::bool8) == PS_BOOL);
static_assert(static_cast<int32_t>(core::DType::uint64) == PS_UINT64);
static_assert(static_cast<int32_t>(core::DType::complex128) == PS_COMPLEX128);
static_assert(static_cast<int32_t>(core::DType::float8_e5m2) == PS_FLOAT8_E5M2 && core::dtype_count == PS_FLOAT8_E5M2);
static_assert(static_cast<int32_t>(core::Casting::unsafe) == PS_CAST_UNSAFE);
static_assert(static_cast<int32_t>(core::Equality::value) == PS_EQUAL_VALUE);
static_assert(core::max_ndim == PS_MAX_NDIM && core::slice_open == PS_SLICE_OPEN);

// The common form of a function that makes a tensor: make() only runs once out is known to be there.
template <typename Make>
ps_status make_tensor(ps_tensor **out, Make &&make) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = wrap(make());
  });
}

// The common form of a view, or a copy, and of how gradients find back from it: record() gives the node.
template <typename View, typename Record>
ps_status make_view(ps_tensor **out, const ps_tensor *tensor, const char *name, View &&view, Record &&record) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(tensor, "tensor");
    *out = wrap_made(view(unwrap(tensor)), is_recorded({tensor}),
                     [&](const Tensor &result) { return record(name, variable_of(tensor), result); });
  });
}

// Of a view of a part; it keeps what it needs to show the same part of another tensor.
template <typename View>
ps_status make_part(ps_tensor **out, const ps_tensor *tensor, const char *name, View view) {
  return make_view(out, tensor, name, view,
                   [&](const char *part, const autograd::Variable &operand, const Tensor &result) {
                     return autograd::record_part(part, operand, result, view);
                   });
}

// The common form of a getter.
template <typename Result, typename Read>
Result get(const ps_tensor *tensor, Result when_null, Read &&read) {
  return guarded_getter<Result>(when_null, [&]() -> Result {
    require_not_null(tensor, "tensor");
    return read(unwrap(tensor));
  });
}

core::Casting read_casting(ps_casting casting) {
  require_enum(casting, PS_CAST_UNSAFE, "casting");
  return static_cast<core::Casting>(casting);
}

}  // namespace

/* Dtypes */

uint64_t ps_dtype_size(ps_dtype dtype) {
  return guarded_getter<uint64_t>(0,
                                  [&] { return static_cast<uint64_t>(core::dtype_size(read_dtype(dtype, "dtype"))); });
}

const char *ps_dtype_name(ps_dtype dtype) {
  return guarded_getter<const char *>(nullptr, [&] { return core::dtype_name(read_dtype(dtype, "dtype")).data(); });
}

ps_status ps_dtype_from_name(ps_dtype *out, const char *name) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(name, "name");
    const auto dtype = core::find_dtype(name);
    if (!dtype)
      core::fail(core::Status::not_found, "no dtype is called '", name,
                 "': names are as in 'float32', 'int64', 'bool'");
    *out = static_cast<ps_dtype>(*dtype);
  });
}

/* Making tensors */

ps_status ps_tensor_options_init(ps_tensor_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_wrap_options_init(ps_wrap_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_tensor_empty(ps_tensor **out, ps_dtype dtype, int32_t ndim, const int64_t *shape,
                          const ps_tensor_options *options) {
  return make_tensor(out, [&] {
    return core::empty(read_dtype(dtype, "dtype"), read_extents(ndim, shape, "shape"), read_allocation(options));
  });
}

ps_status ps_tensor_zeros(ps_tensor **out, ps_dtype dtype, int32_t ndim, const int64_t *shape,
                          const ps_tensor_options *options) {
  return make_tensor(out, [&] {
    return core::zeros(read_dtype(dtype, "dtype"), read_extents(ndim, shape, "shape"), read_allocation(options));
  });
}

ps_status ps_tensor_full(ps_tensor **out, ps_dtype dtype, int32_t ndim, const int64_t *shape, const void *value,
                         ps_dtype value_dtype, const ps_tensor_options *options) {
  return make_tensor(out, [&] {
    require_not_null(value, "value");
    return core::full(read_dtype(dtype, "dtype"), read_extents(ndim, shape, "shape"), value,
                      read_dtype(value_dtype, "value_dtype"), read_allocation(options));
  });
}

ps_status ps_tensor_from_data(ps_tensor **out, ps_dtype dtype, int32_t ndim, const int64_t *shape, const void *data,
                              uint64_t data_nbytes, const ps_tensor_options *options) {
  return make_tensor(out, [&] {
    if (data_nbytes != 0) require_not_null(data, "data");
    return core::from_data(read_dtype(dtype, "dtype"), read_extents(ndim, shape, "shape"), data, data_nbytes,
                           read_allocation(options));
  });
}

ps_status ps_tensor_arange_int64(ps_tensor **out, int64_t start, int64_t stop, int64_t step, ps_dtype dtype,
                                 const ps_tensor_options *options) {
  return make_tensor(
      out, [&] { return core::arange(start, stop, step, read_dtype(dtype, "dtype"), read_allocation(options)); });
}

ps_status ps_tensor_arange_float64(ps_tensor **out, double start, double stop, double step, ps_dtype dtype,
                                   const ps_tensor_options *options) {
  return make_tensor(
      out, [&] { return core::arange(start, stop, step, read_dtype(dtype, "dtype"), read_allocation(options)); });
}

ps_status ps_tensor_wrap(ps_tensor **out, void *data, ps_dtype dtype, int32_t ndim, const int64_t *shape,
                         const int64_t *strides, ps_deleter deleter, void *user, const ps_wrap_options *given) {
  return guarded([&] {
    require_not_null(out, "out");
    const core::DType known_dtype = read_dtype(dtype, "dtype");
    const core::Extents sizes = read_extents(ndim, shape, "shape");
    core::checked_element_count(sizes, known_dtype);  // before strides are multiplied from it
    const core::Extents steps =
        strides == nullptr ? core::row_major_strides(sizes) : read_extents(ndim, strides, "strides");
    const ps_wrap_options options = read_options(given);
    const core::Device device = core::resolve_device(options.device_type, options.device_id);
    const bool read_only = require_flag(options.read_only, "read_only");
    // The handle comes first: once the storage owns the memory nothing may fail, or the deleter would run.
    auto handle = core::Reference<TensorHandle>::adopt(new TensorHandle(Tensor()));
    handle->tensor = core::wrap(data, known_dtype, sizes, steps, device, read_only, deleter, user);
    *out = reinterpret_cast<ps_tensor *>(handle.give_away());
  });
}

/* Holds */

ps_tensor *ps_tensor_retain(ps_tensor *tensor) { return retained(tensor, handle_of(tensor), "tensor"); }

void ps_tensor_release(ps_tensor *tensor) {
  if (tensor != nullptr) handle_of(tensor)->release();
}

/* Reading what a tensor is */

int32_t ps_tensor_ndim(const ps_tensor *tensor) {
  return get<int32_t>(tensor, -1, [](const Tensor &t) { return t.ndim(); });
}

const int64_t *ps_tensor_shape(const ps_tensor *tensor) {
  return get<const int64_t *>(tensor, nullptr, [](const Tensor &t) { return t.shape.data(); });
}

const int64_t *ps_tensor_strides(const ps_tensor *tensor) {
  return get<const int64_t *>(tensor, nullptr, [](const Tensor &t) { return t.strides.data(); });
}

int64_t ps_tensor_element_count(const ps_tensor *tensor) {
  return get<int64_t>(tensor, -1, [](const Tensor &t) { return t.element_count(); });
}

int64_t ps_tensor_nbytes(const ps_tensor *tensor) {
  return get<int64_t>(tensor, -1, [](const Tensor &t) { return t.nbytes(); });
}

ps_dtype ps_tensor_dtype(const ps_tensor *tensor) {
  return get(tensor, static_cast<ps_dtype>(0), [](const Tensor &t) { return static_cast<ps_dtype>(t.dtype); });
}

ps_device_type ps_tensor_device_type(const ps_tensor *tensor) {
  return get(tensor, PS_DEVICE_DEFAULT, [](const Tensor &t) { return static_cast<ps_device_type>(t.device().type); });
}

int32_t ps_tensor_device_id(const ps_tensor *tensor) {
  return get<int32_t>(tensor, -1, [](const Tensor &t) { return t.device().id; });
}

const void *ps_tensor_data(const ps_tensor *tensor) {
  return get<const void *>(tensor, nullptr, [](const Tensor &t) { return t.data; });
}

void *ps_tensor_mutable_data(const ps_tensor *tensor) {
  return get<void *>(tensor, nullptr, [](const Tensor &t) {
    core::require_writable(t);
    return t.data;
  });
}

int32_t ps_tensor_is_contiguous(const ps_tensor *tensor) {
  return get<int32_t>(tensor, -1, [](const Tensor &t) { return t.is_contiguous(); });
}

int32_t ps_tensor_is_readonly(const ps_tensor *tensor) {
  return get<int32_t>(tensor, -1, [](const Tensor &t) { return t.read_only; });
}

int32_t ps_tensor_is_pinned(const ps_tensor *tensor) {
  return get<int32_t>(tensor, -1, [](const Tensor &t) { return t.storage->pinned(); });
}

/* Views */

ps_status ps_tensor_slice(ps_tensor **out, ps_tensor *tensor, int32_t axis, int64_t start, int64_t stop, int64_t step) {
  return make_part(out, tensor, "slice", [=](const Tensor &t) { return core::slice(t, axis, start, stop, step); });
}

ps_status ps_tensor_select(ps_tensor **out, ps_tensor *tensor, int32_t axis, int64_t index) {
  return make_part(out, tensor, "select", [=](const Tensor &t) { return core::select(t, axis, index); });
}

ps_status ps_tensor_narrow(ps_tensor **out, ps_tensor *tensor, int32_t axis, int64_t start, int64_t length) {
  return make_part(out, tensor, "narrow", [=](const Tensor &t) { return core::narrow(t, axis, start, length); });
}

ps_status ps_tensor_permute(ps_tensor **out, ps_tensor *tensor, int32_t axis_count, const int32_t *axes) {
  return make_view(
      out, tensor, "permute", [&](const Tensor &t) { return core::permute(t, read_axes(axis_count, axes)); },
      [&](const char *name, const autograd::Variable &operand, const Tensor &result) {
        return autograd::record_permuted(name, operand, result, read_axes(axis_count, axes));
      });
}

ps_status ps_tensor_transpose(ps_tensor **out, ps_tensor *tensor, int32_t first_axis, int32_t second_axis) {
  return make_view(
      out, tensor, "transpose", [&](const Tensor &t) { return core::transpose(t, first_axis, second_axis); },
      [&](const char *name, const autograd::Variable &operand, const Tensor &result) {
        return autograd::record_transposed(name, operand, result, first_axis, second_axis);
      });
}

ps_status ps_tensor_reshape(ps_tensor **out, ps_tensor *tensor, int32_t ndim, const int64_t *shape) {
  return make_view(
      out, tensor, "reshape", [&](const Tensor &t) { return core::reshape(t, read_extents(ndim, shape, "shape")); },
      autograd::record_reshaped);
}

ps_status ps_tensor_squeeze(ps_tensor **out, ps_tensor *tensor, int32_t axis_count, const int32_t *axes) {
  return make_view(
      out, tensor, "squeeze", [&](const Tensor &t) { return core::squeeze(t, read_axes(axis_count, axes)); },
      autograd::record_reshaped);
}

ps_status ps_tensor_unsqueeze(ps_tensor **out, ps_tensor *tensor, int32_t axis) {
  return make_view(
      out, tensor, "unsqueeze", [&](const Tensor &t) { return core::unsqueeze(t, axis); }, autograd::record_reshaped);
}

ps_status ps_tensor_expand(ps_tensor **out, ps_tensor *tensor, int32_t ndim, const int64_t *shape) {
  return make_view(
      out, tensor, "expand", [&](const Tensor &t) { return core::expand(t, read_extents(ndim, shape, "shape")); },
      autograd::record_same);
}

ps_status ps_tensor_flatten(ps_tensor **out, ps_tensor *tensor) {
  return make_view(
      out, tensor, "flatten", [](const Tensor &t) { return core::flatten(t); }, autograd::record_reshaped);
}

ps_status ps_tensor_reinterpret(ps_tensor **out, ps_tensor *tensor, ps_dtype dtype) {
  return make_view(
      out, tensor, "reinterpret", [&](const Tensor &t) { return core::reinterpret(t, read_dtype(dtype, "dtype")); },
      [](const char *name, const autograd::Variable &operand, const Tensor &result) {
        if (operand.tensor.dtype != result.dtype)
          core::fail(core::Status::invalid_argument, name, ": the bits of ", operand.tensor.dtype, " as ", result.dtype,
                     " have no gradient: detach the tensor first");
        return autograd::record_same(name, operand, result);
      });
}

/* Moving elements */

ps_status ps_tensor_copy(ps_tensor *destination, const ps_tensor *source, ps_casting casting) {
  return guarded([&] {
    require_not_null(destination, "destination");
    require_not_null(source, "source");
    const core::Casting allowed = read_casting(casting);
    ElementWrite write("copy", destination, {source});
    if (!write.is_recorded()) {
      core::copy(unwrap(destination), unwrap(source), allowed);
      return write.done();
    }
    core::require_cast(unwrap(source).dtype, unwrap(destination).dtype, allowed);
    const Tensor copied = core::astype(unwrap(source), unwrap(destination).dtype, allowed);
    core::Reference<autograd::Node> node;
    if (requires_gradients(source)) node = autograd::record_same("copy", variable_of(source), copied);
    write.record(copied, std::move(node));
  });
}

ps_status ps_tensor_fill(ps_tensor *destination, const void *value, ps_dtype value_dtype) {
  return guarded([&] {
    require_not_null(destination, "destination");
    require_not_null(value, "value");
    ElementWrite write("fill", destination, {});
    core::fill(unwrap(destination), value, read_dtype(value_dtype, "value_dtype"));
    write.done();
    if (write.is_recorded()) handle_of(destination)->source = {};
  });
}

ps_status ps_tensor_clone(ps_tensor **out, const ps_tensor *tensor) {
  return make_view(
      out, tensor, "clone", [](const Tensor &t) { return core::clone(t); }, autograd::record_same);
}

ps_status ps_tensor_contiguous(ps_tensor **out, ps_tensor *tensor) {
  return make_view(
      out, tensor, "contiguous", [](const Tensor &t) { return core::contiguous(t); }, autograd::record_same);
}

ps_status ps_tensor_astype(ps_tensor **out, const ps_tensor *tensor, ps_dtype dtype, ps_casting casting) {
  return make_view(
      out, tensor, "astype",
      [&](const Tensor &t) { return core::astype(t, read_dtype(dtype, "dtype"), read_casting(casting)); },
      autograd::record_same);
}

ps_status ps_tensor_to_device(ps_tensor **out, ps_tensor *tensor, const ps_tensor_options *options) {
  return make_view(
      out, tensor, "to_device", [&](const Tensor &t) { return core::to_device(t, read_allocation(options)); },
      autograd::record_same);
}

ps_status ps_tensor_to_data(void *data, uint64_t data_nbytes, const ps_tensor *tensor) {
  return guarded([&] {
    if (data_nbytes != 0) require_not_null(data, "data");
    require_not_null(tensor, "tensor");
    core::to_data(data, data_nbytes, unwrap(tensor));
  });
}

/* Comparing and printing */

ps_status ps_tensor_equal(int32_t *equal, const ps_tensor *first, const ps_tensor *second, ps_equality equality) {
  return guarded([&] {
    require_not_null(equal, "equal");
    require_not_null(first, "first");
    require_not_null(second, "second");
    require_enum(equality, PS_EQUAL_VALUE, "equality");
    *equal = core::equal(unwrap(first), unwrap(second), static_cast<core::Equality>(equality));
  });
}

ps_status ps_tensor_all_close(int32_t *close, const ps_tensor *actual, const ps_tensor *expected, double relative,
                              double absolute, int32_t nan_equal) {
  return guarded([&] {
    require_not_null(close, "close");
    require_not_null(actual, "actual");
    require_not_null(expected, "expected");
    const core::Tolerance tolerance{relative, absolute, require_flag(nan_equal, "nan_equal")};
    *close = core::all_close(unwrap(actual), unwrap(expected), tolerance);
  });
}

ps_status ps_format_options_init(ps_format_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_tensor_format(uint64_t *length, char *text, uint64_t capacity, const ps_tensor *tensor,
                           const ps_format_options *given) {
  return guarded([&] {
    require_length_and_text(length, text, capacity);
    require_not_null(tensor, "tensor");
    const ps_format_options options = read_options(given);
    give_length_and_text(
        length, text, capacity,
        core::format(unwrap(tensor), {options.edge_items, options.threshold, options.precision, options.line_width}));
  });
}
