// Activations: the functions on memory, and the layers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/base/processor.h"
#include "core/base/thread_pool.h"
#include "core/nn/activation.h"
#include "core/nn/kernels/activation_kernels.h"
#include "core/tensor/compare.h"
#include "core/tensor/view.h"
#include "nn_testing.h"

namespace penstock::core::nn {
namespace {

using testing::DoubleNear;
using testing::Each;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Pointwise;

constexpr ActivationKind all_kinds[] = {ActivationKind::linear, ActivationKind::relu,    ActivationKind::leaky_relu,
                                        ActivationKind::elu,    ActivationKind::gelu,    ActivationKind::silu,
                                        ActivationKind::mish,   ActivationKind::sigmoid, ActivationKind::gelu_tanh,
                                        ActivationKind::tanh,   ActivationKind::softplus};

Activation with_default_settings(ActivationKind kind) {
  return {.kind = kind, .slope = kind == ActivationKind::leaky_relu ? 0.01 : 1};
}

struct AtSixPoints {
  ActivationKind kind;
  std::vector<double> values, gradients;
};

// torch.nn.functional.<name>(torch.tensor([-3, -1, -0.25, 0, 0.5, 2], dtype=torch.float64)), and its sum's gradient.
const AtSixPoints torch_results[] = {
    {ActivationKind::relu, {0.0, 0.0, 0.0, 0.0, 0.5, 2.0}, {0.0, 0.0, 0.0, 0.0, 1.0, 1.0}},
    {ActivationKind::leaky_relu, {-0.03, -0.01, -0.0025, 0.0, 0.5, 2.0}, {0.01, 0.01, 0.01, 0.01, 1.0, 1.0}},
    {ActivationKind::elu,
     {-0.950212931632136, -0.6321205588285577, -0.22119921692859512, 0.0, 0.5, 2.0},
     {0.049787068367863944, 0.36787944117144233, 0.7788007830714049, 1.0, 1.0, 1.0}},
    {ActivationKind::gelu,
     {-0.00404969409489031, -0.15865525393145702, -0.10032341857926907, 0.0, 0.34573123063700656, 1.9544997361036416},
     {-0.01194564720418392, -0.08331547058768635, 0.304626645116364, 0.5, 0.8674951246561629, 1.085231801078197}},
    {ActivationKind::gelu_tanh,
     {-0.0036373920817729943, -0.15880800939172324, -0.100324649298315, 0.0, 0.34571400982514394, 1.954597694087775},
     {-0.011584166630969648, -0.08296408384578252, 0.30464590484893955, 0.5, 0.8673699035346424, 1.0860992566236183}},
    {ActivationKind::silu,
     {-0.14227761953270035, -0.2689414213699951, -0.10945587477855048, 0.0, 0.3112296656009273, 1.7615941559557646},
     {-0.08810410601516962, 0.07232948812851325, 0.37628997842980233, 0.5, 0.7399611873026519, 1.0907842487848955}},
    {ActivationKind::mish,
     {-0.1456474612756246, -0.30340146137410895, -0.129926963679141, 0.0, 0.3752452113048951, 1.9439589595339946},
     {-0.09339311453232084, 0.059216755877395014, 0.43981560172180506, 0.6, 0.8864243753577272, 1.0693179342794896}},
    {ActivationKind::sigmoid,
     {0.04742587317756678, 0.2689414213699951, 0.43782349911420193, 0.5, 0.6224593312018546, 0.8807970779778823},
     {0.04517665973091214, 0.19661193324148185, 0.24613408273759835, 0.25, 0.2350037122015945, 0.10499358540350662}},
    {ActivationKind::tanh,
     {-0.9950547536867305, -0.7615941559557649, -0.24491866240370913, 0.0, 0.46211715726000974, 0.9640275800758169},
     {0.009866037165440166, 0.41997434161402614, 0.940014848806378, 1.0, 0.7864477329659274, 0.07065082485316443}},
    {ActivationKind::softplus,
     {0.04858735157374206, 0.31326168751822286, 0.5759394198788436, 0.6931471805599453, 0.9740769841801067,
      2.1269280110429727},
     {0.04742587317756679, 0.2689414213699951, 0.4378234991142019, 0.5, 0.6224593312018546, 0.8807970779778824}},
};

TEST(Activations, AgreeWithTorch) {
  const std::vector<double> points = {-3, -1, -0.25, 0, 0.5, 2};
  for (const AtSixPoints &expected : torch_results) {
    const Activation activation = with_default_settings(expected.kind);
    std::vector<double> values(6), gradients(6, 1.0);
    activate(activation, values.data(), points.data(), 6);
    const bool reads_input = activation.gradient_reads_input();
    activation_gradient(activation, gradients.data(), gradients.data(), reads_input ? points.data() : values.data(), 6);
    EXPECT_THAT(values, Pointwise(DoubleNear(1e-15), expected.values)) << activation_name(activation);
    EXPECT_THAT(gradients, Pointwise(DoubleNear(2e-15), expected.gradients)) << activation_name(activation);
  }
}

long double true_value(ActivationKind kind, long double x) {
  const long double w = std::exp(x);
  switch (kind) {
    case ActivationKind::relu: return std::max(x, 0.0L);
    case ActivationKind::leaky_relu: return x > 0 ? x : x * 0.01L;
    case ActivationKind::elu: return x > 0 ? x : std::expm1(x);
    case ActivationKind::gelu: return x * std::erfc(-x * std::sqrt(0.5L)) / 2;
    case ActivationKind::gelu_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0L)) * (x + 0.044715L * x * x * x)));
    case ActivationKind::silu: return x / (1 + std::exp(-x));
    case ActivationKind::mish: return x * (w * (w + 2) / (w * (w + 2) + 2));
    case ActivationKind::sigmoid: return 1 / (1 + std::exp(-x));
    case ActivationKind::tanh: return std::tanh(x);
    case ActivationKind::softplus: return x > 20 ? x : std::log1p(w);
    default: return x;
  }
}

