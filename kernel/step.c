// The optimizer's fused step. Runs inside a memory that may be TF.js's own wasm heap: no data, no stack, no globals;
// every pointer comes from the caller.
#include "tensor_lstm.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

// Sum of squares of a block. Any NaN, infinity or overflow shows in it.
INLINE float block_squares(const float *x, int i, int end) {
  v4 a = splat(0), b = a;
  for (; i + 8 <= end; i += 8) {
    const v4 p = load(x + i), q = load(x + i + 4);
    a += p * p;
    b += q * q;
  }
  a += b;
  float rest = 0;
  for (; i < end; i++) rest += x[i] * x[i];
  return sum4(a) + rest;
}
INLINE int block_end(int start, int n) { return n - start < TL_BLOCK ? n : start + TL_BLOCK; }

// Sum of squares into *out, in doubles per block so that no size loses digits.
EXPORT(sumSquares) void export_sum_squares(const float *x, int n, double *out) {
  double total = 0;
  for (int start = 0; start < n; start += TL_BLOCK) total += block_squares(x, start, block_end(start, n));
  *out = total;
}

// Global features of a step into x; the guard into s->guard. `s` is a tl_step laid out by the caller.
EXPORT(beginStep) void begin_step(const float *theta, float *loss_slots, tl_step *s, float *x) {
  s->guard = tl_global(theta, loss_slots, s, x);
}
EXPORT(scratchFloats) int step_scratch_floats(void) { return 4 * TL_NUM_HIDDEN + K_SIZE; }
EXPORT(rmsFloor) float rms_floor(double initial_mean_square) { return tl_floor(initial_mean_square); }
EXPORT(tensorSnr) float tensor_snr(const float *tensor_slots) { return tl_tensor_snr(tensor_slots); }

// Until the pass over the parameters, whose coefficients are then in scratch. sums holds the gradient's sum of squares and, for a
// new variable, the parameter's.
EXPORT(beginTensor) NOINLINE void begin_tensor(const float *theta, const tl_step *s, float *tensor_slots, int n, int rank, int last, float gradient_scale,
                                               float *x, float *scratch, const double *sums) {
  float *K = scratch + 4 * TL_NUM_HIDDEN;
  tl_tensor(theta, s, tensor_slots, sums[0], sums[1], n, rank, last, gradient_scale, x, scratch, K);
  tl_fold(theta, K);
}

// The parameters from start, which begins a block, to stop, from p to out. The sums of a block are added to S_SIZE doubles;
// those of the next block are `stride` doubles further.
static NOINLINE void apply_range(const float *theta, float *slots, const float *p, const float *g, float *out, int n, const float *scratch, int start, int stop,
                           double *sums, int stride) {
  for (; start < stop; start += TL_BLOCK, sums += stride)
    tl_apply_block(p, out, g, slots, slots + n, slots + 2 * (long)n, start, block_end(start, n), theta, scratch + 4 * TL_NUM_HIDDEN, sums);
}

// One tensor: LSTM, then all its parameters from p to out. sums is scratch of S_SIZE doubles and holds, on entry,
// the gradient's sum of squares and, for a new variable, the parameter's.
EXPORT(stepTensor) void step_tensor(const float *theta, const tl_step *s, float *tensor_slots, float *slots, const float *p, const float *g,
                                    float *out, int n, int rank, int last, float gradient_scale, float *x, float *scratch, double *sums) {
  const double gg = sums[0];
#ifdef TL_FRESH_STATISTICS
  tl_look_ahead(tensor_slots, g, slots, gg, n);
#endif
  begin_tensor(theta, s, tensor_slots, n, rank, last, gradient_scale, x, scratch, sums);
  for (int i = 0; i < S_SIZE; i++) sums[i] = 0;
  apply_range(theta, slots, p, g, out, n, scratch, 0, n, sums, 0);
  tl_finish(tensor_slots, sums, gg * gradient_scale * gradient_scale, n);
}

// The same for a tensor that threads share: the sums of each block go to a place of its own and are added up in the blocks'
// order, as above; so it makes no difference who computes which block.
EXPORT(blockFloats) int block_floats(void) { return TL_BLOCK; }
EXPORT(sumSquaresBlocks) void sum_squares_blocks(const float *x, int n, double *block_sums, int start, int stop) {
  for (; start < stop; start += TL_BLOCK) block_sums[start / TL_BLOCK] = block_squares(x, start, block_end(start, n));
}
EXPORT(addSquares) void add_squares(int n, const double *block_sums, double *out) {
  double total = 0;
  for (int b = 0; b < (n + TL_BLOCK - 1) / TL_BLOCK; b++) total += block_sums[b];
  *out = total;
}
EXPORT(applyBlocks) void apply_blocks(const float *theta, float *slots, const float *p, const float *g, float *out, int n, const float *scratch,
                                      double *block_sums, int start, int stop) {
  double *sums = block_sums + start / TL_BLOCK * S_SIZE, *end = block_sums + (stop + TL_BLOCK - 1) / TL_BLOCK * S_SIZE;
  for (double *sum = sums; sum < end; sum++) *sum = 0;
  apply_range(theta, slots, p, g, out, n, scratch, start, stop, sums, S_SIZE);
}
EXPORT(finishTensor) void finish_tensor(float *tensor_slots, int n, float gradient_scale, const double *block_sums, double *sums) {
  const double gg = sums[0];
  for (int i = 0; i < S_SIZE; i++) sums[i] = 0;
  for (int b = 0; b < (n + TL_BLOCK - 1) / TL_BLOCK; b++) for (int i = 0; i < S_SIZE; i++) sums[i] += block_sums[b * S_SIZE + i];
  tl_finish(tensor_slots, sums, gg * gradient_scale * gradient_scale, n);
}
