// The rule scale: see src/rules/scale/scale.ts. GRUs of parameters (eight at once), of tensors and of all together.
#ifndef L2O_SCALE_H
#define L2O_SCALE_H
#include "lanes.h"
#include "scale_layout.h"

enum {
  SCALE_PU = SCALE_PARAMETER_UNITS, SCALE_TU = SCALE_TENSOR_UNITS, SCALE_GU = SCALE_GLOBAL_UNITS, SCALE_NT = SCALE_NUM_TIMESCALES,
  // Rows of the state of eight parameters.
  SCALE_STATE = 0, SCALE_INPUT_DECAY = SCALE_PU, SCALE_SCALE_DECAY, SCALE_AVERAGES, SCALE_MEAN_SQUARES = SCALE_AVERAGES + SCALE_NT,
  SCALE_ROWS = SCALE_MEAN_SQUARES + SCALE_NT,
  // What a tensor's GRU reads: means of the parameters' states and features.
  SCALE_SUMMARY = SCALE_PU + SCALE_NUM_FEATURES,
  // Features in their order.
  SCALE_PRODUCTS = SCALE_NT, SCALE_RELATIVE = SCALE_PRODUCTS + SCALE_NT - 1, SCALE_RATE = SCALE_RELATIVE + SCALE_NT,
  // Groups of eight between two flushes of float sums into doubles: keeps sums right for any size.
  SCALE_BLOCK = 128,
  // Columns that the parameters' GRU computes at once.
  SCALE_COLUMNS = 5
};
_Static_assert(SCALE_RATE + 1 == SCALE_NUM_FEATURES, "features");
_Static_assert(SCALE_PU % SCALE_COLUMNS == 0, "columns");

// Floats behind the log rates, which stand by themselves, one a parameter.
static long scale_slot_floats(int n) { return (long)SCALE_ROWS * padded_lanes(n); }

// Odd, and exact near 0.
INLINE v4 scale_asinh(v4 x) {
  const v4 y = vmax(x, -x), z = x * x;
  const v4 far = vlog(y + vsqrt(z + 1.0f));
  const v4 near = y + y * z * (-1.0f / 6 + z * (3.0f / 40 + z * (-5.0f / 112 + z * (35.0f / 1152))));
  const i4 small = y < 0.25f, sign = (i4)x & (int)0x80000000;
  return (v4)(((small & (i4)near) | (~small & (i4)far)) | sign) + (x - x);  // the last term lets a NaN through
}

