// What the shims of files share: options of reading and writing, and tensors with names.
#pragma once

#include <penstock/tensor_file.h>

#include <cstdint>
#include <vector>

#include "core/io/npy.h"
#include "core/io/npz.h"

namespace penstock {

core::LoadOptions read_load_options(const ps_load_options *given);
core::SaveOptions read_save_options(const ps_save_options *given);

// Throws invalid_argument, naming which, where one is missing; what says what is counted.
void require_texts(int64_t count, const char *what, const char *const *texts, const char *name);

std::vector<core::NamedTensor> read_named_tensors(int64_t count, const char *const *names, ps_tensor *const *tensors);

}  // namespace penstock
