#include "core/tensor/dlpack.h"

#include <dlpack/dlpack.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <optional>

#include "core/base/checked.h"
#include "core/base/error.h"
#include "core/tensor/create.h"

namespace penstock::core {
namespace {

// What a dtype is called in DLPack, in the order of DType's numbers.
constexpr std::array<DLDataType, dtype_count> dlpack_dtypes = {{
    {kDLBool, 8, 1},
    {kDLInt, 8, 1},
    {kDLInt, 16, 1},
    {kDLInt, 32, 1},
    {kDLInt, 64, 1},
    {kDLUInt, 8, 1},
    {kDLUInt, 16, 1},
    {kDLUInt, 32, 1},
    {kDLUInt, 64, 1},
    {kDLFloat, 16, 1},
    {kDLBfloat, 16, 1},
    {kDLFloat, 32, 1},
    {kDLFloat, 64, 1},
    {kDLComplex, 64, 1},
    {kDLComplex, 128, 1},
    {kDLFloat8_e4m3fn, 8, 1},
    {kDLFloat8_e5m2, 8, 1},
}};

std::optional<DType> find_dtype(DLDataType wanted) {
  for (size_t index = 0; index < dlpack_dtypes.size(); ++index)
    if (dlpack_dtypes[index].code == wanted.code && dlpack_dtypes[index].bits == wanted.bits)
      return static_cast<DType>(index + 1);
  return std::nullopt;
}

// The struct a consumer receives, with the shape and strides it points to and the hold it keeps, in one allocation.
template <typename Managed>
struct Lent {
  Managed managed;
  Storage *storage;
  int64_t extents[2 * max_ndim];  // shape, then strides: only as many as there are axes are allocated

  static size_t size_for(int32_t ndim) {
    return offsetof(Lent, extents) + 2 * static_cast<size_t>(ndim) * sizeof(int64_t);
  }
};

template <typename Managed>
void delete_lent(Managed *managed) {
  auto *lent = reinterpret_cast<Lent<Managed> *>(managed->manager_ctx);
  Storage *storage = lent->storage;
  std::free(lent);
  storage->release();
}

DLTensor describe(const Tensor &tensor, int64_t *shape, int64_t *strides) {
  DLTensor described;
  described.data = tensor.data;
  described.device = {static_cast<DLDeviceType>(tensor.device().type), tensor.device().id};
  described.ndim = tensor.ndim();
  described.dtype = dlpack_dtypes[static_cast<size_t>(tensor.dtype) - 1];
  described.shape = shape;
  described.strides = strides;
  described.byte_offset = 0;
  return described;
}

void require_exportable(const Tensor &tensor) {
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis)
    if (tensor.strides[axis] < 0 && tensor.shape[axis] > 1)
      fail(Status::not_exportable, "strides ", tensor.strides, " of shape ", tensor.shape,
           " are negative, which DLPack consumers mishandle: export a copy, as .contiguous() makes");
}

template <typename Managed>
Managed *lend(const Tensor &tensor) {
  require_exportable(tensor);
  auto *lent = static_cast<Lent<Managed> *>(std::malloc(Lent<Managed>::size_for(tensor.ndim())));
  if (lent == nullptr) throw std::bad_alloc();
  int64_t *shape = lent->extents, *strides = lent->extents + tensor.ndim();
  std::copy(tensor.shape.begin(), tensor.shape.end(), shape);
  std::copy(tensor.strides.begin(), tensor.strides.end(), strides);
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis)
    if (strides[axis] < 0) strides[axis] = 1;  // of a size of 0 or 1: never stepped, and no reader need wonder at it
  lent->storage = tensor.storage.get();
  lent->storage->retain();
  lent->managed.dl_tensor = describe(tensor, shape, strides);
  lent->managed.manager_ctx = lent;
  lent->managed.deleter = delete_lent<Managed>;
  return &lent->managed;
}

// Counted as an address: an offset from outside may lead anywhere.
void *first_element(const DLTensor &lent) {
  if (lent.data == nullptr) return nullptr;
  const auto address = checked_add<uint64_t>(reinterpret_cast<uintptr_t>(lent.data), lent.byte_offset);
  if (!address)
    fail(Status::invalid_argument, "DLPack byte_offset ", lent.byte_offset, " from address ",
         reinterpret_cast<uintptr_t>(lent.data), " leaves the address space");
  return static_cast<std::byte *>(lent.data) + lent.byte_offset;
}

