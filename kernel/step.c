// The optimizer's fused step. Runs inside a memory that may be TF.js's own wasm heap: no data, no stack, no globals;
// every pointer comes from the caller.
#include "tensor_lstm.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

// Sum of squares into *out, in doubles per block so that no size loses digits. Any NaN, infinity or overflow shows in it.
static void sum_squares(const float *x, int n, double *out) {
  double total = 0;
  for (int start = 0; start < n; start += TL_BLOCK) {
    const int end = n - start < TL_BLOCK ? n : start + TL_BLOCK;
    v4 a = splat(0), b = a;
    int i = start;
    for (; i + 8 <= end; i += 8) {
      const v4 p = load(x + i), q = load(x + i + 4);
      a += p * p;
      b += q * q;
    }
    a += b;
    float rest = 0;
    for (; i < end; i++) rest += x[i] * x[i];
    total += sum4(a) + rest;
  }
  *out = total;
}
EXPORT(sumSquares) void export_sum_squares(const float *x, int n, double *out) { sum_squares(x, n, out); }

// Global features of a step into x; the guard into s->guard. `s` is a tl_step laid out by the caller.
EXPORT(beginStep) void begin_step(const float *theta, float *loss_slots, tl_step *s, float *x) {
  s->guard = tl_global(theta, loss_slots, s, x);
}
EXPORT(scratchFloats) int step_scratch_floats(void) { return 4 * TL_NUM_HIDDEN + K_SIZE; }
EXPORT(rmsFloor) float rms_floor(double initial_mean_square) { return tl_floor(initial_mean_square); }
EXPORT(tensorSnr) float tensor_snr(const float *tensor_slots) { return tl_tensor_snr(tensor_slots); }

// One tensor: LSTM, then all its parameters from p to out. sums is scratch of S_SIZE doubles and holds, on entry,
// the gradient's sum of squares and, for a new variable, the parameter's.
EXPORT(stepTensor) void step_tensor(const float *theta, const tl_step *s, float *tensor_slots, float *slots, const float *p, const float *g,
                                    float *out, int n, int rank, int last, float gradient_scale, float *x, float *scratch, double *sums) {
  float *z = scratch, *K = scratch + 4 * TL_NUM_HIDDEN;
  const double gg = sums[0];
#ifdef TL_FRESH_STATISTICS
  tl_look_ahead(tensor_slots, g, slots, gg, n);
#endif
  tl_tensor(theta, s, tensor_slots, gg, sums[1], n, rank, last, gradient_scale, x, z, K);
  tl_apply(p, out, g, slots, n, theta, K, sums);
  tl_finish(tensor_slots, sums, gg * gradient_scale * gradient_scale, n);
}
