// Sums in a fixed order, as quick as elements are read: what the statistics of normalization are made of.
#pragma once

#include <cstdint>

#include "core/base/lanes.h"

namespace penstock::core::nn {

// How many elements are computed on at once.
template <int count>
struct Width {
  static constexpr int value = count;
};

// The terms of some sums, at one place.
template <typename Element, int width, int kinds>
struct Terms {
  Lanes<Element, width> term[kinds];
};

// As many sums as kinds, over the same places.  The element at place i of a stretch goes to lane i % side of its sum,
// however wide vectors are; a stretch's lanes are added in a tree, and stretches in double.  So the bits depend on how many
// terms were added in which calls, and on nothing else.
template <int bytes, typename Element, int kinds>
class Sums {
  static constexpr int side = 128 / static_cast<int>(sizeof(Element));
  static constexpr int width = bytes / static_cast<int>(sizeof(Element));
  static constexpr int vectors = side / width;
  static constexpr int64_t stretch = 2048;  // short enough for float32's digits

 public:
  PS_LANES_INLINE Sums() {
    for (int kind = 0; kind < kinds; ++kind) totals_[kind] = 0;
    clear();
  }

  // terms_at(index, Width) gives the Terms of so many places from index on.
  template <typename TermsAt>
  PS_LANES_INLINE void add(int64_t count, const TermsAt &terms_at) {
    for (int64_t index = 0; index < count;) {
      const int64_t left = stretch - added_, rest = count - index, length = left < rest ? left : rest;
      add_stretch(index, index + length, terms_at);
      index += length;
      added_ += length;
      if (added_ == stretch) finish_stretch();
    }
  }

  PS_LANES_INLINE double total(int kind) {
    if (added_ > 0) finish_stretch();
    return totals_[kind];
  }

 private:
  PS_LANES_INLINE void clear() {
    added_ = 0;
    for (int kind = 0; kind < kinds; ++kind)
      for (int lane = 0; lane < side; ++lane) lanes_[kind][lane] = 0;
  }

  template <typename TermsAt>
  PS_LANES_INLINE void add_stretch(int64_t index, int64_t end, const TermsAt &terms_at) {
    if (end - index >= side) {
      Lanes<Element, width> running[kinds][vectors];
      for (int kind = 0; kind < kinds; ++kind)
        for (int vector = 0; vector < vectors; ++vector)
          running[kind][vector] = Lanes<Element, width>::load(lanes_[kind] + vector * width);
      for (; end - index >= side; index += side)
        for (int vector = 0; vector < vectors; ++vector) {
          const Terms<Element, width, kinds> terms = terms_at(index + int64_t{vector} * width, Width<width>());
          for (int kind = 0; kind < kinds; ++kind) running[kind][vector] = running[kind][vector] + terms.term[kind];
        }
      for (int kind = 0; kind < kinds; ++kind)
        for (int vector = 0; vector < vectors; ++vector) running[kind][vector].store(lanes_[kind] + vector * width);
    }
    add_rest<width>(index, end, 0, terms_at);
  }

  // Fewer than side terms: in ever narrower vectors.
  template <int part, typename TermsAt>
  PS_LANES_INLINE void add_rest(int64_t index, int64_t end, int lane, const TermsAt &terms_at) {
    for (; end - index >= part; index += part, lane += part) {
      const Terms<Element, part, kinds> terms = terms_at(index, Width<part>());
      for (int kind = 0; kind < kinds; ++kind)
        (Lanes<Element, part>::load(lanes_[kind] + lane) + terms.term[kind]).store(lanes_[kind] + lane);
    }
    if constexpr (part > 1) add_rest<part / 2>(index, end, lane, terms_at);
  }

  PS_LANES_INLINE void finish_stretch() {
    for (int kind = 0; kind < kinds; ++kind) {
      join_halves<side / 2>(lanes_[kind]);
      totals_[kind] += static_cast<double>(lanes_[kind][0]);
    }
    clear();
  }

  template <int half>
  PS_LANES_INLINE void join_halves(Element *lanes) {
    constexpr int part = half < width ? half : width;
    for (int lane = 0; lane < half; lane += part)
      (Lanes<Element, part>::load(lanes + lane) + Lanes<Element, part>::load(lanes + half + lane)).store(lanes + lane);
    if constexpr (half > 1) join_halves<half / 2>(lanes);
  }

  Element lanes_[kinds][side];
  double totals_[kinds];
  int64_t added_ = 0;  // to the stretch that lanes_ is of
};

// The sum of one term.
template <int bytes, typename Element, typename TermAt>
PS_LANES_INLINE double sum_of(int64_t count, const TermAt &term_at) {
  Sums<bytes, Element, 1> sums;
  sums.add(count, [&](int64_t index, auto width) PS_LANES_INLINE_LAMBDA {
    return Terms<Element, decltype(width)::value, 1>{{term_at(index, width)}};
  });
  return sums.total(0);
}

}  // namespace penstock::core::nn