// From -limit to limit, closer together around 0.
template <typename Element>
std::vector<Element> points_up_to(double limit) {
  std::vector<Element> points;
  for (int step = -20000; step <= 20000; ++step)
    points.push_back(static_cast<Element>(limit * std::pow(step / 20000.0, 3)));
  return points;
}

template <typename Element>
double worst_error(ActivationKind kind) {
  const bool is_gelu = kind == ActivationKind::gelu;
  const double limit = sizeof(Element) == 8 ? (is_gelu ? 37 : 300) : (is_gelu ? 12.9 : 43);
  const std::vector<Element> points = points_up_to<Element>(limit);
  std::vector<Element> values(points.size());
  activate(with_default_settings(kind), values.data(), points.data(), static_cast<int64_t>(points.size()));
  double worst = 0;
  for (size_t index = 0; index < points.size(); ++index) {
    const long double expected = true_value(kind, points[index]);
    if (std::abs(expected) < std::numeric_limits<Element>::min()) continue;
    const long double scale = kind == ActivationKind::gelu_tanh ? points[index] : expected;
    worst = std::max(worst, static_cast<double>(std::abs((values[index] - expected) / scale)));
  }
  return worst;
}

TEST(Activations, AreWithinAFewUlpOfTheTrueValues) {
  for (const ActivationKind kind : all_kinds) {
    Activation activation;
    activation.kind = kind;
    EXPECT_LT(worst_error<float>(kind), 4 * 0x1p-23) << activation_name(activation);
    EXPECT_LT(worst_error<double>(kind), 1e-14) << activation_name(activation);
  }
}

TEST(Activations, ExtremesAreTheFunctionsLimits) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const ActivationKind kind : all_kinds) {
    const Activation activation = with_default_settings(kind);
    const std::string name(activation_name(activation));
    double values[] = {infinity, 1e300, std::nan("")};
    activate(activation, values, values, 3);
    const bool ends_at_one = kind == ActivationKind::sigmoid || kind == ActivationKind::tanh;
    EXPECT_EQ(values[0], ends_at_one ? 1 : infinity) << name;
    EXPECT_EQ(values[1], ends_at_one ? 1 : 1e300) << name;
    EXPECT_TRUE(std::isnan(values[2])) << name;
    double low[] = {-1e4};
    activate(activation, low, low, 1);
    const double expected = kind == ActivationKind::linear       ? -1e4
                            : kind == ActivationKind::leaky_relu ? -1e2
                            : kind == ActivationKind::elu        ? -1
                            : kind == ActivationKind::tanh       ? -1
                                                                 : 0;
    EXPECT_EQ(low[0], expected) << name;
    for (const double far : {-1e4, 1e4}) {
      double kept[] = {far}, gradient[] = {1};
      if (!activation.gradient_reads_input()) activate(activation, kept, kept, 1);
      activation_gradient(activation, gradient, gradient, kept, 1);
      EXPECT_TRUE(std::isfinite(gradient[0])) << name << " at " << far;
    }
  }
}

template <typename Element>
const ActivationKernel<Element> &of_element(const ActivationKernels &kernels) {
  if constexpr (sizeof(Element) == 4)
    return kernels.of_float;
  else
    return kernels.of_double;
}