// to[o] = from[o] (or 0) + Σ_i x[i] · kernel[i · outputs + o].
static void scale_affine(float *restrict to, const float *restrict bias, const float *restrict x, int inputs, const float *restrict kernel, int outputs) {
  for (int o = 0; o < outputs; o++) to[o] = bias[o];
  for (int i = 0; i < inputs; i++) for (int o = 0; o < outputs; o++) to[o] += x[i] * kernel[i * outputs + o];
}
// to = link(from): what a level adds to the gates of a lower one.
#define SCALE_LINK(to, theta, name, from, inputs, outputs) \
  scale_affine(to, theta + SCALE_OFFSET_##name##Bias, from, inputs, theta + SCALE_OFFSET_##name##Kernel, outputs)

enum { SCALE_MOST_UNITS = SCALE_TU > SCALE_GU ? SCALE_TU : SCALE_GU, SCALE_MOST_INPUTS = SCALE_SUMMARY > SCALE_TU ? SCALE_SUMMARY : SCALE_TU };
_Static_assert(SCALE_MOST_UNITS % 4 == 0 && SCALE_TU % 4 == 0 && SCALE_GU % 4 == 0, "units by fours");

// One step of a tensor's or of the global GRU; x holds the inputs and has room for `units` more; `bias` (3 · units) or 0
// is added to the gates.
static NOINLINE void scale_gru(const float *gate_kernel, const float *gate_bias, const float *candidate_kernel, const float *candidate_bias,
                      const float *bias, float *x, int inputs, float *state, int units) {
  float gates[2 * SCALE_MOST_UNITS], candidate[SCALE_MOST_UNITS], own[2 * SCALE_MOST_UNITS];
  for (int j = 0; j < units; j++) x[inputs + j] = state[j];
  for (int j = 0; j < 2 * units; j++) own[j] = gate_bias[j] + (bias ? bias[j] : 0);
  scale_affine(gates, own, x, inputs + units, gate_kernel, 2 * units);
  for (int j = 0; j < 2 * units; j += 4) store(gates + j, vsigmoid(load(gates + j)));
  for (int j = 0; j < units; j++) x[inputs + j] = gates[j] * state[j];
  for (int j = 0; j < units; j++) own[j] = candidate_bias[j] + (bias ? bias[2 * units + j] : 0);
  scale_affine(candidate, own, x, inputs + units, candidate_kernel, units);
  for (int j = 0; j < units; j += 4) {
    const v4 new = vtanh(load(candidate + j));
    store(state + j, new + load(gates + units + j) * (load(state + j) - new));
  }
}
#define SCALE_GRU(theta, level, bias, x, inputs, state, units) \
  scale_gru(theta + SCALE_OFFSET_##level##GateKernel, theta + SCALE_OFFSET_##level##GateBias, theta + SCALE_OFFSET_##level##CandidateKernel, \
            theta + SCALE_OFFSET_##level##CandidateBias, bias, x, inputs, state, units)

// States of all tensors and of all together before the first step.
static void scale_begin(const float *theta, float *tensors, int count, float *global) {
  for (int i = 0; i < count * SCALE_TU; i++) tensors[i] = theta[SCALE_OFFSET_initialTensor + i % SCALE_TU];
  for (int j = 0; j < SCALE_GU; j++) global[j] = theta[SCALE_OFFSET_initialGlobal + j];
}

// State of a tensor's parameters before the first step; their log rates are the caller's.
static void scale_begin_tensor(const float *theta, float *slots, int n) {
  for (int i = 0; i < n; i += LANES, slots += SCALE_ROWS * LANES)
    for (int row = 0; row < SCALE_ROWS; row++)
      lanes_store(slots + row * LANES, lanes_splat(row < SCALE_PU ? theta[SCALE_OFFSET_initialParameter + row] : 0));
}

// The averages of eight parameters, moved by their gradient, and the features x, after which their old state follows.
static void scale_features(lanes gradient, lanes relative_log_rate, float *slots, float *x) {
  float *averages = slots + SCALE_AVERAGES * LANES, *mean_squares = slots + SCALE_MEAN_SQUARES * LANES;
  const lanes scale_decay = lanes_load(slots + SCALE_SCALE_DECAY * LANES);
  lanes decay = lanes_load(slots + SCALE_INPUT_DECAY * LANES), scaled[SCALE_NT], logarithm[SCALE_NT], mean = lanes_splat(0);
  for (int s = 0; s < SCALE_NT; s++) {
    lanes average = lanes_load(averages + s * LANES), square = lanes_load(mean_squares + s * LANES);
#define TOWARDS(u) { \
      average.u = gradient.u * (1.0f - decay.u) + average.u * decay.u; \
      square.u = (average.u * average.u + SCALE_EPSILON_SQUARE) * (1.0f - scale_decay.u) + square.u * scale_decay.u; \
      const v4 above = square.u + SCALE_EPSILON_ROOT; \
      scaled[s].u = scale_asinh(average.u / vsqrt(above)); \
      logarithm[s].u = vlog(above) + (above - above);  /* the last term makes an overflow a NaN, as in the mean of logarithms */ \
      mean.u += logarithm[s].u; \
      decay.u = vsqrt(decay.u); \
    }
    TOWARDS(a)
    TOWARDS(b)
#undef TOWARDS
    lanes_store(averages + s * LANES, average);
    lanes_store(mean_squares + s * LANES, square);
    lanes_store(x + s * LANES, scaled[s]);
    if (s) lanes_store(x + (SCALE_PRODUCTS + s - 1) * LANES, (lanes){scaled[s - 1].a * scaled[s].a, scaled[s - 1].b * scaled[s].b});
  }
  for (int s = 0; s < SCALE_NT; s++)
    lanes_store(x + (SCALE_RELATIVE + s) * LANES, (lanes){logarithm[s].a - mean.a * (1.0f / SCALE_NT), logarithm[s].b - mean.b * (1.0f / SCALE_NT)});
  lanes_store(x + SCALE_RATE * LANES, relative_log_rate);
}

// The GRU of eight parameters: x holds features and old state. `bias` has 3 · SCALE_PU.
static void scale_parameter_gru(const float *theta, const float *bias, const float *x, float *state) {
  float gates[2 * SCALE_PU * LANES], *keep = gates + SCALE_PU * LANES;
  lanes z[SCALE_COLUMNS];
  for (int first = 0; first < 2 * SCALE_PU; first += SCALE_COLUMNS) {
    for (int o = 0; o < SCALE_COLUMNS; o++) z[o] = lanes_splat(bias[first + o]);
    lanes_dot(z, SCALE_COLUMNS, x, SCALE_ROWS_parameterGateKernel, theta + SCALE_OFFSET_parameterGateKernel + first, 2 * SCALE_PU, 1);
    for (int o = 0; o < SCALE_COLUMNS; o++) lanes_store(gates + (first + o) * LANES, (lanes){vsigmoid(z[o].a), vsigmoid(z[o].b)});
  }
  const float *old = x + SCALE_NUM_FEATURES * LANES;
  float gated[SCALE_ROWS_parameterCandidateKernel * LANES];
  for (int i = 0; i < SCALE_NUM_FEATURES * LANES; i += 4) store(gated + i, load(x + i));
  for (int i = 0; i < SCALE_PU * LANES; i += 4) store(gated + SCALE_NUM_FEATURES * LANES + i, load(gates + i) * load(old + i));
  for (int first = 0; first < SCALE_PU; first += SCALE_COLUMNS) {
    for (int o = 0; o < SCALE_COLUMNS; o++) z[o] = lanes_splat(bias[2 * SCALE_PU + first + o]);
    lanes_dot(z, SCALE_COLUMNS, gated, SCALE_ROWS_parameterCandidateKernel, theta + SCALE_OFFSET_parameterCandidateKernel + first, SCALE_PU, 1);
    for (int o = 0; o < SCALE_COLUMNS; o++) {
      const lanes k = lanes_load(keep + (first + o) * LANES), h = lanes_load(old + (first + o) * LANES);
      const v4 a = vtanh(z[o].a), b = vtanh(z[o].b);
      lanes_store(state + (first + o) * LANES, (lanes){a + k.a * (h.a - a), b + k.b * (h.b - b)});
    }
  }
}

// What is read out of eight parameters: new decays and log rate, and the direction and the rate of the step. The direction
// is still to be divided by its RMS in the tensor, for which its squares are added up.
static void scale_read_out(const float *theta, float *slots, const float *x, float momentum, int count, lanes *log_rate, lanes *squares, float *step) {
  const float *state = slots + SCALE_STATE * LANES;
  lanes direction = lanes_splat(0), rate;
  lanes scale_decay = lanes_splat(theta[SCALE_OFFSET_scaleDecayBias]), input_decay = lanes_splat(theta[SCALE_OFFSET_inputDecayBias]);
  lanes change = lanes_splat(theta[SCALE_OFFSET_rateBias]);
  lanes_dot(&direction, 1, state, SCALE_PU, theta + SCALE_OFFSET_directionKernel, 1, 1);
  lanes_dot(&direction, 1, x, SCALE_NT, theta + SCALE_OFFSET_directionShortcut, 1, 1);
  lanes_dot(&scale_decay, 1, state, SCALE_PU, theta + SCALE_OFFSET_scaleDecayKernel, 1, 1);
  lanes_dot(&input_decay, 1, state, SCALE_PU, theta + SCALE_OFFSET_inputDecayKernel, 1, 1);
  lanes_dot(&change, 1, state, SCALE_PU, theta + SCALE_OFFSET_rateKernel, 1, 1);
  const lanes counted = lanes_first(direction, count);
#define READ(u) { \
    const v4 next = vclamp(log_rate->u + change.u, -SCALE_LOG_RATE_LIMIT, SCALE_LOG_RATE_LIMIT); \
    log_rate->u = next + momentum * (log_rate->u - next); \
    rate.u = vexp(next + theta[SCALE_OFFSET_rateOffset]); \
    squares->u += counted.u * counted.u; \
    scale_decay.u = vsigmoid(scale_decay.u); \
    input_decay.u = vsigmoid(input_decay.u); \
  }
  READ(a)
  READ(b)
#undef READ
  lanes_store(slots + SCALE_SCALE_DECAY * LANES, scale_decay);
  lanes_store(slots + SCALE_INPUT_DECAY * LANES, input_decay);
  lanes_store(step, direction);
  lanes_store(step + LANES, rate);
}

