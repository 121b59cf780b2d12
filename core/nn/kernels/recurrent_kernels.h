// What one time step of an LSTM or a GRU does beside its products of matrices, compiled for each width of vectors.
//
// Every array is row-major, a row a sample; what has a gate in its name has the gates' units side by side in a row.  The
// widths give the same bits.
#pragma once

#include <cstdint>

#include "core/base/lanes.h"
#include "core/ops/kernels/exponential.h"
#include "core/ops/kernels/loops.h"

namespace penstock::core::nn {

template <typename Element>
struct RecurrentForward {
  int64_t rows, units;
  Element *gates;            // the input's products; becomes the gates' values
  const Element *recurrent;  // the products of the hidden state before
  const Element *bias;  // a row; of a GRU the last gate's two: the input's, then behind the gates the hidden state's
  const Element *hidden_before;
  Element *hidden;
  const Element *cell_before;  // LSTM's alone
  Element *cell;               // likewise
  // LSTM: tanh of the cell.  GRU: what the reset gate is multiplied by.
  Element *extra;
};

template <typename Element>
struct RecurrentBackward {
  int64_t rows, units;
  const Element *gates;
  const Element *hidden_before, *cell_before, *extra;
  const Element *hidden_gradient;
  // What goes back to the step before other than through the products: LSTM: the cell's gradient; GRU: the hidden state's,
  // which belongs to hidden_gradient too.
  Element *carried;
  Element *input_gradient;      // of the input's products
  Element *recurrent_gradient;  // of the hidden state's; GRU's alone, the LSTM's are the input's
};

template <typename Element>
struct RecurrentKernels {
  void (*forward)(const RecurrentForward<Element> &step);
  void (*backward)(const RecurrentBackward<Element> &step);
};

enum class RecurrentCell { lstm, gru };

template <typename Element>
RecurrentKernels<Element> recurrent_kernels_16(RecurrentCell cell);
template <typename Element>
RecurrentKernels<Element> recurrent_kernels_32(RecurrentCell cell);
template <typename Element>
RecurrentKernels<Element> recurrent_kernels_64(RecurrentCell cell);

// ---------------------------------------------------------------------------------------------------------------------
// How they are computed.

template <typename Element>
PS_LANES_INLINE Element logistic(Element x) {
  return Element{1} / (Element{1} + vectorised::Exponential::apply(-x));
}

template <int bytes, typename Element>
PS_FLATTEN void lstm_forward(const RecurrentForward<Element> &step) {
  const int64_t units = step.units;
  const Element *bias = step.bias;
  for (int64_t row = 0; row < step.rows; ++row) {
    Element *gates = step.gates + row * 4 * units;
    const Element *recurrent = step.recurrent + row * 4 * units;
    const Element *cell_before = step.cell_before + row * units;
    Element *cell = step.cell + row * units, *extra = step.extra + row * units, *hidden = step.hidden + row * units;
    PS_INDEPENDENT
    for (int64_t unit = 0; unit < 3 * units; ++unit) gates[unit] += recurrent[unit] + bias[unit];
    PS_INDEPENDENT
    for (int64_t unit = 0; unit < 2 * units; ++unit) gates[unit] = logistic(gates[unit]);
    PS_INDEPENDENT
    for (int64_t unit = 0; unit < units; ++unit) {
      const int64_t output_gate = 3 * units + unit;
      const Element candidate = vectorised::HyperbolicTangent::apply(gates[2 * units + unit]);
      const Element opening = logistic(gates[output_gate] + (recurrent[output_gate] + bias[output_gate]));
      const Element content = gates[units + unit] * cell_before[unit] + gates[unit] * candidate;
      const Element shown = vectorised::HyperbolicTangent::apply(content);
      gates[2 * units + unit] = candidate;
      gates[output_gate] = opening;
      cell[unit] = content;
      extra[unit] = shown;
      hidden[unit] = opening * shown;
    }
  }
}

template <int bytes, typename Element>
PS_FLATTEN void lstm_backward(const RecurrentBackward<Element> &step) {
  constexpr Element one{1};
  const int64_t units = step.units;
  for (int64_t row = 0; row < step.rows; ++row) {
    const Element *gates = step.gates + row * 4 * units, *shown = step.extra + row * units;
    const Element *cell_before = step.cell_before + row * units;
    const Element *hidden_gradient = step.hidden_gradient + row * units;
    Element *carried = step.carried + row * units, *gradient = step.input_gradient + row * 4 * units;
    PS_INDEPENDENT
    for (int64_t unit = 0; unit < units; ++unit) {
      const Element input = gates[unit], forget = gates[units + unit];
      const Element candidate = gates[2 * units + unit], opening = gates[3 * units + unit];
      const Element of_hidden = hidden_gradient[unit];
      const Element of_cell = carried[unit] + of_hidden * opening * (one - shown[unit] * shown[unit]);
      gradient[unit] = of_cell * candidate * input * (one - input);
      gradient[units + unit] = of_cell * cell_before[unit] * forget * (one - forget);
      gradient[2 * units + unit] = of_cell * input * (one - candidate * candidate);
      gradient[3 * units + unit] = of_hidden * shown[unit] * opening * (one - opening);
      carried[unit] = of_cell * forget;
    }
  }
}

template <int bytes, typename Element>
PS_FLATTEN void gru_forward(const RecurrentForward<Element> &step) {
  const int64_t units = step.units;
  const Element *bias = step.bias;
  for (int64_t row = 0; row < step.rows; ++row) {
    Element *gates = step.gates + row * 3 * units;
    const Element *recurrent = step.recurrent + row * 3 * units;
    const Element *hidden_before = step.hidden_before + row * units;
    Element *extra = step.extra + row * units, *hidden = step.hidden + row * units;
    PS_INDEPENDENT
    for (int64_t unit = 0; unit < 2 * units; ++unit)
      gates[unit] = logistic(gates[unit] + (recurrent[unit] + bias[unit]));
    PS_INDEPENDENT
    for (int64_t unit = 0; unit < units; ++unit) {
      const Element scaled = recurrent[2 * units + unit] + bias[3 * units + unit], update = gates[units + unit];
      const Element candidate =
          vectorised::HyperbolicTangent::apply(gates[2 * units + unit] + bias[2 * units + unit] + gates[unit] * scaled);
      extra[unit] = scaled;
      gates[2 * units + unit] = candidate;
      hidden[unit] = candidate + update * (hidden_before[unit] - candidate);
    }
  }
}

template <int bytes, typename Element>
PS_FLATTEN void gru_backward(const RecurrentBackward<Element> &step) {
  constexpr Element one{1};
  const int64_t units = step.units;
  for (int64_t row = 0; row < step.rows; ++row) {
    const Element *gates = step.gates + row * 3 * units, *scaled = step.extra + row * units;
    const Element *hidden_before = step.hidden_before + row * units;
    const Element *hidden_gradient = step.hidden_gradient + row * units;
    Element *carried = step.carried + row * units, *gradient = step.input_gradient + row * 3 * units;
    Element *recurrent_gradient = step.recurrent_gradient + row * 3 * units;
    PS_INDEPENDENT
    for (int64_t unit = 0; unit < units; ++unit) {
      const Element reset = gates[unit], update = gates[units + unit], candidate = gates[2 * units + unit];
      const Element of_hidden = hidden_gradient[unit] + carried[unit];
      const Element of_candidate = of_hidden * (one - update) * (one - candidate * candidate);
      const Element of_reset = of_candidate * scaled[unit] * reset * (one - reset);
      const Element of_update = of_hidden * (hidden_before[unit] - candidate) * update * (one - update);
      gradient[unit] = of_reset;
      gradient[units + unit] = of_update;
      gradient[2 * units + unit] = of_candidate;
      recurrent_gradient[unit] = of_reset;
      recurrent_gradient[units + unit] = of_update;
      recurrent_gradient[2 * units + unit] = of_candidate * reset;
      carried[unit] = of_hidden * update;
    }
  }
}

template <int bytes, typename Element>
RecurrentKernels<Element> make_recurrent_kernels(RecurrentCell cell) {
  if (cell == RecurrentCell::lstm) return {lstm_forward<bytes, Element>, lstm_backward<bytes, Element>};
  return {gru_forward<bytes, Element>, gru_backward<bytes, Element>};
}

}  // namespace penstock::core::nn