template <typename Element>
void expect_equal_widths(ActivationKernelTable table, ActivationKind kind) {
  const Activation activation = with_default_settings(kind);
  const std::vector<Element> points = points_up_to<Element>(30);
  const auto count = static_cast<int64_t>(points.size());
  const auto results = [&](const ActivationKernels &kernels) {
    std::vector<Element> values(points.size()), gradients(points);
    of_element<Element>(kernels).activate(activation, values.data(), points.data(), count);
    of_element<Element>(kernels).gradient(activation, gradients.data(), gradients.data(), points.data(), count);
    values.insert(values.end(), gradients.begin(), gradients.end());
    return values;
  };
  EXPECT_EQ(results(table(kind)), results(activation_kernels_16(kind))) << activation_name(activation);
}

TEST(Activations, EachWidthOfVectorsGivesTheSameBits) {
  std::vector<ActivationKernelTable> tables;
  if (processor_has_32_byte_vectors()) tables.push_back(activation_kernels_32);
  if (processor_has_64_byte_vectors()) tables.push_back(activation_kernels_64);
  for (const ActivationKernelTable table : tables)
    for (const ActivationKind kind : all_kinds) {
      expect_equal_widths<float>(table, kind);
      expect_equal_widths<double>(table, kind);
    }
}

TEST(Activations, BiasesAreAddedToTheirColumnsAndTheirGradientsAreTheColumnsSums) {
  constexpr int64_t rows = 3000, columns = 13;
  for (const ActivationKind kind : all_kinds) {
    const Activation activation = with_default_settings(kind);
    std::vector<double> sums(rows * columns), bias(columns), out(rows * columns), expected(rows * columns);
    for (size_t index = 0; index < sums.size(); ++index) sums[index] = std::sin(static_cast<double>(index));
    for (size_t column = 0; column < columns; ++column) bias[column] = 0.1 * static_cast<double>(column);
    const std::vector<double> before = sums;
    std::vector<double> with_bias = sums;
    for (size_t index = 0; index < sums.size(); ++index) with_bias[index] += bias[index % columns];
    activate(activation, expected.data(), with_bias.data(), rows * columns);
    add_bias_and_activate_rows(activation, out.data(), sums.data(), bias.data(), rows, columns);
    EXPECT_EQ(out, expected);
    EXPECT_EQ(sums, with_bias);
    std::vector<double> in_place = before;
    add_bias_and_activate_rows(activation, in_place.data(), in_place.data(), bias.data(), rows, columns);
    EXPECT_EQ(in_place, expected);

    const std::vector<double> &kept = activation.gradient_reads_input() ? sums : out;
    std::vector<double> gradient = before, given = before, bias_gradient(columns);
    std::vector<double> scratch(static_cast<size_t>(bias_gradient_scratch(rows, columns)));
    activation_gradient(activation, given.data(), given.data(), kept.data(), rows * columns);
    activation_gradient_rows(activation, gradient.data(), kept.data(), bias_gradient.data(), scratch.data(), rows,
                             columns);
    EXPECT_EQ(gradient, given);
    std::vector<double> column_sums(columns);
    for (size_t index = 0; index < given.size(); ++index) column_sums[index % columns] += given[index];
    EXPECT_THAT(bias_gradient, Pointwise(DoubleNear(1e-11), column_sums));
  }
}

TEST(Activations, OneBiasIsAddedToAStretch) {
  const std::vector<float> given = {-2, -1, 0, 1};
  std::vector<float> sums = given, out(4);
  add_bias_and_activate<float>(with_default_settings(ActivationKind::relu), out.data(), sums.data(), 1.5F, 4);
  EXPECT_THAT(sums, ElementsAreArray({-0.5F, 0.5F, 1.5F, 2.5F}));
  EXPECT_THAT(out, ElementsAreArray({0.0F, 0.5F, 1.5F, 2.5F}));
}

TEST(ActivationLayers, GradientsAreTrue) {
  const std::pair<const char *, const char *> layers[] = {
      {"elu", R"({"alpha":0.5})"},
      {"gelu", "{}"},
      {"gelu", R"({"approximate":"tanh"})"},
      {"leaky_relu", R"({"negative_slope":0.2})"},
      {"linear", "{}"},
      {"log_softmax", "{}"},
      {"log_softmax", R"({"axis":1})"},
      {"mish", "{}"},
      {"relu", "{}"},
      {"sigmoid", "{}"},
      {"silu", "{}"},
      {"softmax", "{}"},
      {"softmax", R"({"axis":-2})"},
      {"softplus", R"({"beta":0.5,"threshold":1})"},
      {"tanh", "{}"},
  };
  for (const auto &[kind, settings] : layers) expect_true_gradients(kind, settings, {{{2, 5, 3}, DType::float64}});
}

