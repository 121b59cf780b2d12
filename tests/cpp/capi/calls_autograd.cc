// Valid calls of what penstock/autograd.h declares.
#include "calls.h"

namespace penstock::test {
namespace {

ps_tensor *leaf(Stage &stage) { return stage.leaf(); }

ps_tensor *leaf_with_gradient(Stage &stage) {
  ps_tensor *matrix = leaf(stage);
  require_ok(ps_tensor_set_grad(matrix, stage.matrix()));
  return matrix;
}

// A leaf's elements multiplied by themselves and by another tensor's, and their exponentials.
ps_tensor *made_of(Stage &stage, ps_tensor *matrix) {
  ps_tensor *product = nullptr, *made = nullptr;
  require_ok(ps_ops_binary(&product, PS_OP_MULTIPLY, matrix, stage.tensor(make_matrix())));
  stage.tensor(TensorHold(product));
  require_ok(ps_ops_unary(&made, PS_OP_EXP, product));
  return stage.tensor(TensorHold(made));
}

ps_tensor *made_of_a_leaf(Stage &stage) { return made_of(stage, leaf(stage)); }

ps_tensor *integers(Stage &stage) { return stage.tensor(make_tensor<int32_t>(PS_INT32, {2, 3}, {0, 1, 2, 3, 4, 5})); }

auto only(ps_tensor *(*make)(Stage &)) {
  return [make](Stage &stage) { return stage.inputs<ps_tensor *>({make(stage)}); };
}
ps_tensor *plain(Stage &stage) { return stage.matrix(); }
ps_tensor *row(Stage &stage) { return stage.row(); }
ps_tensor *nothing(Stage &) { return nullptr; }

ps_status doubled(ps_tensor **input_gradients, ps_tensor *const *output_gradients, void *) {
  return ps_ops_binary(input_gradients, PS_OP_ADD, output_gradients[0], output_gradients[0]);
}

std::vector<Call> leaf_calls() {
  return {
      Call(NAMED(ps_tensor_set_requires_grad), [](Stage &stage) { return std::make_tuple(stage.matrix(), 1); })
          .wrong("tensor", "one of int32", PS_TYPE_MISMATCH, "int32", integers)
          .wrong("requires_grad", 2, PS_INVALID_ARGUMENT)
          .wrong("requires_grad", -1, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_tensor_set_requires_grad), [](Stage &stage) { return std::make_tuple(leaf(stage), 0); })
          .named("back to none")
          .wrong("tensor", "one made of a leaf", PS_INVALID_ARGUMENT, "detach", made_of_a_leaf)
          .wrong("requires_grad", 2, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_tensor_requires_grad), [](Stage &stage) { return std::make_tuple(leaf(stage)); }).fails_with(-1),
      Call(NAMED(ps_tensor_is_leaf), [](Stage &stage) { return std::make_tuple(leaf(stage)); }).fails_with(-1),
      Call(NAMED(ps_tensor_detach),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), made_of_a_leaf(stage)); }),
      Call(NAMED(ps_tensor_grad),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), leaf_with_gradient(stage)); }),
      Call(NAMED(ps_tensor_set_grad),
           [](Stage &stage) { return std::make_tuple(leaf_with_gradient(stage), stage.transposed_tall_matrix()); })
          .wrong("tensor", "one that requires none", PS_INVALID_ARGUMENT, "no leaf", plain)
          .wrong("gradient", "one of another shape", PS_INVALID_ARGUMENT, "(1, 3)", row)
          .wrong("gradient", "one of int32", PS_TYPE_MISMATCH, "int32", integers)
          .optional("gradient", "gradient optional: NULL drops what there is"),
      Call(NAMED(ps_tensor_version), [](Stage &stage) { return std::make_tuple(stage.matrix()); }),
  };
}

std::vector<Call> recording_calls() {
  return {
      Call(NAMED(ps_grad_recording), [](Stage &) { return std::make_tuple(); }),
      Call(NAMED(ps_set_grad_recording), [](Stage &) { return std::make_tuple(1); })
          .wrong("recording", 2, PS_INVALID_ARGUMENT)
          .wrong("recording", -1, PS_INVALID_ARGUMENT),
  };
}

