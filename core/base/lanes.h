// Several numbers side by side, computed on at once: what a kernel over many worlds is written in.
//
// Lanes<float, 8> is eight floats; Lanes<float, 1> is one, so that the scalar kernel and a GPU's are the same source.  Every
// operation is exact lane by lane: the same bits at each width, since contraction is off everywhere (PenstockCompile.cmake).
// A width whose vectors the target lacks compiles too, to narrower ones.
//
// Everything is inlined into its caller, so that code compiled for a newer CPU never leaks into what runs on an older one.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/base/host_device.h"

#ifdef __CUDACC__
#define PS_LANES_INLINE PS_HD __forceinline__
#else
#define PS_LANES_INLINE inline __attribute__((always_inline))
#endif
#ifdef __CUDACC__
#define PS_LANES_INLINE_LAMBDA
#else
#define PS_LANES_INLINE_LAMBDA __attribute__((always_inline))
#endif

namespace penstock::core {

template <typename Number, int width>
struct VectorOf {
  using type __attribute__((vector_size(sizeof(Number) * width))) = Number;
};
template <typename Number>
struct VectorOf<Number, 1> {
  using type = Number;
};

// The signed integer that a comparison of Numbers gives in each lane: all ones or zero.
template <typename Number>
using TruthOf = std::conditional_t<sizeof(Number) == 8, int64_t, int32_t>;

// One truth a lane, beside Lanes<Number, width>.
template <typename Number, int width>
struct LaneMask {
  using Vector = typename VectorOf<TruthOf<Number>, width>::type;
  Vector vector;

  PS_LANES_INLINE LaneMask operator&(LaneMask other) const { return {vector & other.vector}; }
  PS_LANES_INLINE LaneMask operator|(LaneMask other) const { return {vector | other.vector}; }
  PS_LANES_INLINE LaneMask operator!() const { return {~vector}; }

  // Whether one lane is true at least.
  PS_LANES_INLINE bool any() const {
    if constexpr (width == 1) {
      return vector != 0;
    } else {
      LaneMask<Number, width / 2> halves[2];
      std::memcpy(static_cast<void *>(halves), &vector, sizeof(halves));
      return (halves[0] | halves[1]).any();
    }
  }
  PS_LANES_INLINE bool all() const { return !(!*this).any(); }

  // Writes width bytes of 0 or 1.
  PS_LANES_INLINE void store(bool *to) const {
    if constexpr (width == 1) {
      *to = vector != 0;
    } else {
      using Bytes = typename VectorOf<int8_t, width>::type;
      const Bytes bytes = __builtin_convertvector(vector, Bytes) & 1;
      std::memcpy(static_cast<void *>(to), &bytes, sizeof(bytes));
    }
  }
};

template <typename Number, int width>
struct Lanes {
  using Vector = typename VectorOf<Number, width>::type;
  using Mask = LaneMask<Number, width>;
  Vector vector;

  Lanes() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a number means itself in every lane
  PS_LANES_INLINE Lanes(Number number) : vector(broadcast(number)) {}

  static PS_LANES_INLINE Lanes of(Vector vector) {
    Lanes made;
    made.vector = vector;
    return made;
  }
  static PS_LANES_INLINE Lanes load(const Number *from) {
    Lanes made;
    std::memcpy(&made.vector, from, sizeof(made.vector));
    return made;
  }
  // Reads width numbers of another type, each converted as static_cast does.
  template <typename Other>
  static PS_LANES_INLINE Lanes load_as(const Other *from) {
    if constexpr (width == 1) {
      return Lanes(static_cast<Number>(*from));
    } else {
      return Lanes<Other, width>::load(from).template to<Number>();
    }
  }
  PS_LANES_INLINE void store(Number *to) const { std::memcpy(to, &vector, sizeof(vector)); }
  template <typename Other>
  PS_LANES_INLINE void store_as(Other *to) const {
    this->template to<Other>().store(to);
  }
  template <typename Other>
  PS_LANES_INLINE Lanes<Other, width> to() const {
    if constexpr (std::is_same_v<Other, Number>) {
      return *this;
    } else if constexpr (width == 1) {
      return Lanes<Other, 1>(static_cast<Other>(vector));
    } else {
      return Lanes<Other, width>::of(__builtin_convertvector(vector, typename Lanes<Other, width>::Vector));
    }
  }

