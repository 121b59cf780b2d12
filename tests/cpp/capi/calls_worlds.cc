// Valid calls of the functions of penstock/worlds.h about games, making worlds, what they are, their tensors and their
// steps.
#include "calls.h"
#include "worlds_arguments.h"

namespace penstock::test {
namespace {

constexpr int64_t two_to_62 = INT64_C(1) << 62;

const ps_worlds_options *worlds_options(Stage &stage) {
  ps_worlds_options options = PS_WORLDS_OPTIONS_INIT;
  options.num_worlds = 2;
  options.seeds = stage.inputs<uint64_t>({7, 3});
  options.parameters = stage.string("reset_low=-0.1,reset_high=1e-1");
  return stage.input(options);
}

// A getter of worlds: NULL gives its failure value, and a step that runs does not stop it.
template <typename Result>
Call getter(const char *name, Result (*function)(const ps_worlds *), int64_t when_null) {
  return Call(name, function, [](Stage &stage) { return std::make_tuple(stage.worlds()); }).fails_with(when_null);
}

Call with_wrong_indices(Call &&call, int64_t count) {
  return std::move(call)
      .wrong("index", INT64_C(-1), PS_OUT_OF_RANGE)
      .wrong("index", count, PS_OUT_OF_RANGE)
      .wrong("index", two_to_62, PS_OUT_OF_RANGE)
      .wrong("index", INT64_MIN, PS_OUT_OF_RANGE)
      .wrong("index", INT64_MAX, PS_OUT_OF_RANGE);
}

std::vector<Call> game_calls() {
  return {
      Call(NAMED(ps_game_count), [](Stage &) { return std::tuple<>(); }),
      with_wrong_indices(Call(NAMED(ps_game_name), [](Stage &) { return std::make_tuple(1); }), ps_game_count()),
  };
}

std::vector<Call> making_calls() {
  return {
      Call(NAMED(ps_worlds_options_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_worlds_options>(), sizeof(ps_worlds_options)); }),
      Call(NAMED(ps_worlds_create),
           [](Stage &stage) {
             return std::make_tuple(stage.worlds_result(), stage.string("CartPole-v1"), worlds_options(stage));
           })
          .wrong("game", "no such game", PS_NOT_FOUND, "Chess", [](Stage &stage) { return stage.string("Chess"); })
          .wrong("game", "no name", PS_NOT_FOUND, "CartPole-v1", [](Stage &stage) { return stage.string(""); })
          .optional("options", "options optional"),
      Call(NAMED(ps_worlds_retain), [](Stage &stage) { return std::make_tuple(stage.worlds()); }),
      Call(NAMED(ps_worlds_release), [](Stage &stage) { return std::make_tuple(stage.worlds_to_release()); })
          .any("worlds", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_worlds_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("worlds", "NULL is accepted and does nothing"),
  };
}

std::vector<Call> getter_calls() {
  return {
      getter(NAMED(ps_worlds_game), 0),
      getter(NAMED(ps_worlds_num_worlds), -1),
      getter(NAMED(ps_worlds_episode_length), -1),
      getter(NAMED(ps_worlds_state_count), -1),
      getter(NAMED(ps_worlds_tensor_count), -1),
      getter(NAMED(ps_worlds_step_count), -1),
      getter(NAMED(ps_worlds_fault_count), -1),
      getter(NAMED(ps_worlds_parameter_count), -1),
      with_wrong_indices(
          Call(NAMED(ps_worlds_tensor_name), [](Stage &stage) { return std::make_tuple(stage.worlds(), 1); }), 8),
      with_wrong_indices(
          Call(NAMED(ps_worlds_parameter_name), [](Stage &stage) { return std::make_tuple(stage.worlds(), 1); }), 3),
      Call(NAMED(ps_worlds_game), [](Stage &stage) { return std::make_tuple(stage.running_worlds()); })
          .named("while a step runs"),
      Call(NAMED(ps_worlds_step_count), [](Stage &stage) { return std::make_tuple(stage.running_worlds()); })
          .fails_with(-1)
          .named("while a step runs"),
  };
}

std::vector<Call> tensor_calls() {
  return {
      refused_while_a_step_runs(Call(NAMED(ps_worlds_tensor),
                                     [](Stage &stage) {
                                       return std::make_tuple(stage.tensor_result(), stage.worlds(),
                                                              stage.string("observation"));
                                     }))
          .wrong("name", "no such tensor", PS_NOT_FOUND, "final_observation",
                 [](Stage &stage) { return stage.string("actions"); }),
      Call(NAMED(ps_worlds_bounds),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.tensor_result(), stage.worlds(),
                                    stage.string("observation"));
           })
          .wrong("name", "no such tensor", PS_NOT_FOUND, "final_observation",
                 [](Stage &stage) { return stage.string("actions"); }),
      Call(NAMED(ps_worlds_bounds),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.tensor_result(), stage.running_worlds(),
                                    stage.string("action"));
           })
          .named("while a step runs"),
  };
}

