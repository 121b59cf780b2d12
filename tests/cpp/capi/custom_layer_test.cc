// Layers that a C program computes, alone and in a model.
#include <gmock/gmock.h>

#include "stage.h"

namespace penstock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

// output = input * factor; what is asked of it is written down here.
struct Scale {
  int32_t forwards = 0, backwards = 0, releases = 0;
  ps_status forward_result = PS_OK, backward_result = PS_OK;
  ps_tensor *kept = nullptr;
  bool keeps = false;

  static Scale &of(void *user) { return *static_cast<Scale *>(user); }

  static ps_status forward(ps_tensor *output, const ps_tensor *input, ps_tensor *const *parameters, int32_t, uint64_t,
                           void *user) {
    Scale &self = of(user);
    ++self.forwards;
    if (self.keeps) self.kept = ps_tensor_retain(output);
    if (self.forward_result != PS_OK) return self.forward_result;
    return ps_ops_binary_into(output, PS_OP_MULTIPLY, input, parameters[0]);
  }

  static ps_status backward(ps_tensor *input_gradient, ps_tensor *const *parameter_gradients,
                            const ps_tensor *output_gradient, const ps_tensor *input, const ps_tensor *,
                            ps_tensor *const *parameters, uint64_t, void *user) {
    ++of(user).backwards;
    if (of(user).backward_result != PS_OK) return of(user).backward_result;
    if (input_gradient != nullptr)
      require_ok(ps_ops_binary_into(input_gradient, PS_OP_MULTIPLY, output_gradient, parameters[0]));
    ps_tensor *product = nullptr, *sum = nullptr;
    require_ok(ps_ops_binary(&product, PS_OP_MULTIPLY, output_gradient, input));
    const int32_t axis = 0;
    require_ok(ps_ops_reduce(&sum, PS_OP_SUM, product, 1, &axis, nullptr));
    require_ok(ps_tensor_copy(parameter_gradients[0], sum, PS_CAST_SAME_KIND));
    ps_tensor_release(product);
    ps_tensor_release(sum);
    return PS_OK;
  }

  static void release(void *user) { ++of(user).releases; }
};

struct LayerRelease {
  void operator()(ps_layer *layer) const { ps_layer_release(layer); }
};
struct ModelRelease {
  void operator()(ps_model *model) const { ps_model_release(model); }
};
using LayerHold = std::unique_ptr<ps_layer, LayerRelease>;
using ModelHold = std::unique_ptr<ps_model, ModelRelease>;

class CustomLayer : public ::testing::Test {
 protected:
  CustomLayer() : factor_(make_tensor<float>(PS_FLOAT32, {3}, std::vector<float>{1, 2, 3})) {
    require_ok(ps_tensor_set_requires_grad(factor_.get(), 1));
  }

  LayerHold scale_layer(ps_layer_backward_function backward = Scale::backward) {
    ps_custom_layer_options options = PS_CUSTOM_LAYER_OPTIONS_INIT;
    const char *const names[] = {"factor"};
    ps_tensor *const parameters[] = {factor_.get()};
    options.parameter_count = 1;
    options.parameter_names = names;
    options.parameters = parameters;
    ps_layer *made = nullptr;
    require_ok(ps_layer_create_custom(&made, "scale", "{\"features\":3}", PS_FLOAT32, Scale::forward, backward, &scale_,
                                      Scale::release, &options));
    return LayerHold(made);
  }

  ModelHold scale_model(const char *training =
                            "{\"loss\":\"mse\",\"optimizer\":{\"name\":\"sgd\","
                            "\"learning_rate\":0.5},\"metrics\":[\"mae\"]}") {
    ps_model *made = nullptr;
    require_ok(ps_model_create(&made, "{}"));
    ModelHold model(made);
    require_ok(ps_model_add_layer(made, scale_layer().get(), "scale"));
    if (training != nullptr) require_ok(ps_model_compile(made, training));
    return model;
  }

  ps_status train(const ModelHold &model, ps_batch_result &result) {
    const TensorHold x = make_matrix(), y = make_tensor<float>(PS_FLOAT32, {2, 3}, std::vector<float>(6, 1));
    return ps_model_train_on_batch(&result, model.get(), x.get(), y.get(), nullptr);
  }

  std::vector<float> factor() { return values_of<float>(factor_.get()); }

  Scale scale_;
  TensorHold factor_;
};