// A struct of another library's, deleted once: when the storage over its memory goes, or here if it comes to none.
template <typename Managed>
class Borrowed {
 public:
  explicit Borrowed(Managed *managed) : managed_(managed) {}
  ~Borrowed() {
    if (managed_ != nullptr) drop(managed_);
  }
  Borrowed(const Borrowed &) = delete;
  Borrowed &operator=(const Borrowed &) = delete;

  Managed *operator->() const { return managed_; }
  Tensor into_tensor(DType dtype, const Extents &shape, const Extents &strides, Device device, bool read_only) {
    void *data = first_element(managed_->dl_tensor);
    Tensor tensor = wrap(data, dtype, shape, strides, device, read_only, drop, managed_);
    managed_ = nullptr;
    return tensor;
  }

 private:
  static void drop(void *user) {
    auto *managed = static_cast<Managed *>(user);
    if (managed->deleter != nullptr) managed->deleter(managed);
  }
  Managed *managed_;
};

DType read_dtype(DLDataType given) {
  if (given.lanes != 1)
    fail(Status::not_exportable, "DLPack dtype with ", given.lanes, " lanes: only scalars (1 lane) can be imported");
  const auto dtype = find_dtype(given);
  if (!dtype)
    fail(Status::not_exportable, "DLPack dtype of code ", int32_t{given.code}, " and ", int32_t{given.bits},
         " bits has no counterpart");
  return *dtype;
}

Device read_device(DLDevice given) {
  if (given.device_type == kDLCUDAHost) return {};  // page-locked main memory, read as main memory
  if (given.device_type != kDLCPU && given.device_type != kDLCUDA)
    fail(Status::not_exportable, "DLPack device type ", static_cast<int32_t>(given.device_type),
         " is not one penstock knows: CPU (1), CUDA (2) and pinned (3)");
  return resolve_device(static_cast<int32_t>(given.device_type), given.device_type == kDLCPU ? 0 : given.device_id);
}

template <typename Managed>
Tensor import(Borrowed<Managed> &borrowed, bool read_only) {
  const DLTensor &lent = borrowed->dl_tensor;
  if (lent.ndim < 0 || lent.ndim > max_ndim)
    fail(Status::invalid_argument, "DLPack tensor of rank ", lent.ndim, ": expected 0 to ", max_ndim);
  if (lent.ndim > 0 && lent.shape == nullptr)
    fail(Status::invalid_argument, "DLPack tensor of rank ", lent.ndim, " without a shape");
  const DType dtype = read_dtype(lent.dtype);
  const Device device = read_device(lent.device);
  const Extents shape(lent.shape, lent.ndim);
  checked_element_count(shape, dtype);
  const Extents strides = lent.strides == nullptr ? row_major_strides(shape) : Extents(lent.strides, lent.ndim);
  return borrowed.into_tensor(dtype, shape, strides, device, read_only);
}

}  // namespace

DLManagedTensorVersioned *to_dlpack(const Tensor &tensor, bool is_copy) {
  auto *managed = lend<DLManagedTensorVersioned>(tensor);
  managed->version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  managed->flags =
      (tensor.read_only ? DLPACK_FLAG_BITMASK_READ_ONLY : 0) | (is_copy ? DLPACK_FLAG_BITMASK_IS_COPIED : 0);
  return managed;
}

DLManagedTensor *to_dlpack_legacy(const Tensor &tensor) {
  if (tensor.read_only)
    fail(Status::not_exportable,
         "a read-only tensor cannot be lent through a legacy DLPack capsule, which cannot say so: ask for version 1 or "
         "later, or export a copy");
  return lend<DLManagedTensor>(tensor);
}

Tensor from_dlpack(DLManagedTensorVersioned *managed) {
  Borrowed<DLManagedTensorVersioned> borrowed(managed);
  if (managed->version.major != DLPACK_MAJOR_VERSION)
    fail(Status::not_exportable, "DLPack version ", managed->version.major, ".", managed->version.minor,
         " is not one penstock knows: expected major ", DLPACK_MAJOR_VERSION);
  return import(borrowed, (managed->flags & DLPACK_FLAG_BITMASK_READ_ONLY) != 0);
}

Tensor from_dlpack(DLManagedTensor *managed) {
  Borrowed<DLManagedTensor> borrowed(managed);
  return import(borrowed, false);
}

}  // namespace penstock::core
