// Models in files: a run that goes on as if it had not stopped, and files that are not what they should be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <limits>
#include <random>
#include <string>

#include "core/io/safetensors.h"
#include "nn_model_testing.h"

namespace penstock::core::nn {
namespace {

const char *const layers = R"([{"kind":"dense","settings":{"in_features":4,"out_features":8,"activation":"tanh"}},
                               {"kind":"batch_norm","settings":{"features":8}},
                               {"kind":"dropout","settings":{"rate":0.3}},
                               {"kind":"dense","settings":{"in_features":8,"out_features":3}}])";

class ModelFile : public testing::Test {
 protected:
  TemporaryFolder folder;
  const std::string path = folder.path("model.safetensors");
  const Tensor x = normal({50, 4}), y = classes(50, 3);

  std::unique_ptr<Model> trained(int64_t epochs, std::string_view schedule = R"({"name":"cosine","steps":9})") const {
    auto model = model_of(layers);
    compile(*model, text(R"({"loss":"cross_entropy","metrics":["accuracy"],"optimizer":{"name":"adam","schedule":)",
                         schedule, "}}"));
    go_on(*model, epochs);
    return model;
  }
  void go_on(Model &model, int64_t epochs) const {
    FitOptions options;
    options.epochs = epochs;
    options.batch_size = 8;
    fit(model, x, y, options);
  }

  // The saved file with other metadata, and only the tensors that keep() says.
  void rewrite(
      const std::function<void(Metadata &)> &change,
      const std::function<bool(const std::string &)> &keep = [](const std::string &) { return true; }) const {
    const Safetensors file = Safetensors::open(path);
    std::vector<Tensor> tensors;
    std::vector<NamedTensor> named;
    for (int64_t index = 0; index < file.count(); ++index)
      if (keep(file.name(index))) tensors.push_back(file.read(file.name(index), {}));
    for (int64_t index = 0, next = 0; index < file.count(); ++index)
      if (keep(file.name(index))) named.push_back({file.name(index), tensors[static_cast<size_t>(next++)]});
    Metadata metadata = file.metadata();
    change(metadata);
    save_safetensors(folder.path("other"), named, metadata, {});
  }
  void expect_refused(const std::vector<std::string> &words) const {
    expect_failure(Status::data_error, words, [&] { Model::load(folder.path("other")); });
  }
};

void replace(std::string &text, const std::string &from, const std::string &to) {
  const size_t place = text.find(from);
  ASSERT_NE(place, std::string::npos) << text;
  text.replace(place, from.size(), to);
}

TEST_F(ModelFile, ARunThatWasKilledEndsWithTheSameBytes) {
  for (const char *schedule : {R"({"name":"cosine","steps":9})",
                               R"({"name":"reduce_on_plateau","patience":0,"factor":0.5,"threshold":0.5})"}) {
    const std::string whole = parameter_bytes(*trained(8, schedule));
    trained(3, schedule)->save(path, true, "epoch 3");
    const auto loaded = Model::load(path);
    EXPECT_EQ(loaded->position(), "epoch 3");
    EXPECT_EQ(loaded->epoch(), 3);
    go_on(*loaded, 8);
    EXPECT_TRUE(parameter_bytes(*loaded) == whole) << schedule;
    const auto restored = trained(1, schedule);
    restored->restore(path);
    EXPECT_EQ(restored->step(), loaded->step() * 3 / 8);
    go_on(*restored, 8);
    EXPECT_TRUE(parameter_bytes(*restored) == whole) << schedule;
    EXPECT_EQ(restored->learning_rate(), loaded->learning_rate());
  }
}

TEST_F(ModelFile, InTheMiddleOfAnEpochTheMetricsGoOnToo) {
  const auto model = trained(1);
  model->reset_metrics();
  const auto step = [&](Model &each) { return each.train_on_batch(x, y, {}).mean_loss; };
  step(*model);
  model->save(path, true, "");
  const auto loaded = Model::load(path);
  EXPECT_EQ(step(*model), step(*loaded));
  EXPECT_EQ(model->training().metrics[0]->result(), loaded->training().metrics[0]->result());
}

