// The rule rnnprop: see src/rules/rnnprop.ts. It knows coordinates alone, so that all parameters are one array to it.
#ifndef L2O_RNNPROP_H
#define L2O_RNNPROP_H
#include "deep_lstm.h"
#include "rnnprop_layout.h"
#include "tensor_lstm.h"

// Rows of the state of eight coordinates: the stack's, then both moments.
enum { RNNPROP_M = DEEP_LSTM_ROWS, RNNPROP_V, RNNPROP_ROWS };

static long rnnprop_slot_floats(int n) { return (long)RNNPROP_ROWS * padded_lanes(n); }

INLINE v4 rnnprop_elu(v4 z) { return vmax(z, splat(0)) + vmin(vexp(vmin(z, splat(0))) - 1.0f, splat(0)); }

// One step of n coordinates at the run's step `time`; the slots start as zeros.
static void rnnprop_step(const float *theta, float *p, const float *g, float *slots, int n, int time, float learning_rate, float weight_decay) {
  const deep_lstm w = DEEP_LSTM_OF(RNNPROP, theta);
  const float *kernel = theta + RNNPROP_OFFSET_inputKernel, *bias = theta + RNNPROP_OFFSET_inputBias;
  const float bias1 = tl_bias(RNNPROP_BETA1, time + 1), bias2 = tl_bias(RNNPROP_BETA2, time + 1);
  const float rate = RNNPROP_SCALE * learning_rate, decay = smin(1, rate * weight_decay);
  float features[RNNPROP_ROWS_inputKernel * LANES], x[2 * DEEP_LSTM_UNITS * LANES];
  for (int i = 0; i < n; i += LANES, slots += RNNPROP_ROWS * LANES) {
    const int count = n - i < LANES ? n - i : LANES;
    const lanes gradient = lanes_read(g + i, count);
    lanes m = lanes_load(slots + RNNPROP_M * LANES), v = lanes_load(slots + RNNPROP_V * LANES), direction, relative;
#define MOMENTS(u) { \
      m.u = m.u * (float)RNNPROP_BETA1 + gradient.u * (float)(1 - RNNPROP_BETA1); \
      v.u = v.u * (float)RNNPROP_BETA2 + gradient.u * gradient.u * (float)(1 - RNNPROP_BETA2); \
      const v4 size = vsqrt(v.u / bias2) + RNNPROP_EPSILON; \
      direction.u = m.u / bias1 / size; \
      relative.u = gradient.u / size; \
    }
    MOMENTS(a)
    MOMENTS(b)
#undef MOMENTS
    lanes_store(slots + RNNPROP_M * LANES, m);
    lanes_store(slots + RNNPROP_V * LANES, v);
    lanes_store(features, direction);
    lanes_store(features + LANES, relative);
    for (int j = 0; j < DEEP_LSTM_UNITS; j++) {
      lanes z = lanes_splat(bias[j]);
      lanes_dot(&z, 1, features, RNNPROP_ROWS_inputKernel, kernel + j, DEEP_LSTM_UNITS, 1);
      lanes_store(x + j * LANES, (lanes){rnnprop_elu(z.a), rnnprop_elu(z.b)});
    }
    const lanes output = deep_lstm_step(&w, x, DEEP_LSTM_UNITS, slots), old = lanes_read(p + i, count);
    lanes_write(p + i, (lanes){old.a + (vtanh(output.a) * rate - old.a * decay), old.b + (vtanh(output.b) * rate - old.b * decay)}, count);
  }
}
#endif
