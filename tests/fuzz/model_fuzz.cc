// Any file is either refused or gives a model, with its training where that was saved.
#include "core/nn/model.h"

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/error.h"
#include "memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace penstock::core;
  const MemoryFile input(data, size);
  read_arrays_or_refuse([&] {
    const std::unique_ptr<nn::Model> model = nn::Model::load(input.path());
    for (const nn::StoredParameter &stored : model->parameters().parameters()) {
      const Tensor &value = stored.parameter->value;
      look_at_all({value.data, static_cast<size_t>(value.nbytes())});
    }
    require(!model->describe().dump().empty());
  });
  return 0;
}