  friend PS_LANES_INLINE Lanes operator+(Lanes a, Lanes b) { return of(a.vector + b.vector); }
  friend PS_LANES_INLINE Lanes operator-(Lanes a, Lanes b) { return of(a.vector - b.vector); }
  friend PS_LANES_INLINE Lanes operator*(Lanes a, Lanes b) { return of(a.vector * b.vector); }
  friend PS_LANES_INLINE Lanes operator/(Lanes a, Lanes b) { return of(a.vector / b.vector); }
  PS_LANES_INLINE Lanes operator-() const { return of(-vector); }

  // Of integers only.
  friend PS_LANES_INLINE Lanes operator&(Lanes a, Lanes b) { return of(a.vector & b.vector); }
  friend PS_LANES_INLINE Lanes operator|(Lanes a, Lanes b) { return of(a.vector | b.vector); }
  friend PS_LANES_INLINE Lanes operator^(Lanes a, Lanes b) { return of(a.vector ^ b.vector); }
  friend PS_LANES_INLINE Lanes operator<<(Lanes a, int count) { return of(a.vector << count); }  // count below the bits

  friend PS_LANES_INLINE Mask operator<(Lanes a, Lanes b) { return truth(a.vector < b.vector); }
  friend PS_LANES_INLINE Mask operator<=(Lanes a, Lanes b) { return truth(a.vector <= b.vector); }
  friend PS_LANES_INLINE Mask operator>(Lanes a, Lanes b) { return truth(a.vector > b.vector); }
  friend PS_LANES_INLINE Mask operator>=(Lanes a, Lanes b) { return truth(a.vector >= b.vector); }
  friend PS_LANES_INLINE Mask operator==(Lanes a, Lanes b) { return truth(a.vector == b.vector); }
  friend PS_LANES_INLINE Mask operator!=(Lanes a, Lanes b) { return truth(a.vector != b.vector); }

 private:
  static PS_LANES_INLINE Vector broadcast(Number number) {
    if constexpr (width == 1) {
      return number;
    } else {
      return number - Vector{};  // -0 - 0 is -0: every number survives
    }
  }
  template <typename Comparison>
  static PS_LANES_INLINE Mask truth(Comparison comparison) {
    if constexpr (width == 1) {
      return {static_cast<TruthOf<Number>>(-static_cast<int>(comparison))};
    } else {
      return {comparison};
    }
  }
};

// In each lane the first where mask is true, else the second.
template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> select(LaneMask<Number, width> mask, Lanes<Number, width> where_true,
                                            Lanes<Number, width> where_false) {
  if constexpr (width == 1) {
    return mask.vector != 0 ? where_true : where_false;
  } else {
    return Lanes<Number, width>::of(mask.vector ? where_true.vector : where_false.vector);
  }
}

// The bits of one kind of lane as another of the same size.
template <typename To, typename From, int width>
PS_LANES_INLINE Lanes<To, width> bit_cast_lanes(Lanes<From, width> from) {
  static_assert(sizeof(To) == sizeof(From));
  Lanes<To, width> to;
  std::memcpy(&to.vector, &from.vector, sizeof(to.vector));
  return to;
}

// As C++'s min, max and clamp: where a comparison is false, NaN's among them, the first.
template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> minimum(Lanes<Number, width> a, Lanes<Number, width> b) {
  return select(b < a, b, a);
}
template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> maximum(Lanes<Number, width> a, Lanes<Number, width> b) {
  return select(a < b, b, a);
}
template <typename Number, int width>
PS_LANES_INLINE Lanes<Number, width> clamp(Lanes<Number, width> a, Lanes<Number, width> low,
                                           Lanes<Number, width> high) {
  return minimum(maximum(a, low), high);
}

}  // namespace penstock::core
