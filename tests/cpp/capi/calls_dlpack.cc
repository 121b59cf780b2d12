// Valid calls of what penstock/dlpack.h declares.
#include "calls.h"

namespace penstock::test {
namespace {

constexpr int64_t two_to_62 = INT64_C(1) << 62;

ps_tensor *backwards_matrix(Stage &stage) {
  ps_tensor *view = nullptr;
  require_ok(ps_tensor_slice(&view, stage.matrix(), 1, 2, PS_SLICE_OPEN, -1));
  return stage.tensor(TensorHold(view));
}

template <typename Result>
Call export_call(const char *name, ps_status (*function)(Result **, ps_tensor *, uint32_t), Result **(Stage::*result)(),
                 uint32_t flags) {
  return Call(name, function, [=](Stage &stage) { return std::make_tuple((stage.*result)(), stage.matrix(), flags); })
      .wrong("flags", UINT32_C(2), PS_INVALID_ARGUMENT)
      .wrong("flags", UINT32_MAX, PS_INVALID_ARGUMENT);
}

std::vector<Call> export_calls() {
  const auto read_only = [](Stage &stage) { return stage.read_only_matrix(); };
  return {
      export_call(NAMED(ps_tensor_to_dlpack), &Stage::dlpack_result, 0)
          .wrong("tensor", "one with a negative stride", PS_NOT_EXPORTABLE, "(3, -1)", backwards_matrix),
      export_call(NAMED(ps_tensor_to_dlpack), &Stage::dlpack_result, PS_DLPACK_COPY).named("a copy"),
      export_call(NAMED(ps_tensor_to_dlpack_legacy), &Stage::legacy_dlpack_result, 0)
          .wrong("tensor", "one with a negative stride", PS_NOT_EXPORTABLE, "(3, -1)", backwards_matrix)
          .wrong("tensor", "a read-only one", PS_NOT_EXPORTABLE, "read-only", read_only),
      export_call(NAMED(ps_tensor_to_dlpack_legacy), &Stage::legacy_dlpack_result, PS_DLPACK_COPY).named("a copy"),
  };
}

template <typename Managed>
int32_t times_given_back(Word argument) {
  return *static_cast<int32_t *>(from_word<Managed *>(argument)->manager_ctx);
}

// A lent matrix with its description changed.
template <typename Managed, typename Change>
auto spoiled(Change change) {
  return [change](Stage &stage) {
    return stage.lent_matrix<Managed>([&](Managed &managed) { change(managed.dl_tensor); });
  };
}

template <typename Managed>
Call import_call(const char *name, ps_status (*function)(ps_tensor **, Managed *)) {
  return Call(name, function,
              [](Stage &stage) {
                auto *managed = stage.lent_matrix<Managed>();  // made first, so that it is there when the tensor goes
                return std::make_tuple(stage.tensor_result(), managed);
              })
      .once_a_stage()
      .consumes("managed", times_given_back<Managed>)
      .wrong("managed", "4 lanes", PS_NOT_EXPORTABLE, "4 lanes",
             spoiled<Managed>([](DLTensor &lent) { lent.dtype.lanes = 4; }))
      .wrong("managed", "a dtype of 4 bits", PS_NOT_EXPORTABLE, "4 bits",
             spoiled<Managed>([](DLTensor &lent) { lent.dtype.bits = 4; }))
      .wrong("managed", "on a Metal device", PS_NOT_EXPORTABLE, "8",
             spoiled<Managed>([](DLTensor &lent) { lent.device.device_type = kDLMetal; }))
      .wrong("managed", "on a CUDA device", PS_UNAVAILABLE, "cuda:0",
             spoiled<Managed>([](DLTensor &lent) { lent.device.device_type = kDLCUDA; }))
      .wrong("managed", "on CUDA device -1", PS_OUT_OF_RANGE, "-1", spoiled<Managed>([](DLTensor &lent) {
               lent.device = {kDLCUDA, -1};
             }))
      .wrong("managed", "of rank -1", PS_INVALID_ARGUMENT, "-1",
             spoiled<Managed>([](DLTensor &lent) { lent.ndim = -1; }))
      .wrong("managed", "of rank 17", PS_INVALID_ARGUMENT, "17",
             spoiled<Managed>([](DLTensor &lent) { lent.ndim = 17; }))
      .wrong("managed", "without a shape", PS_INVALID_ARGUMENT, "shape",
             spoiled<Managed>([](DLTensor &lent) { lent.shape = nullptr; }))
      .wrong("managed", "of a size below 0", PS_INVALID_ARGUMENT, "-2",
             spoiled<Managed>([](DLTensor &lent) { lent.shape[0] = -2; }))
      .wrong("managed", "of too many elements", PS_INVALID_ARGUMENT, std::to_string(two_to_62),
             spoiled<Managed>([](DLTensor &lent) { lent.shape[0] = two_to_62; }))
      .wrong("managed", "with a stride too large", PS_INVALID_ARGUMENT, std::to_string(two_to_62),
             spoiled<Managed>([](DLTensor &lent) { lent.strides[0] = two_to_62; }))
      .wrong("managed", "with a byte_offset too large", PS_INVALID_ARGUMENT, std::to_string(UINT64_MAX),
             spoiled<Managed>([](DLTensor &lent) { lent.byte_offset = UINT64_MAX; }))
      .wrong("managed", "without data", PS_INVALID_ARGUMENT, "NULL",
             spoiled<Managed>([](DLTensor &lent) { lent.data = nullptr; }))
      .wrong("managed", "two bytes off", PS_INVALID_ARGUMENT, "align",
             spoiled<Managed>([](DLTensor &lent) { lent.byte_offset = 2; }));
}

std::vector<Call> import_calls() {
  return {
      import_call(NAMED(ps_tensor_from_dlpack))
          .wrong("managed", "of version 2.0", PS_NOT_EXPORTABLE, "2.0",
                 [](Stage &stage) {
                   return stage.lent_matrix<DLManagedTensorVersioned>([](DLManagedTensorVersioned &managed) {
                     managed.version = {2, 0};
                   });
                 }),
      import_call(NAMED(ps_tensor_from_dlpack_legacy)),
  };
}

}  // namespace

std::vector<Call> dlpack_calls() {
  std::vector<Call> joined;
  for (const auto &part : {export_calls(), import_calls()}) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
