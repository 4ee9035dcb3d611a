// The rollout engine: whole windows of an inner training run without a return to JavaScript.
// Its memory is its own; JavaScript lays out the rollouts behind __heap_base.
#include "mlp.h"
#include "tensor_lstm.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
extern unsigned char __heap_base;
EXPORT(heapBase) int heap_base(void) { return (int)&__heap_base; }
#else
#define EXPORT(name)
#endif
// clang may turn loops into calls of these.
#ifdef __wasm__
void *memset(void *to, int value, unsigned long n) { return __builtin_memset(to, value, n); }
void *memcpy(void *to, const void *from, unsigned long n) { return __builtin_memcpy(to, from, n); }
#endif

INLINE int rank_of(int tensor) { return tensor & 1 ? 1 : 2; }
INLINE int size_of(const rollout *r, int tensor) {
  const int out = r->sizes[tensor / 2 + 1];
  return tensor & 1 ? out : r->sizes[tensor / 2] * out;
}

static void step_tensor_lstm(const rollout *r, const float *theta, float loss) {
  float x[TL_NUM_INPUTS], z[4 * TL_NUM_HIDDEN], K[K_SIZE];
  double sums[S_SIZE];
  const int tensors = 2 * r->numLayers;
  tl_step s = {
    .learning_rate = r->learningRate, .weight_decay = r->weightDecay, .horizon = r->horizon, .time = (float)r->step,
    .loss = loss, .log_num_tensors = slog((float)tensors), .has_loss = r->hasLoss, .parameter_scale = r->parameterScale,
  };
  s.guard = tl_global(theta, r->lossSlots, &s, x);
  double initial = 0;
  int offset = 0;
  for (int i = 0; i < tensors; i++) {
    const float *S = r->tensorSlots + i * TL_NUM_TENSOR_SLOTS, *p = r->params + offset;
    const int n = size_of(r, i);
    s.mean_snr += tl_tensor_snr(S) / tensors;
    if (S[TL_SLOT_count] == 0) for (int j = 0; j < n; j++) initial += (double)p[j] * p[j];
    else initial += (double)S[TL_SLOT_initialRms] * S[TL_SLOT_initialRms] * n;
    offset += n;
  }
  s.floor = tl_floor(initial / offset);
  offset = 0;
  for (int i = 0; i < tensors; i++) {
    const int n = size_of(r, i);
    float *S = r->tensorSlots + i * TL_NUM_TENSOR_SLOTS, *p = r->params + offset;
    const float *g = r->grads + offset;
    double gg = 0, pp = 0;
    for (int j = 0; j < n; j++) gg += (double)g[j] * g[j];
    if (S[TL_SLOT_count] == 0) for (int j = 0; j < n; j++) pp += (double)p[j] * p[j];
#ifdef TL_FRESH_STATISTICS
    tl_look_ahead(S, g, r->slots + TL_NUM_PARAMETER_SLOTS * offset, gg, n);
#endif
    tl_tensor(theta, &s, S, gg, pp, n, rank_of(i), r->sizes[i / 2 + 1], 1.0f, x, z, K);
    tl_apply(p, p, g, r->slots + TL_NUM_PARAMETER_SLOTS * offset, n, theta, K, sums);
    tl_finish(S, sums, gg, n);
    offset += n;
  }
}

// tf.train.adam's arithmetic; slots are m, then v, over all parameters.
static void step_adam(const rollout *r, int n) {
  float *m = r->slots, *v = r->slots + n;
  const float c1 = 1 / tl_bias(0.9, r->step + 1), c2 = 1 / tl_bias(0.999, r->step + 1);
  for (int i = 0; i < n; i++) {
    const float g = r->grads[i];
    m[i] += (g - m[i]) * 0.1f;
    v[i] += (g * g - v[i]) * 0.001f;
    r->params[i] -= r->learningRate * (m[i] * c1 / (ssqrt(v[i] * c2) + 1e-7f) + r->weightDecay * r->params[i]);
  }
}

static void step_sgd(const rollout *r, int n) {
  for (int i = 0; i < n; i++) {
    r->slots[i] = r->momentum * r->slots[i] + r->grads[i];
    r->params[i] -= r->learningRate * r->slots[i];
  }
}

EXPORT(scratchFloats) int scratch_floats(const rollout *r) { return mlp_layout(r, r->batchSize, 0); }

// Runs `steps` steps; losses[i] is the batch loss before step i. Stops where a loss is not finite and returns the steps made.
EXPORT(runWindow) int run_window(rollout *r, const float *theta, int steps, float *losses) {
  int total = 0;
  for (int i = 0; i < 2 * r->numLayers; i++) total += size_of(r, i);
  for (int i = 0; i < steps; i++) {
    losses[i] = mlp_gradient(r);
    if (!(sabs(losses[i]) < 1e30f)) return i;
    switch (r->rule) {
      case RULE_tensor_lstm: step_tensor_lstm(r, theta, losses[i]); break;
      case RULE_adam: step_adam(r, total); break;
      case RULE_sgd: step_sgd(r, total); break;
    }
    r->step++;
  }
  return steps;
}

// Loss and gradient at the current parameters on the batch of the current step, without a step.
EXPORT(gradient) float gradient(const rollout *r) { return mlp_gradient(r); }

EXPORT(evaluate) double evaluate(const rollout *r, int first, int count, int *correct) {
  return mlp_evaluate(r, first, count, correct);
}
