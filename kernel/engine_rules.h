// The rules that the rollout engine steps with. A rule knows a task as a list of tensors alone: r->tensors tells their sizes,
// r->params and r->grads hold them one after another.
#ifndef L2O_ENGINE_RULES_H
#define L2O_ENGINE_RULES_H
#include "lstm_dm.h"
#include "rnnprop.h"
#include "rollout_layout.h"
#include "scale.h"
#include "tensor_lstm.h"

// Sums of squares of the gradients, one per tensor, into `squares`, or 0 where one is not finite: then no step is made.
static int finite_gradients(const rollout *r, double *squares) {
  const float *g = r->grads;
  for (int i = 0; i < r->numTensors; i++) {
    const int n = r->tensors[i].size;
    squares[i] = 0;
    for (int start = 0; start < n; start += 1024) {
      const int end = n - start < 1024 ? n : start + 1024;
      v4 s0 = splat(0), s1 = s0;
      int j = start;
      for (; j + 8 <= end; j += 8) {
        const v4 a = load(g + j), b = load(g + j + 4);
        s0 += a * a;
        s1 += b * b;
      }
      float rest = 0;
      for (; j < end; j++) rest += g[j] * g[j];
      squares[i] += (double)sum4(s0) + (double)sum4(s1) + rest;
    }
    if (!(squares[i] - squares[i] == 0)) return 0;
    g += n;
  }
  return 1;
}

// Sum of squares of the parameters at the start of a run.
INLINE double squares_of(const float *p, int n) {
  double sum = 0;
  for (int j = 0; j < n; j++) sum += (double)p[j] * p[j];
  return sum;
}

static int step_tensor_lstm(const rollout *r, float loss) {
  float x[TL_NUM_INPUTS], z[4 * TL_NUM_HIDDEN], K[K_SIZE];
  double sums[S_SIZE], *squares = (double *)r->ruleScratch;
  if (!finite_gradients(r, squares)) return 0;
  const float *theta = r->theta;
  tl_step s = {
    .learning_rate = r->learningRate, .weight_decay = r->weightDecay, .horizon = r->horizon, .time = (float)r->step,
    .loss = loss, .log_num_tensors = slog((float)r->numTensors), .has_loss = r->hasLoss, .parameter_scale = r->parameterScale,
  };
  s.guard = tl_global(theta, r->lossSlots, &s, x);
  double initial = 0;
  int offset = 0;
  for (int i = 0; i < r->numTensors; i++) {
    const float *S = r->tensorSlots + i * TL_NUM_TENSOR_SLOTS;
    const int n = r->tensors[i].size;
    s.mean_snr += tl_tensor_snr(S) / r->numTensors;
    if (S[TL_SLOT_count] == 0) initial += squares_of(r->params + offset, n);
    else initial += (double)S[TL_SLOT_initialRms] * S[TL_SLOT_initialRms] * n;
    offset += n;
  }
  s.floor = tl_floor(initial / r->numParams);
  offset = 0;
  for (int i = 0; i < r->numTensors; i++) {
    const tensor_info t = r->tensors[i];
    float *S = r->tensorSlots + i * TL_NUM_TENSOR_SLOTS, *p = r->params + offset, *slots = r->slots + TL_NUM_PARAMETER_SLOTS * offset;
    const float *g = r->grads + offset;
    const double pp = S[TL_SLOT_count] == 0 ? squares_of(p, t.size) : 0;
#ifdef TL_FRESH_STATISTICS
    tl_look_ahead(S, g, slots, squares[i], t.size);
#endif
    tl_tensor(theta, &s, S, squares[i], pp, t.size, t.rank, t.last, 1.0f, x, z, K);
    tl_apply(p, p, g, slots, t.size, theta, K, sums);
    tl_finish(S, sums, squares[i], t.size);
    offset += t.size;
  }
  return 1;
}

// Learning rate of this step: constant, or falling along half a cosine to 0 at the horizon. cos(pi x) is sin(pi (1/2 - x)), by its
// Taylor series: off by less than 1e-8 for 0 <= x <= 1.
static float scheduled_rate(const rollout *r) {
  if (r->schedule == SCHEDULE_constant) return r->learningRate;
  const double x = r->step < r->horizon ? r->step / (double)r->horizon : 1, y = 3.14159265358979324 * (0.5 - x), z = y * y;
  const double sine = y * (1 - z / 6 * (1 - z / 20 * (1 - z / 42 * (1 - z / 72 * (1 - z / 110 * (1 - z / 156))))));
  return (float)(r->learningRate * 0.5 * (1 + sine));
}