TEST_F(ModelFile, WithoutTrainingItHasTheNetworkAlone) {
  const auto model = trained(2);
  model->save(path, false, "");
  const auto loaded = Model::load(path);
  EXPECT_EQ(row_major_bytes(model->predict(x, 7)), row_major_bytes(loaded->predict(x, 7)));
  EXPECT_EQ(loaded->step(), 0);
  EXPECT_EQ(loaded->describe().dump(), model->describe().dump());
}

TEST_F(ModelFile, EveryCutIsRefused) {
  trained(1)->save(path, true, "");
  const std::string whole = read_bytes(path);
  for (size_t size = 0; size < whole.size(); ++size) {
    write_bytes(folder.path("other"), whole.substr(0, size));
    const Error failure = failure_of([&] { Model::load(folder.path("other")); });
    ASSERT_EQ(failure.status(), Status::data_error) << size << " bytes: " << failure.sentence();
  }
}

TEST_F(ModelFile, AChangedByteIsRefusedOrGivesAModel) {
  trained(1)->save(path, true, "");
  const std::string whole = read_bytes(path);
  std::mt19937 random(3);
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::string bytes = whole;
    // Half of them in what describes the model.
    const size_t end = round % 2 == 0 ? bytes.size() : bytes.find('\0', 8);
    bytes[random() % end] ^= static_cast<char>(1 + random() % 255);
    write_bytes(folder.path("other"), bytes);
    const Error failure = failure_of([&] { Model::load(folder.path("other"))->predict(x, 10); });
    refused += failure.status() == Status::ok ? 0 : 1;
    if (failure.status() == Status::ok) continue;
    ASSERT_TRUE(failure.status() == Status::data_error || failure.status() == Status::invalid_argument)
        << failure.sentence();
  }
  EXPECT_GT(refused, 100);
}

TEST_F(ModelFile, AMissingTensorIsNamed) {
  trained(1)->save(path, true, "");
  rewrite([](Metadata &) {}, [](const std::string &name) { return name != "3.weight"; });
  expect_refused({"has no tensor \"3.weight\""});
  rewrite([](Metadata &) {}, [](const std::string &name) { return name.find("3.bias") == std::string::npos; });
  expect_refused({"has no tensor \"3.bias\""});
}

TEST_F(ModelFile, AnotherShapeThanDescribedIsNamed) {
  trained(1)->save(path, false, "");
  rewrite([](Metadata &metadata) { replace(metadata["penstock.model"], "\"out_features\":8", "\"out_features\":7"); });
  expect_refused({"\"0.weight\"", "(8, 4)", "(7, 4)"});
}

TEST_F(ModelFile, ADescriptionThatAsksForMoreThanTheFileHasIsRefusedBeforeItTakesMemory) {
  trained(1)->save(path, false, "");
  rewrite([](Metadata &metadata) {
    replace(metadata["penstock.model"], "\"in_features\":4", "\"in_features\":1099511627776");
  });
  const uint64_t before = memory_usage({}).peak_bytes;
  expect_refused({"more parameters than", "1099511627776"});
  EXPECT_LT(memory_usage({}).peak_bytes, before + 100000);
}

TEST_F(ModelFile, LayersInLayersAreRefusedWhereTheyAreTooDeep) {
  trained(1)->save(path, false, "");
  std::string deep = R"({"kind":"relu"})";
  for (int depth = 0; depth < 100; ++depth) deep = R"({"kind":"sequential","settings":{"layers":[)" + deep + "]}}";
  rewrite([&](Metadata &metadata) { metadata["penstock.model"] = R"({"layers":[)" + deep + "]}"; });
  expect_refused({"deep"});
}

