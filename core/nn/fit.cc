#include "core/nn/fit.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"

namespace penstock::core::nn {
namespace {

int64_t require_rows_of(const Tensor &x, int64_t batch_size) {
  if (batch_size < 1) fail(Status::out_of_range, "batch_size is ", batch_size, ": expected 1 and up");
  if (x.ndim() == 0 || x.shape[0] == 0)
    fail(Status::invalid_argument, "there is nothing to learn from: x has shape ", x.shape);
  return x.shape[0];
}

}  // namespace

BatchResult evaluate(Model &model, const Tensor &x, const Tensor &y, const Tensor *weights, int64_t batch_size) {
  const int64_t count = require_rows_of(x, batch_size);
  const Tensor all = arange(int64_t{0}, count, int64_t{1}, DType::int64, {});
  model.reset_metrics();
  BatchResult result;
  for (int64_t begin = 0; begin < count; begin += batch_size) {
    const Tensor rows = narrow(all, 0, begin, std::min(batch_size, count - begin));
    result = model.test_on_batch(x, y, {.rows = &rows, .weights = weights});
  }
  result.samples = count;
  result.loss = result.mean_loss;
  return result;
}

void fit(Model &model, const Tensor &x, const Tensor &y, const FitOptions &options) {
  const int64_t count = require_rows_of(x, options.batch_size);
  if ((options.validation_x == nullptr) != (options.validation_y == nullptr))
    fail(Status::invalid_argument, "validation_x and validation_y: give both or none");
  const Tensor in_order = arange(int64_t{0}, count, int64_t{1}, DType::int64, {});
  while (model.epoch() < options.epochs) {
    const int64_t epoch = model.epoch();
    const Tensor order = options.shuffles ? model.epoch_order(epoch, count) : in_order;
    model.reset_metrics();
    BatchResult result;
    for (int64_t begin = 0; begin < count && !result.stopped; begin += options.batch_size) {
      const Tensor rows = narrow(order, 0, begin, std::min(options.batch_size, count - begin));
      result = model.train_on_batch(x, y, {.rows = &rows, .weights = options.weights});
    }
    if (result.stopped) return;
    result.samples = count;
    result.loss = result.mean_loss;
    std::optional<BatchResult> validation;
    if (options.validation_x != nullptr)
      validation = evaluate(model, *options.validation_x, *options.validation_y, nullptr, options.batch_size);
    model.end_epoch(validation ? validation->loss : result.loss);
    if (options.on_epoch && options.on_epoch(epoch, result, validation ? &*validation : nullptr)) return;
  }
}

}  // namespace penstock::core::nn