// The sum of a tensor made of a leaf: one element, from which a walk starts with 1.
ps_tensor *sum_of(Stage &stage, ps_tensor *tensor) {
  ps_tensor *sum = nullptr;
  require_ok(ps_ops_reduce(&sum, PS_OP_SUM, tensor, 0, nullptr, nullptr));
  return stage.tensor(TensorHold(sum));
}

ps_tensor *sum_of_a_leaf(Stage &stage) { return sum_of(stage, made_of_a_leaf(stage)); }
ps_tensor *one(Stage &stage) { return stage.tensor(make_tensor<float>(PS_FLOAT32, {}, {1})); }
ps_tensor *integer(Stage &stage) { return stage.tensor(make_tensor<int32_t>(PS_INT32, {}, {1})); }

Call with_wrong_outputs(Call call) {
  return std::move(call)
      .wrong("output_count", 0, PS_INVALID_ARGUMENT)
      .wrong("output_count", INT32_MIN, PS_INVALID_ARGUMENT)
      .wrong("outputs", "one that is NULL", PS_INVALID_ARGUMENT, "outputs[0] is NULL", only(nothing))
      .wrong("outputs", "one that requires no gradients", PS_INVALID_ARGUMENT, "no gradients to go back to",
             only(plain))
      .wrong("gradients", "one of another shape", PS_INVALID_ARGUMENT, "(1, 3)", only(row))
      .wrong("gradients", "one of int32", PS_TYPE_MISMATCH, "int32", only(integer))
      .wrong("keep_graph", 2, PS_INVALID_ARGUMENT)
      .wrong("keep_graph", -1, PS_INVALID_ARGUMENT);
}

std::vector<Call> walk_calls() {
  return {
      with_wrong_outputs(
          Call(NAMED(ps_backward),
               [](Stage &stage) { return std::make_tuple(1, only(sum_of_a_leaf)(stage), only(one)(stage), 1); })
              .optional("gradients", "gradients optional: NULL, or output_count tensors")),
      Call(NAMED(ps_backward),
           [](Stage &stage) {
             ps_tensor *matrix = leaf_with_gradient(stage);
             ps_tensor *sum = sum_of(stage, made_of(stage, matrix));
             return std::make_tuple(2, stage.inputs<ps_tensor *>({sum, sum_of(stage, matrix)}),
                                    stage.inputs<ps_tensor *>({nullptr, one(stage)}), 1);
           })
          .named("added to a gradient")
          .wrong("output_count", 0, PS_INVALID_ARGUMENT)
          .wrong("keep_graph", 2, PS_INVALID_ARGUMENT)
          .optional("gradients", "gradients optional: NULL, or output_count tensors"),
      with_wrong_outputs(
          Call(NAMED(ps_gradients),
               [](Stage &stage) {
                 ps_tensor *matrix = leaf(stage);
                 ps_tensor *made = sum_of(stage, made_of(stage, matrix));
                 return std::make_tuple(stage.tensor_result(), 1, stage.inputs<ps_tensor *>({made}), only(one)(stage),
                                        1, stage.inputs<ps_tensor *>({matrix}), 1);
               })
              .wrong("input_count", 0, PS_INVALID_ARGUMENT)
              .wrong("input_count", INT32_MIN, PS_INVALID_ARGUMENT)
              .wrong("inputs", "one that is NULL", PS_INVALID_ARGUMENT, "inputs[0] is NULL", only(nothing))
              .wrong("inputs", "one that requires no gradients", PS_INVALID_ARGUMENT, "inputs[0]", only(plain))
              .optional("gradients", "gradients optional: NULL, or output_count tensors")),
  };
}

Call with_any_user(Call call) {
  return std::move(call)
      .wrong("output_count", 0, PS_INVALID_ARGUMENT)
      .wrong("output_count", INT32_MIN, PS_INVALID_ARGUMENT)
      .wrong("outputs", "one that is NULL", PS_INVALID_ARGUMENT, "outputs[0] is NULL", only(nothing))
      .wrong("input_count", 0, PS_INVALID_ARGUMENT)
      .wrong("input_count", INT32_MIN, PS_INVALID_ARGUMENT)
      .wrong("inputs", "one that is NULL", PS_INVALID_ARGUMENT, "inputs[0] is NULL", only(nothing))
      .any("user", "user any value: handed to backward and deleter")
      .optional("user", "user any value: handed to backward and deleter")
      .optional("deleter", "deleter optional: called once");
}

