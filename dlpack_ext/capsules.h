// The names DLPack gives its capsules, before and after a consumer has taken them.
#pragma once

#include <dlpack/dlpack.h>

namespace penstock::ext {

template <typename Managed>
inline constexpr const char *capsule_name = nullptr;
template <>
inline constexpr const char *capsule_name<DLManagedTensor> = "dltensor";
template <>
inline constexpr const char *capsule_name<DLManagedTensorVersioned> = "dltensor_versioned";

template <typename Managed>
inline constexpr const char *used_capsule_name = nullptr;
template <>
inline constexpr const char *used_capsule_name<DLManagedTensor> = "used_dltensor";
template <>
inline constexpr const char *used_capsule_name<DLManagedTensorVersioned> = "used_dltensor_versioned";

}  // namespace penstock::ext