TEST(ActivationLayers, SettingsMakeTheSameLayerAgain) {
  for (const auto &[kind, settings] :
       {std::pair("softplus", R"({"beta":2.0,"threshold":15.0})"), std::pair("gelu", R"({"approximate":"tanh"})"),
        std::pair("relu", "{}"), std::pair("leaky_relu", R"({"negative_slope":0.25})"),
        std::pair("softmax", R"({"axis":1})")}) {
    EXPECT_EQ(Json(layer_of(kind, settings)->settings()).dump(),
              kind == std::string("softmax") ? R"({"axis":1})" : std::string(settings));
    EXPECT_EQ(layer_of(kind, settings)->kind(), kind);
  }
}

TEST(ActivationLayers, RefusalsNameTheSetting) {
  const std::vector<ValueOutline> shapes = {{{2, 3}, DType::float64}};
  EXPECT_THAT(layer_refusal("leaky_relu", R"({"negative_slope":-1})", shapes), HasSubstr("negative_slope is -1"));
  EXPECT_THAT(layer_refusal("softplus", R"({"beta":0})", shapes), HasSubstr("beta is 0"));
  EXPECT_THAT(layer_refusal("gelu", R"({"approximate":"erf"})", shapes),
              HasSubstr("approximate is \"erf\": expected none or tanh"));
  EXPECT_THAT(layer_refusal("relu", R"({"alpha":1})", shapes), HasSubstr("relu has no setting \"alpha\""));
  EXPECT_THAT(layer_refusal("softmax", R"({"axis":0})", shapes),
              HasSubstr("softmax: an input of shape (2, 3) has no axis 0 behind the batch: expected one of 1 to 1"));
  EXPECT_THAT(layer_refusal("log_softmax", R"({"axis":2})", shapes), HasSubstr("no axis 2"));
  EXPECT_THAT(layer_refusal("softmax", R"({"axis":-2})", shapes), HasSubstr("no axis -2"));
}

// torch.softmax and torch.log_softmax(torch.tensor([1, 2, 4, -1], dtype=torch.float64), 0)
TEST(SoftmaxLayer, AgreesWithTorchHoweverLargeTheNumbers) {
  for (const double shift : {0.0, 1000.0, -1000.0}) {
    for (const bool is_logarithm : {false, true}) {
      LayerRun run(layer_of(is_logarithm ? "log_softmax" : "softmax", "{}"), {{{1, 4}, DType::float64}}, false);
      const double given[] = {1, 2, 4, -1};
      for (size_t index = 0; index < 4; ++index) numbers(run.inputs()[0])[index] = given[index] + shift;
      const std::vector<double> expected =
          is_logarithm
              ? std::vector<double>{-3.1755153626167143, -2.1755153626167143, -0.1755153626167145, -5.175515362616714}
              : std::vector<double>{0.04177257051535046, 0.11354961935990125, 0.8390245074625321, 0.00565330266221633};
      EXPECT_THAT(numbers(run.forward()), Pointwise(DoubleNear(1e-12), expected));
    }
  }
}

TEST(SoftmaxLayer, EachAxisIsNormalisedAsTheLastOneIs) {
  constexpr int64_t size = 700, inner = 600;  // beyond one stretch in both
  for (const char *kind : {"softmax", "log_softmax"}) {
    LayerRun columns(layer_of(kind, R"({"axis":1})"), {{{2, size, inner}, DType::float64}}, true);
    LayerRun rows(layer_of(kind, "{}"), {{{2, inner, size}, DType::float64}}, true);
    fill_normal(columns.inputs()[0], 0);
    copy(rows.inputs()[0], transpose(columns.inputs()[0], 1, 2), Casting::same_kind);
    const Tensor out = columns.forward(), turned = clone(transpose(rows.forward(), 1, 2));
    EXPECT_THAT(numbers(out), Pointwise(DoubleNear(1e-13), numbers(turned))) << kind;
    const Tensor gradient = empty(DType::float64, out.shape, {});
    fill_normal(gradient, 1);
    columns.backward(gradient);
    rows.backward(clone(transpose(gradient, 1, 2)));
    const Tensor turned_gradient = clone(transpose(rows.input_gradients()[0], 1, 2));
    EXPECT_THAT(numbers(columns.input_gradients()[0]), Pointwise(DoubleNear(1e-11), numbers(turned_gradient))) << kind;
  }
}

TEST(SoftmaxLayer, EmptyBatchesPass) {
  LayerRun run(layer_of("softmax", "{}"), {{{0, 4}, DType::float64}}, true);
  EXPECT_EQ(run.forward().shape, (Extents{0, 4}));
  run.backward(empty(DType::float64, {0, 4}, {}));
}

}  // namespace
}  // namespace penstock::core::nn