std::vector<Call> custom_calls() {
  return {
      with_any_user(Call(NAMED(ps_record_custom),
                         [](Stage &stage) {
                           return std::make_tuple(stage.tensor_result(), stage.string("doubled"), 1, only(plain)(stage),
                                                  1, only(leaf)(stage), &doubled, static_cast<void *>(nullptr),
                                                  static_cast<ps_deleter>(nullptr));
                         })),
      with_any_user(Call(NAMED(ps_record_custom),
                         [](Stage &stage) {
                           return std::make_tuple(stage.tensor_result(), stage.string("doubled"), 1, only(plain)(stage),
                                                  1, only(plain)(stage), &doubled, static_cast<void *>(nullptr),
                                                  static_cast<ps_deleter>(nullptr));
                         }))
          .named("of tensors that require nothing"),
  };
}

// Functions of other headers whose operands lead back, so that they have more to remember.
std::vector<Call> recorded_calls() {
  return {
      Call(NAMED(ps_ops_binary),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), PS_OP_DIVIDE, leaf(stage), made_of_a_leaf(stage));
           })
          .named("of tensors that require gradients")
          .wrong("operation", static_cast<int32_t>(PS_OP_SUM), PS_INVALID_ARGUMENT, "sum"),
      Call(NAMED(ps_tensor_slice),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), leaf(stage), 1, INT64_C(0), INT64_C(2), INT64_C(1));
           })
          .named("of a tensor that requires gradients")
          .wrong("step", INT64_C(0), PS_INVALID_ARGUMENT)
          .any("start", "what lies outside is cut to the axis")
          .any("stop", "what lies outside is cut to the axis"),
      Call(NAMED(ps_tensor_copy),
           [](Stage &stage) { return std::make_tuple(stage.matrix(), made_of_a_leaf(stage), PS_CAST_SAME_KIND); })
          .named("of a tensor that requires gradients")
          .wrong("destination", "a leaf", PS_INVALID_ARGUMENT, "no_grad()", leaf),
      Call(NAMED(ps_ops_binary_into),
           [](Stage &stage) {
             ps_tensor *destination = stage.matrix();
             return std::make_tuple(destination, PS_OP_MULTIPLY, destination, made_of_a_leaf(stage));
           })
          .named("by a tensor that requires gradients")
          .wrong("operation", static_cast<int32_t>(PS_OP_SUM), PS_INVALID_ARGUMENT, "sum")
          .once_a_stage(),
  };
}

ps_tensor *numbers(Stage &stage, std::initializer_list<int64_t> values) {
  return stage.tensor(make_tensor<int64_t>(PS_INT64, {static_cast<int64_t>(values.size())}, values));
}
ps_tensor *places(Stage &stage) { return stage.tensor(make_tensor<int64_t>(PS_INT64, {2, 2}, {0, -1, 2, 0})); }

