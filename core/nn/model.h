// A model: layers in a row, and, once it is compiled, a loss, an optimizer and metrics; plans for each shape of batch.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/nn/loss.h"
#include "core/nn/metric.h"
#include "core/nn/optimizer.h"
#include "core/nn/parameter_store.h"
#include "core/nn/plan.h"
#include "core/nn/schedule.h"

namespace penstock::core::nn {

// What a loss that is no finite number does.
enum class OnNan { raise, stop, ignore };

// How a model is trained, all of it, as ps_model_compile() takes it.
struct Training {
  std::unique_ptr<Loss> loss;
  std::unique_ptr<Optimizer> optimizer;
  std::vector<std::unique_ptr<Metric>> metrics;
  OnNan on_nan = OnNan::raise;
  Json description;  // defaults included
};

struct BatchOptions {
  const Tensor *rows = nullptr;     // null: all
  const Tensor *weights = nullptr;  // null: 1 each
};

struct BatchResult {
  bool stopped = false;
  int64_t samples = 0;
  double loss = 0;
  double mean_loss = 0;
  double learning_rate = 0;
};

// What each function throws stands with the function of its name in penstock/nn.h.
class Model {
 public:
  explicit Model(const Json &description) : Model(description, FirstValues::drawn) {}
  ~Model();
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;

  void add(std::shared_ptr<Layer> layer, std::string_view name);  // with the parameters it has
  void add(std::string_view kind, const Json &settings, std::string_view name);
  void compile(const Json &training);

  DType dtype() const { return dtype_; }
  const std::vector<NamedLayer> &layers() const { return layers_; }
  bool is_compiled() const { return training_.loss != nullptr; }
  const Training &training() const { return training_; }
  Json describe() const;

  BatchResult train_on_batch(const Tensor &x, const Tensor &y, const BatchOptions &options);
  BatchResult compute_gradients(const Tensor &x, const Tensor &y, const BatchOptions &options);
  void apply_gradients();
  BatchResult test_on_batch(const Tensor &x, const Tensor &y, const BatchOptions &options);
  void reset_metrics();
  Tensor predict(const Tensor &x, int64_t batch_size);

  Tensor epoch_order(int64_t epoch, int64_t count) const;
  int64_t epoch() const { return epoch_; }
  int64_t step() const { return step_; }
  void end_epoch(double metric);
  double learning_rate() const;
  void set_learning_rate(double rate);

  // Moved to one place first, where that has not been done.
  const ParameterStore &parameters();
  // Without that.
  std::vector<StoredParameter> parameter_list() const { return list_parameters(layers_); }

  Json describe_plan(bool is_training, const Extents &batch_shape);
  void set_profiling(bool profiling);

  void save(const std::string &path, bool with_training, std::string_view position) const;
  static std::unique_ptr<Model> load(const std::string &path);
  void restore(const std::string &path);
  const std::string &position() const { return position_; }

 private:
  enum class FirstValues { drawn, unset };  // unset: parameters hold anything yet, for load()
  enum class Purpose { training, testing, predicting };
  struct Prepared;
  struct Saved;
  struct OptimizerMemory {
    std::vector<OptimizerSegment> segments;
    std::vector<Tensor> states;
  };

  Model(const Json &description, FirstValues values);
  void add(std::string_view kind, const Json &settings, std::string_view name, FirstValues values);
  class Busy;
  void require_idle() const;
  void require_layers() const;
  void require_compiled() const;
  void require_batch(const Tensor &x, const Tensor &y, const BatchOptions &options) const;
  DType input_dtype(DType given) const;
  Prepared &prepared(Purpose purpose, const ValueOutline &input);
  std::unique_ptr<Plan> make_plan(Purpose purpose, const ValueOutline &input);
  void bind(Prepared &prepared);
  void make_room(const Plan &plan);
  void keep_state();
  void give_state_back();
  double run_batch(Prepared &prepared, const Tensor &x, const Tensor &y, const BatchOptions &options);
  void note(Prepared &prepared, BatchResult &result, double loss);
  const double *gather_weights(Prepared &prepared, const BatchOptions &options, int64_t samples);
  void gather_targets(Prepared &prepared, const Tensor &y, const BatchOptions &options);
  void forget_plans();
  OptimizerMemory optimizer_memory(const Optimizer &optimizer);
  void set_optimizer(double rate, const Json &schedule_state);
  Json state_description() const;
  static Saved read(const std::string &path);
  void check_saved(const Saved &saved) const;
  void take(const Saved &saved);

  DType dtype_ = DType::float32;
  uint64_t seed_ = 0;
  std::vector<NamedLayer> layers_;
  std::unordered_set<std::string> names_;  // of the layers
  Training training_;

  std::optional<ParameterStore> store_;
  // As they were before a step: the parameters that are not trained, and what the metrics have summed.
  Tensor kept_statistics_;
  std::vector<std::pair<double, double>> kept_sums_;
  std::vector<OptimizerSegment> segments_;
  std::vector<Tensor> states_;  // the optimizer's, laid out as the parameters
  int64_t step_ = 0, epoch_ = 0;

  std::vector<std::unique_ptr<Prepared>> plans_;  // the one used last behind the others
  Reference<Storage> arena_;
  bool is_profiling_ = false;
  bool is_busy_ = false;  // a layer of the caller's may be running
  DType last_input_dtype_ = DType::float32;

  double loss_sum_ = 0;  // since the metrics were reset: of each batch's mean times its samples
  int64_t samples_ = 0;
  std::string position_;
};

}  // namespace penstock::core::nn