TEST_F(CustomLayer, IsReleasedOnceWithTheLastHold) {
  {
    const ModelHold model = scale_model();
    EXPECT_EQ(scale_.releases, 0);
  }
  EXPECT_EQ(scale_.releases, 1);
}

TEST_F(CustomLayer, LeavesTheUserAloneWhereItIsRefused) {
  ps_layer *made = nullptr;
  EXPECT_EQ(ps_layer_create_custom(&made, "scale", "[", PS_FLOAT32, Scale::forward, Scale::backward, &scale_,
                                   Scale::release, nullptr),
            PS_DATA_ERROR);
  EXPECT_EQ(made, nullptr);
  EXPECT_EQ(scale_.releases, 0);
}

TEST_F(CustomLayer, HasItsParametersByName) {
  const LayerHold layer = scale_layer();
  EXPECT_EQ(ps_layer_parameter_count(layer.get()), 1);
  EXPECT_STREQ(ps_layer_parameter_name(layer.get(), 0), "factor");
}

// x is 0 1 2 / 3 4 5, y 1 everywhere, the loss mean((x * factor - y)^2): its derivative by factor is
// 2 / 6 * sum over rows of (x * factor - y) * x.
TEST_F(CustomLayer, IsTrainedByTheGradientsItGives) {
  const ModelHold model = scale_model();
  ps_batch_result result = PS_BATCH_RESULT_INIT;
  ASSERT_EQ(train(model, result), PS_OK) << ps_last_error();
  ps_tensor *gradient = nullptr;
  ASSERT_EQ(ps_model_gradient(&gradient, model.get(), 0), PS_OK);
  const TensorHold hold(gradient);
  const std::vector<float> expected = {(0 + 2 * 3) / 3.F, (1 * 1 + 7 * 4) / 3.F, (5 * 2 + 14 * 5) / 3.F};
  EXPECT_THAT(values_of<float>(gradient), Pointwise(FloatNear(1e-5F), expected));
  const std::vector<float> stepped = {1 - 0.5F * expected[0], 2 - 0.5F * expected[1], 3 - 0.5F * expected[2]};
  EXPECT_THAT(factor(), Pointwise(FloatNear(1e-5F), stepped)) << "the caller's handle shows what was trained";
}

TEST_F(CustomLayer, HandsGradientsToWhatStandsBeforeIt) {
  const LayerHold layer = scale_layer();
  const TensorHold x = make_matrix();
  require_ok(ps_tensor_set_requires_grad(x.get(), 1));
  ps_tensor *input = x.get(), *result = nullptr, *sum = nullptr, *gradient = nullptr;
  ASSERT_EQ(ps_layer_call(&result, layer.get(), 1, &input, 1, 0), PS_OK) << ps_last_error();
  const TensorHold hold(result);
  EXPECT_THAT(values_of<float>(result), ElementsAre(0, 2, 6, 3, 8, 15));
  require_ok(ps_ops_reduce(&sum, PS_OP_SUM, result, 0, nullptr, nullptr));
  const TensorHold sum_hold(sum);
  ASSERT_EQ(ps_backward(1, &sum, nullptr, 0), PS_OK) << ps_last_error();
  require_ok(ps_tensor_grad(&gradient, x.get()));
  const TensorHold gradient_hold(gradient);
  EXPECT_THAT(values_of<float>(gradient), ElementsAre(1, 2, 3, 1, 2, 3));
}

TEST_F(CustomLayer, ThatFailsOnItsWayLeavesTheModelAsItWas) {
  const ModelHold model = scale_model();
  ps_batch_result result = PS_BATCH_RESULT_INIT;
  ASSERT_EQ(train(model, result), PS_OK);
  const std::vector<float> before = factor();
  const double mean_before = result.mean_loss;
  for (ps_status Scale::*where : {&Scale::forward_result, &Scale::backward_result}) {
    scale_.*where = PS_CANCELLED;
    EXPECT_EQ(train(model, result), PS_CANCELLED);
    EXPECT_THAT(ps_last_error(), HasSubstr("ward of scale failed"));
    scale_.*where = PS_OK;
    EXPECT_EQ(factor(), before);
    EXPECT_EQ(ps_model_step(model.get()), 1);
  }
  const TensorHold x = make_matrix(), y = make_tensor<float>(PS_FLOAT32, {2, 3}, std::vector<float>(6, 1));
  ASSERT_EQ(ps_model_test_on_batch(&result, model.get(), x.get(), y.get(), nullptr), PS_OK);
  EXPECT_DOUBLE_EQ(result.mean_loss, (mean_before + result.loss) / 2) << "the batches that failed count nowhere";
}