// tf.train.adam's arithmetic, with AdamW's decay; slots are m, then v, over all parameters.
static int step_adam(const rollout *r) {
  const int n = r->numParams;
  const float rate = scheduled_rate(r);
  float *m = r->slots, *v = r->slots + n;
  const float c1 = 1 / tl_bias(0.9, r->step + 1), c2 = 1 / tl_bias(0.999, r->step + 1);
  for (int i = 0; i < n; i++) {
    const float g = r->grads[i];
    m[i] += (g - m[i]) * 0.1f;
    v[i] += (g * g - v[i]) * 0.001f;
    r->params[i] -= rate * (m[i] * c1 / (ssqrt(v[i] * c2) + 1e-7f) + r->weightDecay * r->params[i]);
  }
  return 1;
}

static int step_sgd(const rollout *r) {
  const float rate = scheduled_rate(r);
  for (int i = 0; i < r->numParams; i++) {
    r->slots[i] = r->momentum * r->slots[i] + r->grads[i];
    r->params[i] -= rate * r->slots[i];
  }
  return 1;
}

static int step_lstm_dm(const rollout *r) {
  if (!finite_gradients(r, (double *)r->ruleScratch)) return 0;
  lstm_dm_step(r->theta, r->params, r->grads, r->slots, r->numParams, r->learningRate, r->weightDecay);
  return 1;
}

static int step_rnnprop(const rollout *r) {
  if (!finite_gradients(r, (double *)r->ruleScratch)) return 0;
  rnnprop_step(r->theta, r->params, r->grads, r->slots, r->numParams, r->step, r->learningRate, r->weightDecay);
  return 1;
}

// Slots: log rates of all parameters, drawn by the caller; then the tensors' parameters, each tensor from a new group of
// lanes on. Tensors without elements count nowhere.
static int step_scale(const rollout *r) {
  if (!finite_gradients(r, (double *)r->ruleScratch)) return 0;
  const float *theta = r->theta;
  float *slots = r->slots + r->numParams, *scratch = r->ruleScratch + 2 * r->numTensors;
  int filled = 0, offset = 0;
  double log_rates = 0;
  for (int i = 0; i < r->numTensors; i++) filled += r->tensors[i].size > 0;
  if (!filled) return 1;
  // The first step's theta is the one that states start from.
  if (r->step == 0) scale_begin(theta, r->tensorSlots, r->numTensors, r->lossSlots);
  for (int i = 0; i < r->numParams; i++) log_rates += r->slots[i];
  const scale_options options = {r->learningRate, r->weightDecay, (float)(log_rates / r->numParams)};
  scale_levels levels;
  scale_begin_step(theta, r->lossSlots, &levels);
  for (int i = 0; i < r->numTensors; i++) {
    const int n = r->tensors[i].size;
    float *tensor = r->tensorSlots + i * SCALE_TENSOR_UNITS;
    if (!n) continue;
    if (r->step == 0) scale_begin_tensor(theta, slots, n);
    scale_link(theta, tensor, &levels);
    scale_tensor(theta, &options, levels.link, r->params + offset, r->grads + offset, r->slots + offset, slots, n, scratch, levels.summary);
    scale_finish_tensor(theta, tensor, 1.0f / filled, &levels);
    slots += scale_slot_floats(n);
    offset += n;
  }
  scale_finish_step(theta, r->lossSlots, &levels);
  return 1;
}

// One step from the gradients of this step's loss; returns whether it was made, and changes nothing where not.
static int rule_step(const rollout *r, float loss) {
  switch (r->rule) {
    case RULE_tensor_lstm: return step_tensor_lstm(r, loss);
    case RULE_adam: return step_adam(r);
    case RULE_sgd: return step_sgd(r);
    case RULE_lstm_dm: return step_lstm_dm(r);
    case RULE_rnnprop: return step_rnnprop(r);
    case RULE_scale: return step_scale(r);
  }
  return 0;
}

// Floats of scratch that the rule needs, 8-byte aligned: kept apart from the task's.
static int rule_scratch(const rollout *r) {
  int largest = 0;
  for (int i = 0; i < r->numTensors; i++) if (r->tensors[i].size > largest) largest = r->tensors[i].size;
  return 2 * r->numTensors + (r->rule == RULE_scale ? (int)scale_scratch_floats(largest) : 0);
}
#endif
