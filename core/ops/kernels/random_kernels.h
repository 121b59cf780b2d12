// The kernels that fill memory with random numbers, for each width of vectors: the values of core/base/random.h, many blocks
// at a time, and normal numbers made of them.  The same bits at each width.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/base/random.h"
#include "core/ops/kernels/logarithm.h"
#include "core/ops/kernels/loops.h"
#include "core/ops/kernels/trigonometric.h"

namespace penstock::core {

struct RandomKernels {
  // Writes the words of blocks first, first + 1, ... of a stream, four each; count is a multiple of 16.
  void (*words)(uint32_t *words, RandomStream stream, uint64_t first, int64_t count);
  // Of count words or pairs of them, as unit_f32() and unit_f64() make them.
  void (*uniform_f32)(float *out, const uint32_t *words, int64_t count);
  void (*uniform_f64)(double *out, const uint32_t *words, int64_t count);
  // Numbers of the normal distribution of mean 0 and deviation 1, by Box and Muller: values 2 i and 2 i + 1, of 32 or 64
  // bits, become results 2 i and 2 i + 1.  count is even.
  void (*normal_f32)(float *out, const uint32_t *words, int64_t count);
  void (*normal_f64)(double *out, const uint32_t *words, int64_t count);
};

// For vectors of 16, 32 and 64 bytes, and for the widest that this processor has.
const RandomKernels &random_kernels_16();
const RandomKernels &random_kernels_32();
const RandomKernels &random_kernels_64();
const RandomKernels &random_kernels();

// philox4x32() of 16 blocks side by side.
template <int bytes>
PS_FLATTEN void random_words(uint32_t *words, RandomStream stream, uint64_t first, int64_t count) {
  constexpr int lanes = 16;
  for (int64_t done = 0; done < count; done += lanes) {
    uint32_t c0[lanes], c1[lanes], c2[lanes], c3[lanes];
    for (int lane = 0; lane < lanes; ++lane) {
      const uint64_t block = first + static_cast<uint64_t>(done + lane);
      c0[lane] = static_cast<uint32_t>(block);
      c1[lane] = static_cast<uint32_t>(block >> 32);
      c2[lane] = static_cast<uint32_t>(stream.number);
      c3[lane] = static_cast<uint32_t>(stream.number >> 32);
    }
    auto k0 = static_cast<uint32_t>(stream.seed), k1 = static_cast<uint32_t>(stream.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      for (int lane = 0; lane < lanes; ++lane) {
        const uint64_t product0 = uint64_t{0xD2511F53} * c0[lane], product1 = uint64_t{0xCD9E8D57} * c2[lane];
        c0[lane] = static_cast<uint32_t>(product1 >> 32) ^ c1[lane] ^ k0;
        c1[lane] = static_cast<uint32_t>(product1);
        c2[lane] = static_cast<uint32_t>(product0 >> 32) ^ c3[lane] ^ k1;
        c3[lane] = static_cast<uint32_t>(product0);
      }
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    uint32_t *to = words + 4 * done;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      to[4 * lane] = c0[lane];
      to[4 * lane + 1] = c1[lane];
      to[4 * lane + 2] = c2[lane];
      to[4 * lane + 3] = c3[lane];
    }
  }
}

template <int bytes>
PS_FLATTEN void random_uniform_f32(float *out, const uint32_t *words, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] = unit_f32(words[i]);
}
template <int bytes>
PS_FLATTEN void random_uniform_f64(double *out, const uint32_t *words, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] = unit_f64(uint64_t{words[2 * i + 1]} << 32 | words[2 * i]);
}

// size: how far from 0; turn: which way, from 0 to 1.  Neither is so fine that a rounded result could leave the range.
template <typename Number>
struct NormalPair {
  Number first, second;

  PS_LANES_INLINE NormalPair(Number size, Number turn) {
    constexpr Number rounder = sizeof(Number) == 8 ? static_cast<Number>(0x1.8p52) : static_cast<Number>(0x1.8p23f);
    constexpr auto half_pi = static_cast<Number>(1.57079632679489661923);
    const Number radius = std::sqrt(Number{-2} * vectorised::Logarithm::apply(size));
    const Number quarters = 4 * turn, shifted = quarters + rounder;
    const Number rest = (quarters - (shifted - rounder)) * half_pi;
    const Number sine = vectorised::sine_of_rest(rest, Number{0}), cosine = vectorised::cosine_of_rest(rest, Number{0});
    using Bits = std::conditional_t<sizeof(Number) == 8, uint64_t, uint32_t>;
    const Bits quarter = std::bit_cast<Bits>(shifted);
    const Number across = (quarter & 1) != 0 ? sine : cosine, along = (quarter & 1) != 0 ? cosine : sine;
    first = radius * (((quarter + 1) & 2) != 0 ? -across : across);
    second = radius * ((quarter & 2) != 0 ? -along : along);
  }
};

template <int bytes>
PS_FLATTEN void random_normal_f32(float *out, const uint32_t *words, int64_t count) {
  for (int64_t i = 0; i < count; i += 2) {
    const float size = (static_cast<float>(words[i]) + 0.5f) * 0x1p-32f,
                turn = static_cast<float>(words[i + 1]) * 0x1p-32f;
    const NormalPair<float> pair(size, turn);
    out[i] = pair.first;
    out[i + 1] = pair.second;
  }
}
template <int bytes>
PS_FLATTEN void random_normal_f64(double *out, const uint32_t *words, int64_t count) {
  for (int64_t i = 0; i < count; i += 2) {
    const uint64_t size_bits = uint64_t{words[2 * i + 1]} << 32 | words[2 * i];
    const uint64_t turn_bits = uint64_t{words[2 * i + 3]} << 32 | words[2 * i + 2];
    const double size = (static_cast<double>(size_bits >> 11) + 0.5) * 0x1p-53;
    const NormalPair<double> pair(size, unit_f64(turn_bits));
    out[i] = pair.first;
    out[i + 1] = pair.second;
  }
}

template <int bytes>
const RandomKernels &make_random_kernels() {
  static constexpr RandomKernels kernels = {random_words<bytes>, random_uniform_f32<bytes>, random_uniform_f64<bytes>,
                                            random_normal_f32<bytes>, random_normal_f64<bytes>};
  return kernels;
}

}  // namespace penstock::core
