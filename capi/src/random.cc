#include <penstock/random.h>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/recording.h"
#include "capi/src/tensor_arguments.h"
#include "core/ops/random_choice.h"
#include "core/ops/random_tensors.h"

using namespace penstock;

namespace {

core::RandomStream read_key(const ps_random_key *key) {
  require_not_null(key, "key");
  return {key->seed, key->stream};
}

ps_random_key key_of(core::RandomStream stream) { return {stream.seed, stream.number}; }

// Draws by a key, and gives the tensor to the caller.
template <typename Draw>
ps_status draw(ps_tensor **out, const ps_random_key *key, Draw &&make) noexcept {
  return guarded([&] {
    require_not_null(out, "out");
    const core::RandomStream stream = read_key(key);
    *out = wrap(make(stream));
  });
}

}  // namespace

ps_status ps_random_fold_in(ps_random_key *out, const ps_random_key *key, uint64_t number) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = key_of(core::fold_in(read_key(key), number));
  });
}

ps_status ps_random_next(ps_random_key *out, ps_random_generator *generator) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(generator, "generator");
    if (generator->given == UINT64_MAX)
      core::fail(core::Status::out_of_range, "the generator has given ", generator->given, " keys: there are no more");
    *out = key_of(core::fold_in(read_key(&generator->key), generator->given));
    ++generator->given;
  });
}

ps_status ps_random_uniform(ps_tensor **out, const ps_random_key *key, ps_dtype dtype, int32_t ndim,
                            const int64_t *shape, double low, double high, const ps_tensor_options *options) {
  return draw(out, key, [&](core::RandomStream stream) {
    return core::random_uniform(stream, read_dtype(dtype, "dtype"), read_extents(ndim, shape, "shape"), low, high,
                                read_allocation(options));
  });
}

ps_status ps_random_normal(ps_tensor **out, const ps_random_key *key, ps_dtype dtype, int32_t ndim,
                           const int64_t *shape, double mean, double deviation, const ps_tensor_options *options) {
  return draw(out, key, [&](core::RandomStream stream) {
    return core::random_normal(stream, read_dtype(dtype, "dtype"), read_extents(ndim, shape, "shape"), mean, deviation,
                               read_allocation(options));
  });
}

ps_status ps_random_integers(ps_tensor **out, const ps_random_key *key, ps_dtype dtype, int32_t ndim,
                             const int64_t *shape, int64_t low, int64_t high, const ps_tensor_options *options) {
  return draw(out, key, [&](core::RandomStream stream) {
    return core::random_integers(stream, read_dtype(dtype, "dtype"), read_extents(ndim, shape, "shape"), low, high,
                                 read_allocation(options));
  });
}

ps_status ps_random_bernoulli(ps_tensor **out, const ps_random_key *key, int32_t ndim, const int64_t *shape,
                              double probability, const ps_tensor_options *options) {
  return draw(out, key, [&](core::RandomStream stream) {
    return core::random_bernoulli(stream, read_extents(ndim, shape, "shape"), probability, read_allocation(options));
  });
}

ps_status ps_random_permutation(ps_tensor **out, const ps_random_key *key, int64_t count) {
  return draw(out, key, [&](core::RandomStream stream) { return core::random_permutation(stream, count); });
}

ps_status ps_random_choice(ps_tensor **out, const ps_random_key *key, int64_t population, int32_t ndim,
                           const int64_t *shape, int32_t replace, const ps_tensor *probabilities) {
  return draw(out, key, [&](core::RandomStream stream) {
    return core::random_choice(stream, population, read_extents(ndim, shape, "shape"), require_flag(replace, "replace"),
                               probabilities == nullptr ? nullptr : &unwrap(probabilities));
  });
}

ps_status ps_random_shuffle(ps_tensor *tensor, const ps_random_key *key, int32_t axis) {
  return guarded([&] {
    require_not_null(tensor, "tensor");
    const core::RandomStream stream = read_key(key);
    ElementWrite write("shuffle", tensor, {});
    write.refuse_recording();
    core::random_shuffle(stream, unwrap(tensor), axis);
    write.done();
  });
}
