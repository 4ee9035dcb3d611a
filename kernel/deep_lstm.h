// Two LSTM layers and a linear one with a single output, on eight coordinates at once: see src/rules/deep-lstm.ts.
#ifndef L2O_DEEP_LSTM_H
#define L2O_DEEP_LSTM_H
#include "deep_lstm_layout.h"
#include "lanes.h"

typedef struct { const float *kernel1, *bias1, *kernel2, *bias2, *output_kernel, *output_bias; } deep_lstm;
#define DEEP_LSTM_OF(PREFIX, theta) ((deep_lstm){ \
  (theta) + PREFIX##_OFFSET_gateKernel1, (theta) + PREFIX##_OFFSET_gateBias1, (theta) + PREFIX##_OFFSET_gateKernel2, \
  (theta) + PREFIX##_OFFSET_gateBias2, (theta) + PREFIX##_OFFSET_outputKernel, (theta) + PREFIX##_OFFSET_outputBias})

// State of eight coordinates, in rows of eight. The outputs h stand next to each other: together they are the second
// layer's input.
enum {
  DEEP_LSTM_H1 = 0, DEEP_LSTM_H2 = DEEP_LSTM_UNITS, DEEP_LSTM_C1 = 2 * DEEP_LSTM_UNITS, DEEP_LSTM_C2 = 3 * DEEP_LSTM_UNITS,
  DEEP_LSTM_ROWS = 4 * DEEP_LSTM_UNITS
};

// x holds `inputs` rows and then the layer's own last output h, which is replaced; so is its cell c.
static NOINLINE void deep_lstm_layer(const float *kernel, const float *bias, const float *x, int rows, float *h, float *c) {
  float next[DEEP_LSTM_UNITS * LANES];
  for (int j = 0; j < DEEP_LSTM_UNITS; j++) {
    lanes z[4];
    for (int gate = 0; gate < 4; gate++) z[gate] = lanes_splat(bias[gate * DEEP_LSTM_UNITS + j]);
    lanes_dot(z, 4, x, rows, kernel + j, 4 * DEEP_LSTM_UNITS, DEEP_LSTM_UNITS);
    const lanes old = lanes_load(c + j * LANES);
    lanes cell, output;
#define CELL(u) \
    cell.u = vsigmoid(z[2].u + DEEP_LSTM_FORGET_BIAS) * old.u + vsigmoid(z[0].u) * vtanh(z[1].u); \
    output.u = vsigmoid(z[3].u) * vtanh(cell.u);
    CELL(a)
    CELL(b)
#undef CELL
    lanes_store(c + j * LANES, cell);
    lanes_store(next + j * LANES, output);
  }
  for (int i = 0; i < DEEP_LSTM_UNITS * LANES; i += 4) store(h + i, load(next + i));
}

// x holds `inputs` rows, with room for DEEP_LSTM_UNITS more behind them.
INLINE lanes deep_lstm_step(const deep_lstm *w, float *x, int inputs, float *slots) {
  for (int i = 0; i < DEEP_LSTM_UNITS * LANES; i += 4) store(x + inputs * LANES + i, load(slots + DEEP_LSTM_H1 * LANES + i));
  float *h1 = slots + DEEP_LSTM_H1 * LANES, *h2 = slots + DEEP_LSTM_H2 * LANES;
  deep_lstm_layer(w->kernel1, w->bias1, x, inputs + DEEP_LSTM_UNITS, h1, slots + DEEP_LSTM_C1 * LANES);
  deep_lstm_layer(w->kernel2, w->bias2, h1, 2 * DEEP_LSTM_UNITS, h2, slots + DEEP_LSTM_C2 * LANES);
  lanes output = lanes_splat(*w->output_bias);
  lanes_dot(&output, 1, h2, DEEP_LSTM_UNITS, w->output_kernel, 1, 1);
  return output;
}
#endif