typedef struct { float learning_rate, weight_decay, mean_log_rate; } scale_options;
// Floats of scratch that a tensor takes: directions and rates.
static long scale_scratch_floats(int n) { return 2 * (long)padded_lanes(n); }

// One step of a tensor's n > 0 parameters. `link` (3 · SCALE_PU) is what the higher levels add to their GRU; `summary`
// receives the means that the tensor's own GRU reads.
static void scale_tensor(const float *theta, const scale_options *options, const float *link, float *p, const float *g, float *log_rates,
                         float *slots, int n, float *scratch, float *summary) {
  const float momentum = vsigmoid(splat(theta[SCALE_OFFSET_rateMomentum]))[0], mean = options->mean_log_rate;
  float bias[3 * SCALE_PU], x[SCALE_SUMMARY * LANES];
  double totals[SCALE_SUMMARY] = {0}, square = 0;
  lanes sums[SCALE_SUMMARY], squares;
  for (int j = 0; j < 3 * SCALE_PU; j++)
    bias[j] = link[j] + (j < 2 * SCALE_PU ? theta[SCALE_OFFSET_parameterGateBias + j] : theta[SCALE_OFFSET_parameterCandidateBias + j - 2 * SCALE_PU]);
  for (int start = 0; start < n; start += SCALE_BLOCK * LANES) {
    const int end = n - start < SCALE_BLOCK * LANES ? n : start + SCALE_BLOCK * LANES;
    for (int k = 0; k < SCALE_SUMMARY; k++) sums[k] = lanes_splat(0);
    squares = lanes_splat(0);
    for (int i = start; i < end; i += LANES, slots += SCALE_ROWS * LANES) {
      const int count = end - i < LANES ? end - i : LANES;
      float *state = slots + SCALE_STATE * LANES, *old = x + SCALE_NUM_FEATURES * LANES;
      lanes log_rate = lanes_read(log_rates + i, count);
      scale_features(lanes_read(g + i, count), (lanes){log_rate.a - mean, log_rate.b - mean}, slots, x);
      for (int j = 0; j < SCALE_PU * LANES; j += 4) store(old + j, load(state + j));
      scale_parameter_gru(theta, bias, x, state);
      scale_read_out(theta, slots, x, momentum, count, &log_rate, &squares, scratch + 2 * i);
      lanes_write(log_rates + i, log_rate, count);
      for (int k = 0; k < SCALE_SUMMARY; k++) {
        const lanes row = lanes_first(lanes_load(k < SCALE_PU ? state + k * LANES : x + (k - SCALE_PU) * LANES), count);
        sums[k].a += row.a;
        sums[k].b += row.b;
      }
    }
    for (int k = 0; k < SCALE_SUMMARY; k++) totals[k] += sum4(sums[k].a) + sum4(sums[k].b);
    square += sum4(squares.a) + sum4(squares.b);
  }
  for (int k = 0; k < SCALE_SUMMARY; k++) summary[k] = (float)(totals[k] / n);
  const float rms = ssqrt((float)(square / n) + SCALE_EPSILON_ROOT);
  for (int i = 0; i < n; i += LANES, scratch += 2 * LANES) {
    const int count = n - i < LANES ? n - i : LANES;
    lanes next = lanes_read(p + i, count), direction = lanes_load(scratch), rate = lanes_load(scratch + LANES);
#define APPLY(u) { \
      const v4 reach = rate.u * options->learning_rate; \
      next.u -= reach * (direction.u / rms) + next.u * vmin(reach * options->weight_decay, splat(1)); \
    }
    APPLY(a)
    APPLY(b)
#undef APPLY
    lanes_write(p + i, next, count);
  }
}

