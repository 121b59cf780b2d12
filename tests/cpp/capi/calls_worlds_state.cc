// Valid calls of the functions of penstock/worlds.h about the state of worlds: hashes, snapshots, numbers, parameters,
// faults.
#include <limits>
#include <string>

#include "calls.h"
#include "worlds_arguments.h"

namespace penstock::test {
namespace {

constexpr int64_t two_to_62 = INT64_C(1) << 62;

// A function that makes a tensor of what worlds are now.
Call tensor_of_worlds(const char *name, ps_status (*function)(ps_tensor **, const ps_worlds *)) {
  return refused_while_a_step_runs(
      Call(name, function, [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.worlds()); }));
}

ps_tensor *bytes(Stage &stage, const std::vector<uint8_t> &values) {
  return stage.tensor(make_tensor<uint8_t>(PS_UINT8, {static_cast<int64_t>(values.size())}, values));
}

// A good snapshot, changed.
template <typename Change>
auto damaged_snapshot(Change change) {
  return [change](Stage &stage) {
    std::vector<uint8_t> values = values_of<uint8_t>(stage.snapshot());
    change(values);
    return bytes(stage, values);
  };
}

// A snapshot of other worlds than Stage::worlds().
template <typename Change>
auto snapshot_of(const char *game, Change change) {
  return [=](Stage &stage) {
    ps_worlds_options options = PS_WORLDS_OPTIONS_INIT;
    options.num_worlds = 3;
    change(options);
    ps_worlds *worlds = nullptr;
    ps_tensor *snapshot = nullptr;
    require_ok(ps_worlds_create(&worlds, game, &options));
    const ps_status status = ps_worlds_snapshot(&snapshot, worlds);
    ps_worlds_release(worlds);
    require_ok(status);
    return stage.tensor(TensorHold(snapshot));
  };
}

Call with_wrong_snapshots(Call &&call) {
  const auto as_they_are = [](ps_worlds_options &) {};
  return std::move(call)
      .wrong("snapshot", "no bytes", PS_DATA_ERROR, "snapshot", [](Stage &stage) { return bytes(stage, {}); })
      .wrong("snapshot", "cut short", PS_DATA_ERROR, "cut", damaged_snapshot([](auto &values) { values.pop_back(); }))
      .wrong("snapshot", "damaged", PS_DATA_ERROR, "damaged",
             damaged_snapshot([](auto &values) { values[values.size() / 2] ^= 1; }))
      .wrong("snapshot", "of another game", PS_DATA_ERROR, "layout", snapshot_of("Acrobot-v1", as_they_are))
      .wrong("snapshot", "of another precision", PS_DATA_ERROR, "layout",
             snapshot_of("CartPole-v1", [](ps_worlds_options &options) { options.precision = PS_PRECISION_F64; }))
      .wrong("snapshot", "with other random numbers", PS_DATA_ERROR, "layout",
             snapshot_of("CartPole-v1", [](ps_worlds_options &options) { options.random = PS_RANDOM_GYMNASIUM; }))
      .wrong("snapshot", "with other parameters", PS_INVALID_ARGUMENT, "reset_high",
             snapshot_of("CartPole-v1", [](ps_worlds_options &options) { options.parameters = "reset_high=0.25"; }))
      .wrong("snapshot", "of floats", PS_INVALID_ARGUMENT, "float32", [](Stage &stage) { return stage.matrix(); });
}

std::vector<Call> restore_calls() {
  const auto restored = [](int64_t count) {
    return [=](Stage &stage) {
      return std::make_tuple(stage.worlds(), stage.snapshot(), count, stage.inputs<int64_t>({2, 2}),
                             stage.inputs<int64_t>({0, 1}));
    };
  };
  const auto places = [](std::vector<int64_t> given) { return [=](Stage &stage) { return stage.inputs(given); }; };
  return {
      with_wrong_snapshots(refused_while_a_step_runs(Call(NAMED(ps_worlds_restore), restored(2))))
          .wrong("count", INT64_C(-1), PS_INVALID_ARGUMENT)
          .wrong("count", two_to_62, PS_INVALID_ARGUMENT)
          .wrong("count", INT64_MIN, PS_INVALID_ARGUMENT)
          .wrong("count", INT64_MAX, PS_INVALID_ARGUMENT)
          .wrong("from", "no such world", PS_OUT_OF_RANGE, "world 3", places({2, 3}))
          .wrong("from", "a negative one", PS_OUT_OF_RANGE, "world -1", places({-1, 2}))
          .wrong("to", "no such world", PS_OUT_OF_RANGE, "world 3", places({0, 3}))
          .wrong("to", "a negative one", PS_OUT_OF_RANGE, "world -1", places({-1, 0}))
          .wrong("to", "one twice", PS_INVALID_ARGUMENT, "world 1", places({1, 1})),
      with_wrong_snapshots(refused_while_a_step_runs(Call(NAMED(ps_worlds_restore), restored(0))))
          .named("all of them")
          .wrong("snapshot", "of four worlds", PS_INVALID_ARGUMENT, "4 worlds",
                 snapshot_of("CartPole-v1", [](ps_worlds_options &options) { options.num_worlds = 4; }))
          .wrong("count", INT64_C(-1), PS_INVALID_ARGUMENT)
          .optional("from", "from, to optional when count is 0")
          .optional("to", "from, to optional when count is 0"),
  };
}

Call with_wrong_worlds_and_counts(Call &&call) {
  return refused_while_a_step_runs(std::move(call))
      .wrong("world", INT64_C(-1), PS_OUT_OF_RANGE)
      .wrong("world", INT64_C(3), PS_OUT_OF_RANGE)
      .wrong("world", two_to_62, PS_OUT_OF_RANGE)
      .wrong("world", INT64_MIN, PS_OUT_OF_RANGE)
      .wrong("world", INT64_MAX, PS_OUT_OF_RANGE)
      .wrong("count", INT64_C(-1), PS_INVALID_ARGUMENT)
      .wrong("count", INT64_C(0), PS_INVALID_ARGUMENT)
      .wrong("count", INT64_C(3), PS_INVALID_ARGUMENT)
      .wrong("count", INT64_C(5), PS_INVALID_ARGUMENT)
      .wrong("count", INT64_MIN, PS_INVALID_ARGUMENT)
      .wrong("count", INT64_MAX, PS_INVALID_ARGUMENT);
}

std::vector<Call> state_calls() {
  return {
      with_wrong_worlds_and_counts(
          Call(NAMED(ps_worlds_get_state),
               [](Stage &stage) {
                 return std::make_tuple(stage.worlds(), 1, 4, static_cast<double *>(stage.memory(4 * sizeof(double))));
               })),
      with_wrong_worlds_and_counts(
          Call(NAMED(ps_worlds_set_state),
               [](Stage &stage) {
                 return std::make_tuple(stage.worlds(), 1, 4, stage.inputs<double>({0, 0.5, 0.125, -1}));
               })),
  };
}

std::vector<Call> picture_calls() {
  const auto picture = [](int32_t width, int32_t height) {
    return [=](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.worlds(), 2, width, height); };
  };
  const auto with_wrong_worlds_and_sizes = [](Call &&call) {
    for (const int64_t world : {INT64_C(-1), INT64_C(3), two_to_62, INT64_MIN, INT64_MAX})
      std::move(call).wrong("world", world, PS_OUT_OF_RANGE);
    for (const char *side : {"width", "height"})
      for (const int32_t size : {15, -1, 4097, INT32_MIN, INT32_MAX})
        std::move(call).wrong(side, size, PS_OUT_OF_RANGE, "16 to 4096");
    return refused_while_a_step_runs(std::move(call));
  };
  return {
      with_wrong_worlds_and_sizes(Call(NAMED(ps_worlds_render), picture(32, 16)))
          .wrong("width", 0, PS_OUT_OF_RANGE)
          .wrong("height", 0, PS_OUT_OF_RANGE),
      with_wrong_worlds_and_sizes(Call(NAMED(ps_worlds_render), picture(0, 0))).named("the game's own size"),
  };
}

