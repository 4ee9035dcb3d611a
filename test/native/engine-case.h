// A rollout of the engine for the sanitizers: buffers of exact size, and the checks that hold for every task.
#ifndef L2O_TEST_ENGINE_CASE_H
#define L2O_TEST_ENGINE_CASE_H
#include "../../kernel/engine.c"
#include "buffers.h"

// A rollout of a task, and every buffer that it reads or writes.
typedef struct {
  rollout r;
  tensor_info *tensors;
  int *labels;
  buffer theta, inputs, answers, params, grads, scales, slots, tensor_slots, loss_slots, losses, scratch, rule_scratch;
} engine_case;

enum { EXAMPLES = 7, STEPS = 5 };

// Takes task, sizes, activation, loss kind, batch size, tensors and strength from `r`; the data are random.
static engine_case start_case(rollout r, int inputs, int answers, int rule, int scaled) {
  engine_case c = {.r = r};
  rollout *to = &c.r;
  to->rule = rule;
  to->parameterScale = to->hasLoss = 1;
  to->horizon = 100;
  to->learningRate = rule == RULE_tensor_lstm ? 1 : 1e-4f;
  to->weightDecay = rule == RULE_tensor_lstm ? 0.001f : 0;
  to->momentum = 0.9f;
  for (int i = 0; i < r.numTensors; i++) to->numParams += r.tensors[i].size;
  const int total = to->numParams;
  c.tensors = malloc(r.numTensors * sizeof(tensor_info));
  memcpy(c.tensors, r.tensors, r.numTensors * sizeof(tensor_info));
  to->tensors = c.tensors;
  c.theta = random_buffer(TL_THETA_SIZE, 0, 0.1f);
  c.inputs = random_buffer(inputs, 0, 1);
  c.answers = random_buffer(answers, 0, 1);
  c.params = random_buffer(total, 0, 0.5f);
  c.grads = allocate(total, 0);
  c.scales = random_buffer(total, 0, 1);
  c.slots = allocate(TL_NUM_PARAMETER_SLOTS * total, 0);
  c.tensor_slots = allocate(r.numTensors * TL_NUM_TENSOR_SLOTS, 0);
  c.loss_slots = allocate(TL_NUM_LOSS_SLOTS, 0);
  c.losses = allocate(STEPS, 0);
  c.labels = malloc(EXAMPLES * sizeof(int));
  for (int i = 0; i < EXAMPLES; i++) c.labels[i] = is_network(&r) ? i % r.sizes[r.numSizes - 1] : 0;
  to->theta = c.theta.data; to->params = c.params.data; to->grads = c.grads.data; to->scales = scaled ? c.scales.data : 0;
  to->slots = c.slots.data; to->tensorSlots = c.tensor_slots.data; to->lossSlots = c.loss_slots.data;
  for (int i = 0; i < 2; i++) {
    split *s = &to->splits[i];
    s->inputs = c.inputs.data;
    s->answers = is_network(&r) && r.lossKind == LOSS_softmaxCrossEntropy ? (void *)c.labels : c.answers.data;
    s->numExamples = EXAMPLES;
    s->batchSize = r.splits[i].batchSize;
    s->inOrder = r.splits[i].inOrder;
    s->seed = 5 + i;
  }
  c.scratch = allocate(scratch_floats(to), 0);
  c.rule_scratch = allocate(rule_scratch_floats(to), 0);
  to->scratch = c.scratch.data;
  to->ruleScratch = c.rule_scratch.data;
  return c;
}

// The gradient is the loss's: two evaluations a little apart along it, of losses without a kink between them.
static void check_slope(engine_case *c, double tolerance) {
  rollout *r = &c->r;
  const int total = r->numParams;
  double squares = 0;
  for (int i = 0; i < total; i++) squares += (double)c->grads.data[i] * c->grads.data[i];
  const float h = (float)(1e-3 / (sqrt(squares) + 1e-6));
  float *at = malloc(total * sizeof(float));
  for (int i = 0; i < total; i++) at[i] = c->params.data[i] + h * c->grads.data[i];
  const double up = loss_at(r, TRAIN, 0, at, 0, 0);
  for (int i = 0; i < total; i++) at[i] = c->params.data[i] - h * c->grads.data[i];
  const double slope = (up - loss_at(r, TRAIN, 0, at, 0, 0)) / (2 * h);
  CHECK(fabs(slope - squares) <= 0.02 * squares + tolerance, "task %d, activation %d, loss %d: slope %g, squared gradient %g", r->task, r->activation, r->lossKind, slope, squares);
  free(at);
}

// Evaluates and trains; the whole run must stay within its buffers.
static void test_case(engine_case c, int smooth) {
  rollout *r = &c.r;
  const int total = r->numParams;
  float *params_before = snapshot(&c.params);
  const float before = loss_at(r, TRAIN, 0, r->params, r->grads, 0);
  check_finite(&c.grads, "gradient");
  if (smooth) check_slope(&c, 1e-3 * (1 + fabs(before)));
  int right = -1;
  const float validation = loss_at(r, VALIDATION, 3, r->params, 0, &right);
  CHECK(isfinite(validation), "validation loss %g", (double)validation);
  if (is_network(r)) {
    CHECK(right >= 0 && right <= r->splits[VALIDATION].batchSize, "%d right", right);
    const double whole = whole_split(r, VALIDATION, &right);
    CHECK(isfinite(whole) && right >= 0 && right <= EXAMPLES, "loss %g, %d right", whole, right);
  }
  check_unchanged(&c.params, params_before, "parameters");
  CHECK(run_window(r, STEPS, c.losses.data) == STEPS, "task %d, rule %d: stopped at step %d, loss %g", r->task, r->rule, r->step, (double)c.losses.data[r->step]);
  CHECK(c.losses.data[0] == before, "first loss %g, at the start %g", (double)c.losses.data[0], (double)before);
  check_finite(&c.losses, "losses");
  check_finite(&c.params, "params");
  for (int end = 0; end < 2; end++) {
    const int i = end ? total - 1 : 0;
    const float old = c.params.data[i];
    c.params.data[i] = NAN;
    const float poisoned = loss_at(r, TRAIN, 0, r->params, r->grads, 0);
    CHECK(isnan(poisoned), "loss %g with NaN as parameter %d of %d; task %d, activation %d, loss kind %d", (double)poisoned, i, total, r->task, r->activation, r->lossKind);
    CHECK(run_window(r, STEPS, c.losses.data) == 0, "went on with a loss that is not finite");
    c.params.data[i] = old;
  }
  buffer *all[] = {&c.theta, &c.inputs, &c.answers, &c.params, &c.grads, &c.scales, &c.slots, &c.tensor_slots, &c.loss_slots, &c.losses, &c.scratch, &c.rule_scratch};
  for (int i = 0; i < (int)(sizeof all / sizeof *all); i++) release(all[i]);
  free(c.labels);
  free(c.tensors);
}
#endif