// Twelve times the layers, each looked for by name among all: within thirty times the processor's time, where it was fifty.
TEST_F(ModelFile, ManyLayersAreReadInTimeProportionalToTheirNumber) {
  const auto seconds_to_load = [&](int count) {
    auto model = model_of("[]");
    for (int number = 0; number < count; ++number)
      model->add("dense", parse_json(R"({"in_features":1,"out_features":1})", "settings"), "");
    model->save(path, false, "");
    std::clock_t least = std::numeric_limits<std::clock_t>::max();
    for (int repetition = 0; repetition < 3; ++repetition) {
      const std::clock_t begin = std::clock();
      EXPECT_EQ(Model::load(path)->layers().size(), static_cast<size_t>(count));
      least = std::min(least, std::clock() - begin);
    }
    return static_cast<double>(least);
  };
  const double few = seconds_to_load(1000);
  EXPECT_LT(seconds_to_load(12000), 30 * few);
}

// Orthogonal first values of this size take a hundred times as long as reading them.
TEST_F(ModelFile, FirstValuesAreNotDrawnForWhatTheFileHas) {
  const std::clock_t begin = std::clock();
  const auto model = model_of(R"([{"kind":"dense","settings":{"in_features":500,"out_features":500,
                                                              "weight_initializer":"orthogonal"}}])");
  const std::clock_t drawn = std::clock();
  model->save(path, false, "");
  const std::clock_t saved = std::clock();
  const auto loaded = Model::load(path);
  EXPECT_LT(std::clock() - saved, (drawn - begin) / 2);
  EXPECT_EQ(parameter_bytes(*loaded), parameter_bytes(*model));
}

TEST_F(ModelFile, MetadataOfOthersIsLeftAlone) {
  trained(1)->save(path, false, "");
  rewrite([](Metadata &metadata) { metadata["author"] = "somebody"; });
  EXPECT_EQ(Model::load(folder.path("other"))->layers().size(), 4U);
}

TEST_F(ModelFile, WithoutADescriptionItIsNoModel) {
  trained(1)->save(path, false, "");
  rewrite([](Metadata &metadata) { metadata.erase("penstock.model"); });
  expect_refused({"is no saved model", "penstock.model"});
  rewrite([](Metadata &metadata) { metadata["penstock.version"] = "2"; });
  expect_refused({"version \"2\"", "version 1"});
}

TEST_F(ModelFile, OtherLayersAreNotRestored) {
  trained(1)->save(path, true, "");
  const auto other = model_of(R"([{"kind":"dense","settings":{"in_features":4,"out_features":8}},{"kind":"relu"},
                                  {"kind":"relu"},{"kind":"relu"}])");
  const std::string before = parameter_bytes(*other);
  expect_failure(Status::invalid_argument, {"layer 0"}, [&] { other->restore(path); });
  const auto shorter = model_of(R"([{"kind":"relu"}])");
  expect_failure(Status::invalid_argument, {"4 layers, the model 1"}, [&] { shorter->restore(path); });
  EXPECT_TRUE(parameter_bytes(*other) == before);
}

TEST_F(ModelFile, AStateThatIsWrongChangesNothing) {
  trained(2)->save(path, true, "");
  rewrite([](Metadata &metadata) { replace(metadata["penstock.training"], "\"step\":", "\"steps\":"); });
  const auto model = trained(1);
  const std::string before = parameter_bytes(*model);
  expect_failure(Status::data_error, {"step"}, [&] { model->restore(folder.path("other")); });
  EXPECT_TRUE(parameter_bytes(*model) == before);
  EXPECT_EQ(model->epoch(), 1);
}

TEST_F(ModelFile, AScheduleThatIsWrongChangesNothing) {
  const char *const plateau = R"({"name":"reduce_on_plateau","patience":1})";
  const auto saved = trained(2, plateau), model = trained(1, plateau);
  saved->set_learning_rate(0.25);
  saved->save(path, true, "");
  rewrite([](Metadata &metadata) { replace(metadata["penstock.training"], "\"bad_epochs\":", "\"good_epochs\":"); });
  const double rate = model->learning_rate();
  expect_failure(Status::data_error, {"bad_epochs"}, [&] { model->restore(folder.path("other")); });
  EXPECT_EQ(model->learning_rate(), rate);
  EXPECT_EQ(model->epoch(), 1);
  model->restore(path);
  EXPECT_EQ(model->learning_rate(), saved->learning_rate());
}

}  // namespace
}  // namespace penstock::core::nn