// A mask for ps_worlds_reset() as make_tensor() gives it.
template <typename Number>
auto mask(ps_dtype dtype, std::vector<int64_t> shape, std::vector<Number> values) {
  return [=](Stage &stage) { return stage.tensor(make_tensor<Number>(dtype, shape, values)); };
}

ps_tensor *mask_with_gaps(Stage &stage) {
  ps_tensor *column = nullptr;
  const TensorHold square = make_tensor<uint8_t>(PS_BOOL, {3, 3}, std::vector<uint8_t>(9));
  require_ok(ps_tensor_select(&column, square.get(), 1, 0));
  return stage.tensor(TensorHold(column));
}

std::vector<Call> reset_calls() {
  const auto reset_one = [](int64_t seed_count) {
    return [=](Stage &stage) {
      return std::make_tuple(stage.worlds(), mask<uint8_t>(PS_BOOL, {3}, {0, 1, 0})(stage), seed_count,
                             stage.inputs<uint64_t>({7, 8, 9}));
    };
  };
  return {
      refused_while_a_step_runs(Call(NAMED(ps_worlds_reset), reset_one(3)))
          .wrong("mask", "of uint8", PS_INVALID_ARGUMENT, "uint8", mask<uint8_t>(PS_UINT8, {3}, {0, 1, 0}))
          .wrong("mask", "too long", PS_INVALID_ARGUMENT, "(4,)", mask<uint8_t>(PS_BOOL, {4}, {0, 1, 0, 0}))
          .wrong("mask", "of two axes", PS_INVALID_ARGUMENT, "(3, 1)", mask<uint8_t>(PS_BOOL, {3, 1}, {0, 1, 0}))
          .wrong("mask", "with gaps", PS_INVALID_ARGUMENT, "contiguous", mask_with_gaps)
          .wrong("seed_count", INT64_C(-1), PS_INVALID_ARGUMENT)
          .wrong("seed_count", INT64_C(2), PS_INVALID_ARGUMENT)
          .wrong("seed_count", INT64_C(4), PS_INVALID_ARGUMENT)
          .wrong("seed_count", INT64_MIN, PS_INVALID_ARGUMENT)
          .wrong("seed_count", INT64_MAX, PS_INVALID_ARGUMENT)
          .optional("mask", "mask optional"),
      refused_while_a_step_runs(Call(NAMED(ps_worlds_reset), reset_one(0)))
          .named("the seeds kept")
          .wrong("seed_count", INT64_C(-1), PS_INVALID_ARGUMENT)
          .optional("mask", "mask optional")
          .optional("seeds", "seeds optional when seed_count is 0"),
  };
}

// Worlds of which one has an action that is out of its bounds.
ps_worlds *worlds_with_a_wrong_action(Stage &stage) {
  ps_worlds *worlds = stage.worlds();
  ps_tensor *action = nullptr;
  require_ok(ps_worlds_tensor(&action, worlds, "action"));
  static_cast<int32_t *>(ps_tensor_mutable_data(action))[2] = 99;
  ps_tensor_release(action);
  return worlds;
}

std::vector<Call> step_calls() {
  const auto on_worlds = [](Stage &stage) { return std::make_tuple(stage.worlds()); };
  const auto on_running_worlds = [](Stage &stage) { return std::make_tuple(stage.running_worlds()); };
  // The thread that steps is started by the first call: what happens where it cannot be is in tests/oom.
  const auto on_worlds_with_a_thread = [](Stage &stage) {
    ps_worlds *worlds = stage.running_worlds();
    require_ok(ps_worlds_wait(worlds));
    return std::make_tuple(worlds);
  };
  return {
      refused_while_a_step_runs(Call(NAMED(ps_worlds_step), on_worlds))
          .wrong("worlds", "one with a wrong action", PS_OUT_OF_RANGE, "the action of world 2 is 99",
                 worlds_with_a_wrong_action),
      refused_while_a_step_runs(Call(NAMED(ps_worlds_step_async), on_worlds_with_a_thread)),
      Call(NAMED(ps_worlds_wait), on_worlds),
      Call(NAMED(ps_worlds_wait), on_running_worlds).named("for a step"),
  };
}

}  // namespace

std::vector<Call> worlds_calls() {
  std::vector<Call> joined;
  for (const auto &part : {game_calls(), making_calls(), getter_calls(), tensor_calls(), reset_calls(), step_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