// Those that join tensors, and move their elements.
std::vector<Call> recorded_arranging_calls() {
  std::vector<Call> calls;
  for (const auto &[name, function] : {std::make_pair(NAMED(ps_ops_concat)), std::make_pair(NAMED(ps_ops_stack))})
    calls.push_back(Call(name, function,
                         [](Stage &stage) {
                           return std::make_tuple(stage.tensor_result(), 2,
                                                  stage.inputs<ps_tensor *>({stage.matrix(), leaf(stage)}), -1);
                         })
                        .named("of a tensor that requires gradients")
                        .wrong("count", 0, PS_INVALID_ARGUMENT));
  for (Call &call : std::vector<Call>{
           Call(NAMED(ps_ops_tile),
                [](Stage &stage) {
                  return std::make_tuple(stage.tensor_result(), leaf(stage), 2, stage.inputs<int64_t>({2, 1}));
                })
               .wrong("repetition_count", -1, PS_INVALID_ARGUMENT),
           Call(NAMED(ps_ops_repeat),
                [](Stage &stage) {
                  return std::make_tuple(stage.tensor_result(), leaf(stage), numbers(stage, {0, 2, 1}), 1);
                })
               .wrong("axis", 2, PS_OUT_OF_RANGE),
           Call(NAMED(ps_ops_roll),
                [](Stage &stage) {
                  return std::make_tuple(stage.tensor_result(), leaf(stage), 1, stage.inputs<int64_t>({2}),
                                         stage.inputs<int32_t>({1}));
                })
               .wrong("shift_count", 0, PS_INVALID_ARGUMENT)
               .optional("axes", "axes optional"),
           Call(NAMED(ps_ops_diff),
                [](Stage &stage) {
                  return std::make_tuple(stage.tensor_result(), leaf(stage), 1, INT64_C(2), leaf(stage),
                                         stage.matrix());
                })
               .wrong("order", INT64_C(-1), PS_INVALID_ARGUMENT)
               .optional("prepended", "prepended optional")
               .optional("appended", "appended likewise behind"),
           Call(NAMED(ps_ops_tril),
                [](Stage &stage) { return std::make_tuple(stage.tensor_result(), leaf(stage), INT64_C(0)); })
               .any("diagonal", "any number"),
           Call(NAMED(ps_ops_sort),
                [](Stage &stage) { return std::make_tuple(stage.tensor_result(), leaf(stage), 0, 1); })
               .wrong("axis", 2, PS_OUT_OF_RANGE)
               .wrong("descending", 2, PS_INVALID_ARGUMENT),
           Call(NAMED(ps_ops_unique),
                [](Stage &stage) {
                  return std::make_tuple(stage.tensor_result(), stage.tensor_result(), stage.tensor_result(),
                                         stage.tensor_result(), leaf(stage));
                })
               .optional("indices", "indices optional: receives where each stands first")
               .optional("inverse", "inverse optional: receives, in operand's shape, which of values each element is")
               .optional("counts", "counts optional: receives how often each stands"),
           Call(NAMED(ps_ops_take_along_axis),
                [](Stage &stage) { return std::make_tuple(stage.tensor_result(), leaf(stage), places(stage), 1); })
               .wrong("axis", 2, PS_OUT_OF_RANGE),
       })
    calls.push_back(std::move(call).named("of a tensor that requires gradients"));
  return calls;
}

std::vector<Call> recorded_contraction_calls() {
  return {
      Call(NAMED(ps_ops_tensordot),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), leaf(stage), made_of_a_leaf(stage), 1,
                                    stage.inputs<int32_t>({0}), stage.inputs<int32_t>({0}));
           })
          .named("of tensors that require gradients")
          .wrong("axis_count", -1, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_ops_vecdot),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), leaf(stage), made_of_a_leaf(stage), -2); })
          .named("of tensors that require gradients")
          .wrong("axis", 0, PS_OUT_OF_RANGE),
  };
}

// A leaf's elements joined, moved, sorted and multiplied.
ps_tensor *arranged(Stage &stage) {
  const auto held = [&](ps_status status, ps_tensor *&made) {
    require_ok(status);
    return stage.tensor(TensorHold(made));
  };
  ps_tensor *matrix = leaf(stage), *parts[] = {matrix, matrix}, *made = nullptr;
  const int32_t axes[] = {1, 0};
  made = held(ps_ops_concat(&made, 2, parts, 0), made);
  made = held(ps_ops_sort(&made, made, 1, 0), made);
  made = held(ps_ops_repeat(&made, made, numbers(stage, {2, 0, 1}), 1), made);
  made = held(ps_ops_diff(&made, made, 0, 1, matrix, nullptr), made);
  made = held(ps_ops_triu(&made, made, 0), made);
  return held(ps_ops_tensordot(&made, made, made, 2, axes, axes), made);
}

std::vector<Call> arranged_walk_calls() {
  return {
      Call(NAMED(ps_backward),
           [](Stage &stage) { return std::make_tuple(1, only(arranged)(stage), only(one)(stage), 1); })
          .named("through what joins, moves and contracts")
          .wrong("output_count", 0, PS_INVALID_ARGUMENT)
          .wrong("keep_graph", 2, PS_INVALID_ARGUMENT)
          .optional("gradients", "gradients optional: NULL, or output_count tensors"),
  };
}

}  // namespace

std::vector<Call> autograd_calls() {
  std::vector<Call> joined;
  for (const auto &part : {leaf_calls(), recording_calls(), walk_calls(), custom_calls(), recorded_calls(),
                           recorded_arranging_calls(), recorded_contraction_calls(), arranged_walk_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