TEST_F(CustomLayer, MayNotKeepWhatItIsLent) {
  const ModelHold model = scale_model();
  scale_.keeps = true;
  ps_batch_result result = PS_BATCH_RESULT_INIT;
  EXPECT_EQ(train(model, result), PS_INVALID_ARGUMENT);
  EXPECT_THAT(ps_last_error(), HasSubstr("kept a hold"));
  ps_tensor_release(scale_.kept);
}

TEST_F(CustomLayer, WithoutABackwardPredictsAndIsNotTrained) {
  ps_model *made = nullptr;
  require_ok(ps_model_create(&made, "{}"));
  const ModelHold model(made);
  require_ok(ps_model_add_layer(made, scale_layer(nullptr).get(), nullptr));
  require_ok(ps_model_compile(made, "{\"loss\":\"mse\"}"));
  const TensorHold x = make_matrix();
  ps_tensor *predicted = nullptr;
  ASSERT_EQ(ps_model_predict(&predicted, made, x.get(), 2), PS_OK) << ps_last_error();
  const TensorHold hold(predicted);
  EXPECT_THAT(values_of<float>(predicted), ElementsAre(0, 2, 6, 3, 8, 15));
  ps_batch_result result = PS_BATCH_RESULT_INIT;
  EXPECT_EQ(train(model, result), PS_INVALID_ARGUMENT);
  EXPECT_THAT(ps_last_error(), HasSubstr("has no backward"));
}

// Counts what it makes, of the type that it is asked for.
struct Factory {
  Scale *scale;
  ps_tensor *factor;
  int32_t calls = 0;
  ps_status result = PS_OK;

  static ps_status make(ps_layer **out, const char *type, const char *config, ps_dtype dtype, void *user) {
    Factory &self = *static_cast<Factory *>(user);
    ++self.calls;
    EXPECT_STREQ(type, "scale");
    EXPECT_STREQ(config, "{\"features\":3}");
    if (self.result != PS_OK) return self.result;
    ps_custom_layer_options options = PS_CUSTOM_LAYER_OPTIONS_INIT;
    const char *const names[] = {"factor"};
    options.parameter_count = 1;
    options.parameter_names = names;
    options.parameters = &self.factor;
    return ps_layer_create_custom(out, type, config, dtype, Scale::forward, Scale::backward, self.scale, nullptr,
                                  &options);
  }
};

TEST_F(CustomLayer, ComesBackFromAFileByWayOfItsFactory) {
  Stage stage;
  const char *path = stage.path("scale.safetensors");
  const ModelHold model = scale_model();
  ps_batch_result result = PS_BATCH_RESULT_INIT;
  ASSERT_EQ(train(model, result), PS_OK);
  ASSERT_EQ(ps_model_save(path, model.get(), 1, nullptr), PS_OK) << ps_last_error();

  const TensorHold other = make_tensor<float>(PS_FLOAT32, {3}, std::vector<float>(3, 0));
  require_ok(ps_tensor_set_requires_grad(other.get(), 1));
  Factory factory{&scale_, other.get()};
  ps_model *loaded = nullptr;
  ASSERT_EQ(ps_model_load_with(&loaded, path, Factory::make, &factory), PS_OK) << ps_last_error();
  const ModelHold hold(loaded);
  EXPECT_EQ(factory.calls, 1);
  EXPECT_EQ(values_of<float>(other.get()), factor());
  ASSERT_EQ(train(hold, result), PS_OK) << ps_last_error();
  ASSERT_EQ(train(model, result), PS_OK);
  EXPECT_EQ(values_of<float>(other.get()), factor());
}

TEST_F(CustomLayer, IsMissedByNameInAFileWithoutItsFactory) {
  Stage stage;
  const char *path = stage.path("scale.safetensors");
  ASSERT_EQ(ps_model_save(path, scale_model(nullptr).get(), 0, nullptr), PS_OK) << ps_last_error();
  ps_model *loaded = nullptr;
  EXPECT_EQ(ps_model_load(&loaded, path), PS_UNAVAILABLE);
  EXPECT_THAT(ps_last_error(), HasSubstr("\"scale\""));
  Factory failing{&scale_, nullptr};
  failing.result = PS_TIMED_OUT;
  EXPECT_EQ(ps_model_load_with(&loaded, path, Factory::make, &failing), PS_TIMED_OUT);
  EXPECT_EQ(loaded, nullptr);
}

}  // namespace
}  // namespace penstock::test
