// One floating-point number in decimal: the digits that a column of them is laid out from.
#pragma once

#include <cstdint>
#include <string>

#include "core/tensor/dtype.h"

namespace penstock::core {

// "-12", "5" and "" for -12.5; "1", "25" and "+03" for 1250 in scientific form.  The point between whole and fraction,
// and the 'e' before exponent, are left out.
struct NumberText {
  std::string whole;     // with the sign of a negative number, -0 too
  std::string fraction;  // empty for none
  std::string exponent;  // its sign and at least two digits; empty in fixed form
};

// The functions below take a finite number of a floating-point dtype, float8 included, held exactly by a double.
// "Shortest digits" are the fewest that read back as that number in dtype, and of those the nearest to it.

// The power of ten of the first of the shortest digits: 1 for 12.5, 0 for 0.
int32_t decimal_exponent(double value, DType dtype);

// The shortest digits where 1 to precision of them stand after the point; else the exact value rounded there, ties to
// even: a whole number has all its digits, 448 too in float8_e4m3fn, where 450 would read back as it.  fraction does
// not end in a zero.
NumberText fixed_text(double value, DType dtype, int32_t precision);

// The shortest digits where fewest to most of them stand after the point; else the exact value rounded at the nearer of
// these limits, ties to even, but to a decimal that reads back where one of so many digits does.  Zeros at the end of
// fraction beyond fewest are left out.
NumberText scientific_text(double value, DType dtype, int32_t fewest, int32_t most);

}  // namespace penstock::core
