// Elements moved, converted and filled on a GPU.  What becomes of one element is core/tensor/element.h's, as on the CPU.
#include <cstring>

#include "core/plugins/cuda/kernel.h"
#include "core/tensor/element.h"

namespace penstock::cuda {
namespace {

using namespace core;

// ---- Bytes as they are ----

// Two parts that are aligned each for itself, as a complex number's are; and 16 aligned bytes, which move at once.
template <typename Part>
struct Two {
  Part parts[2];
};
struct alignas(16) Aligned16 {
  uint64_t words[2];
};

template <typename Element>
__global__ void copy_elements(KernelWalk walk) {
  for (Elements element(walk.count); element.is_inside(); element.advance()) {
    const Place place = place_of(walk, element.index);
    *reinterpret_cast<Element *>(place.to) = *reinterpret_cast<const Element *>(place.from);
  }
}

template <typename Element>
__global__ void fill_elements(KernelWalk walk, Element value) {
  for (Elements element(walk.count); element.is_inside(); element.advance())
    *reinterpret_cast<Element *>(place_of(walk, element.index).to) = value;
}

bool is_multiple(int64_t number, int64_t of) { return number % of == 0; }
bool is_aligned(const char *address, int64_t nbytes) {
  return is_multiple(static_cast<int64_t>(reinterpret_cast<uintptr_t>(address)), nbytes);
}

// Whether elements of nbytes, dense along the innermost axis, can be moved in pairs.
bool can_pair(const KernelWalk &walk, int64_t nbytes, bool has_source) {
  const int64_t pair = 2 * nbytes;
  if (walk.ndim == 0 || !is_aligned(walk.to, pair) || (has_source && !is_aligned(walk.from, pair))) return false;
  const WalkAxis &innermost = walk.axes[walk.ndim - 1];
  if (!is_multiple(innermost.size, 2) || innermost.to_stride != nbytes) return false;
  if (has_source && innermost.from_stride != nbytes) return false;
  for (int32_t axis = 0; axis < walk.ndim - 1; ++axis)
    if (!is_multiple(walk.axes[axis].to_stride, pair) ||
        (has_source && !is_multiple(walk.axes[axis].from_stride, pair)))
      return false;
  return true;
}

// Makes the elements as large as they can be, up to 16 bytes, and returns how large they are.
int64_t widen(KernelWalk &walk, int64_t nbytes, bool has_source) {
  while (nbytes < 16 && can_pair(walk, nbytes, has_source)) {
    WalkAxis &innermost = walk.axes[walk.ndim - 1];
    innermost.size /= 2;
    innermost.to_stride *= 2;
    innermost.from_stride *= 2;
    walk.count /= 2;
    nbytes *= 2;
  }
  return nbytes;
}

// Whether every element lies at a multiple of nbytes: complex numbers need not.
bool is_all_aligned(const KernelWalk &walk, int64_t nbytes) {
  bool aligned = is_aligned(walk.to, nbytes) && is_aligned(walk.from, nbytes);
  for (int32_t axis = 0; axis < walk.ndim; ++axis)
    aligned =
        aligned && is_multiple(walk.axes[axis].to_stride, nbytes) && is_multiple(walk.axes[axis].from_stride, nbytes);
  return aligned;
}

bool copy_as_they_are(KernelWalk walk, int64_t nbytes, int32_t device, void *stream, DeviceFailure *failure) {
  const bool is_dense = walk.ndim == 1 && walk.axes[0].to_stride == nbytes && walk.axes[0].from_stride == nbytes;
  if (is_dense || walk.ndim == 0)
    return succeeded(cudaMemcpyAsync(walk.to, walk.from, static_cast<size_t>(walk.count * nbytes),
                                     cudaMemcpyDeviceToDevice, as_stream(stream)),
                     "copying", device, failure);
  const int64_t wide = widen(walk, nbytes, true);
  const bool aligned = is_all_aligned(walk, wide);
  switch (wide) {
    case 1: return launch(copy_elements<uint8_t>, walk, device, stream, failure);
    case 2: return launch(copy_elements<uint16_t>, walk, device, stream, failure);
    case 4: return launch(copy_elements<uint32_t>, walk, device, stream, failure);
    case 8:
      return aligned ? launch(copy_elements<uint64_t>, walk, device, stream, failure)
                     : launch(copy_elements<Two<uint32_t>>, walk, device, stream, failure);
    default:
      return aligned ? launch(copy_elements<Aligned16>, walk, device, stream, failure)
                     : launch(copy_elements<Two<uint64_t>>, walk, device, stream, failure);
  }
}

template <typename Element>
bool fill_with(const KernelWalk &walk, const char *pattern, int32_t device, void *stream, DeviceFailure *failure) {
  Element value;
  std::memcpy(&value, pattern, sizeof(Element));
  return launch(fill_elements<Element>, walk, device, stream, failure, value);
}

// ---- Conversions ----

template <typename To, typename From>
PS_HD void convert_at(const Place &place) {
  *reinterpret_cast<To *>(place.to) = convert<To>(*reinterpret_cast<const From *>(place.from));
}

// One kernel a dtype of the results; each thread of it takes the same way through the switch.
template <typename To>
PS_HD void convert_from(DType from, const Place &place) {
  switch (from) {
    case DType::bool8: return convert_at<To, Bool8>(place);
    case DType::int8: return convert_at<To, int8_t>(place);
    case DType::int16: return convert_at<To, int16_t>(place);
    case DType::int32: return convert_at<To, int32_t>(place);
    case DType::int64: return convert_at<To, int64_t>(place);
    case DType::uint8: return convert_at<To, uint8_t>(place);
    case DType::uint16: return convert_at<To, uint16_t>(place);
    case DType::uint32: return convert_at<To, uint32_t>(place);
    case DType::uint64: return convert_at<To, uint64_t>(place);
    case DType::float16: return convert_at<To, Float16>(place);
    case DType::bfloat16: return convert_at<To, BFloat16>(place);
    case DType::float32: return convert_at<To, float>(place);
    case DType::float64: return convert_at<To, double>(place);
    default: break;
  }
  // To a real number a complex one goes by its real part alone: the host names that in its place.
  if constexpr (AnyComplex<To> || std::is_same_v<To, Bool8>) {
    if (from == DType::complex64)
      convert_at<To, Complex<float>>(place);
    else
      convert_at<To, Complex<double>>(place);
  }
}

template <typename To>
__global__ void convert_elements(KernelWalk walk, DType from) {
  for (Elements element(walk.count); element.is_inside(); element.advance())
    convert_from<To>(from, place_of(walk, element.index));
}

using ConvertKernel = void (*)(KernelWalk, DType);

ConvertKernel convert_kernel(DType to) {
  switch (to) {
    case DType::bool8: return convert_elements<Bool8>;
    case DType::int8: return convert_elements<int8_t>;
    case DType::int16: return convert_elements<int16_t>;
    case DType::int32: return convert_elements<int32_t>;
    case DType::int64: return convert_elements<int64_t>;
    case DType::uint8: return convert_elements<uint8_t>;
    case DType::uint16: return convert_elements<uint16_t>;
    case DType::uint32: return convert_elements<uint32_t>;
    case DType::uint64: return convert_elements<uint64_t>;
    case DType::float16: return convert_elements<Float16>;
    case DType::bfloat16: return convert_elements<BFloat16>;
    case DType::float32: return convert_elements<float>;
    case DType::float64: return convert_elements<double>;
    case DType::complex64: return convert_elements<Complex<float>>;
    case DType::complex128: return convert_elements<Complex<double>>;
    default: return nullptr;  // storage-only: never converted
  }
}

bool is_complex(DType dtype) { return dtype == DType::complex64 || dtype == DType::complex128; }

DType without_imaginary_part(DType from, DType to) {
  if (!is_complex(from) || is_complex(to) || to == DType::bool8) return from;
  return from == DType::complex64 ? DType::float32 : DType::float64;
}

int64_t element_nbytes(DType dtype) {
  switch (dtype) {
    case DType::int16:
    case DType::uint16:
    case DType::float16:
    case DType::bfloat16: return 2;
    case DType::int32:
    case DType::uint32:
    case DType::float32: return 4;
    case DType::int64:
    case DType::uint64:
    case DType::float64:
    case DType::complex64: return 8;
    case DType::complex128: return 16;
    default: return 1;
  }
}

}  // namespace

bool move_elements(const ElementMove *move, int32_t device, void *stream, DeviceFailure *failure) {
  const CurrentDevice current(device, failure);
  if (!current.is_set()) return false;
  const KernelWalk walk = kernel_walk(move->walk);
  if (move->to_dtype == move->from_dtype)
    return copy_as_they_are(walk, element_nbytes(move->to_dtype), device, stream, failure);
  const ConvertKernel kernel = convert_kernel(move->to_dtype);
  if (kernel == nullptr)
    return report(failure, Status::internal, "no kernel converts to dtype %d", static_cast<int>(move->to_dtype));
  return launch(kernel, walk, device, stream, failure, without_imaginary_part(move->from_dtype, move->to_dtype));
}

bool fill(const ElementMove *move, int32_t device, void *stream, DeviceFailure *failure) {
  const CurrentDevice current(device, failure);
  if (!current.is_set()) return false;
  KernelWalk walk = kernel_walk(move->walk);
  const int64_t nbytes = element_nbytes(move->to_dtype);
  alignas(16) char pattern[16];
  for (int64_t offset = 0; offset < 16; offset += nbytes)
    std::memcpy(pattern + offset, walk.from, static_cast<size_t>(nbytes));
  switch (widen(walk, nbytes, false)) {
    case 1: return fill_with<uint8_t>(walk, pattern, device, stream, failure);
    case 2: return fill_with<uint16_t>(walk, pattern, device, stream, failure);
    case 4: return fill_with<uint32_t>(walk, pattern, device, stream, failure);
    case 8: return fill_with<Two<uint32_t>>(walk, pattern, device, stream, failure);
    default: return fill_with<Two<uint64_t>>(walk, pattern, device, stream, failure);
  }
}

}  // namespace penstock::cuda