std::vector<Call> parameter_calls() {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const auto no_such_parameter = [](Stage &stage) { return stage.string("gravity"); };
  return {
      Call(NAMED(ps_worlds_get_parameter),
           [](Stage &stage) {
             return std::make_tuple(stage.result<double>(), stage.worlds(), stage.string("reset_low"));
           })
          .wrong("name", "no such parameter", PS_NOT_FOUND, "reset_low", no_such_parameter),
      Call(NAMED(ps_worlds_get_parameter),
           [](Stage &stage) {
             return std::make_tuple(stage.result<double>(), stage.running_worlds(), stage.string("reset_low"));
           })
          .named("while a step runs"),
      refused_while_a_step_runs(
          Call(NAMED(ps_worlds_set_parameter),
               [](Stage &stage) { return std::make_tuple(stage.worlds(), stage.string("reset_low"), -0.5); }))
          .wrong("name", "no such parameter", PS_NOT_FOUND, "reset_low", no_such_parameter)
          .wrong("value", "NaN", PS_OUT_OF_RANGE, "nan", [=](Stage &) { return nan; })
          .wrong("value", "infinite", PS_OUT_OF_RANGE, "inf", [=](Stage &) { return infinity; })
          .wrong("value", "too high", PS_OUT_OF_RANGE, "1e+06", [](Stage &) { return 1000001.0; })
          .wrong("value", "too low", PS_OUT_OF_RANGE, "-1e+06", [](Stage &) { return -1000001.0; }),
  };
}

}  // namespace

std::vector<Call> worlds_state_calls() {
  std::vector<Call> joined = {tensor_of_worlds(NAMED(ps_worlds_faults)), tensor_of_worlds(NAMED(ps_worlds_hash)),
                              tensor_of_worlds(NAMED(ps_worlds_snapshot))};
  for (const auto &part : {restore_calls(), state_calls(), picture_calls(), parameter_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
