// The rollout engine: whole windows of an inner training run without a return to JavaScript.
// Its memory is its own; JavaScript lays out the rollouts behind __heap_base.
#include "engine_rules.h"
#include "task.h"

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

EXPORT(scratchFloats) int scratch_floats(const rollout *r) { return task_scratch(r); }
EXPORT(ruleScratchFloats) int rule_scratch_floats(const rollout *r) { return rule_scratch(r); }

// Runs `steps` steps; losses[i] is the batch loss before step i. Stops where a loss or, for a rule that refuses it, a gradient
// is not finite, and returns the steps made.
EXPORT(runWindow) int run_window(rollout *r, int steps, float *losses) {
  for (int i = 0; i < steps; i++) {
    losses[i] = task_loss(r, TRAIN, r->step, r->params, r->grads, 0);
    if (!(sabs(losses[i]) < 1e30f) || !rule_step(r, losses[i])) return i;
    r->step++;
  }
  return steps;
}

// Loss at p on a batch of a split; g receives the gradient, or is 0, and *right the number of right classes, or is 0. Changes
// nothing else that a rollout keeps.
EXPORT(lossAt) float loss_at(const rollout *r, int which, int step, const float *p, float *g, int *right) {
  return task_loss(r, which, step, p, g, right);
}

// Mean loss of a network over all examples of a split; *right is the number of right classes.
EXPORT(wholeSplit) double whole_split(const rollout *r, int which, int *right) {
  float *scratch = r->scratch;
  const float *w = task_weights(r, r->params, &scratch);
  return network_whole_split(r, &r->splits[which], w, scratch, right);
}
