// The rule lstm-dm: see src/rules/lstm-dm.ts. It knows coordinates alone, so that all parameters are one array to it.
#ifndef L2O_LSTM_DM_H
#define L2O_LSTM_DM_H
#include "deep_lstm.h"
#include "lstm_dm_layout.h"

enum { LSTM_DM_NUM_FEATURES = LSTM_DM_ROWS_gateKernel1 - DEEP_LSTM_UNITS };

static long lstm_dm_slot_floats(int n) { return (long)DEEP_LSTM_ROWS * padded_lanes(n); }

INLINE v4 lstm_dm_logarithm(v4 g) {
  return vmax(vlog(vmax(g, -g) + LSTM_DM_EPSILON) / LSTM_DM_RANGE, splat(-1));
}
INLINE v4 lstm_dm_sign(v4 g) { return vclamp(g * LSTM_DM_EXP_RANGE, -1, 1); }

// One step of n coordinates; the slots start as zeros.
static void lstm_dm_step(const float *theta, float *p, const float *g, float *slots, int n, float learning_rate, float weight_decay) {
  const deep_lstm w = DEEP_LSTM_OF(LSTM_DM, theta);
  const float rate = LSTM_DM_SCALE * learning_rate, decay = smin(1, rate * weight_decay);
  float x[(LSTM_DM_NUM_FEATURES + DEEP_LSTM_UNITS) * LANES];
  for (int i = 0; i < n; i += LANES, slots += DEEP_LSTM_ROWS * LANES) {
    const int count = n - i < LANES ? n - i : LANES;
    const lanes gradient = lanes_read(g + i, count);
    lanes_store(x, (lanes){lstm_dm_logarithm(gradient.a), lstm_dm_logarithm(gradient.b)});
    lanes_store(x + LANES, (lanes){lstm_dm_sign(gradient.a), lstm_dm_sign(gradient.b)});
    const lanes output = deep_lstm_step(&w, x, LSTM_DM_NUM_FEATURES, slots), old = lanes_read(p + i, count);
    lanes_write(p + i, (lanes){old.a + (output.a * rate - old.a * decay), old.b + (output.b * rate - old.b * decay)}, count);
  }
}
#endif