// Room for what a step of all tensors keeps on the stack.
typedef struct {
  float global_link[3 * SCALE_PU], tensor_link[3 * SCALE_TU], link[3 * SCALE_PU];
  float summary[SCALE_SUMMARY + SCALE_TU], mean[SCALE_TU + SCALE_GU];
} scale_levels;

// What all tensors' steps need of the global state, before it moves.
static void scale_begin_step(const float *theta, const float *global, scale_levels *l) {
  SCALE_LINK(l->global_link, theta, globalToParameter, global, SCALE_GU, 3 * SCALE_PU);
  SCALE_LINK(l->tensor_link, theta, globalToTensor, global, SCALE_GU, 3 * SCALE_TU);
  for (int j = 0; j < SCALE_TU; j++) l->mean[j] = 0;
}

// What tensor and global state add to the GRU of a tensor's parameters, into l->link.
static void scale_link(const float *theta, const float *tensor, scale_levels *l) {
  SCALE_LINK(l->link, theta, tensorToParameter, tensor, SCALE_TU, 3 * SCALE_PU);
  for (int j = 0; j < 3 * SCALE_PU; j++) l->link[j] += l->global_link[j];
}

// The tensor's GRU reads l->summary; `share` is one over the number of tensors.
static void scale_finish_tensor(const float *theta, float *tensor, float share, scale_levels *l) {
  SCALE_GRU(theta, tensor, l->tensor_link, l->summary, SCALE_SUMMARY, tensor, SCALE_TU);
  for (int j = 0; j < SCALE_TU; j++) l->mean[j] += tensor[j] * share;
}

static void scale_finish_step(const float *theta, float *global, scale_levels *l) {
  SCALE_GRU(theta, global, 0, l->mean, SCALE_TU, global, SCALE_GU);
}
#endif
