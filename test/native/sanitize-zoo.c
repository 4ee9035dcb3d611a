// Runs the rules lstm-dm, rnnprop and scale natively, for AddressSanitizer and UndefinedBehaviorSanitizer, on lists of
// tensors of odd sizes, in buffers of exact size at each offset from a 16-byte boundary that floats can have.
#include "../../kernel/engine_rules.h"
#include "buffers.h"

static long slot_floats(const rollout *r) {
  if (r->rule == RULE_lstm_dm) return lstm_dm_slot_floats(r->numParams);
  if (r->rule == RULE_rnnprop) return rnnprop_slot_floats(r->numParams);
  long sum = r->numParams;
  for (int i = 0; i < r->numTensors; i++) sum += scale_slot_floats(r->tensors[i].size);
  return sum;
}

// A few steps, and one that a gradient stops.
static void test_rule(int rule, int count, const int *sizes, int lead, float scale) {
  static const int theta_sizes[] = {
    [RULE_lstm_dm] = LSTM_DM_OFFSET_outputBias + 1, [RULE_rnnprop] = RNNPROP_OFFSET_outputBias + 1,
    [RULE_scale] = SCALE_OFFSET_initialGlobal + SCALE_GLOBAL_UNITS,
  };
  tensor_info *tensors = malloc((size_t)count * sizeof *tensors + (count == 0));
  rollout r = {.rule = rule, .learningRate = 1, .weightDecay = 0.01f, .numTensors = count, .tensors = tensors};
  for (int i = 0; i < count; i++) {
    tensors[i] = (tensor_info){.rank = 1, .size = sizes[i], .last = sizes[i]};
    r.numParams += sizes[i];
  }
  buffer theta = random_buffer(theta_sizes[rule], lead, 0.5f), params = random_buffer(r.numParams, lead, 1), grads = allocate(r.numParams, lead);
  buffer slots = allocate((int)slot_floats(&r), lead), scratch = allocate(rule_scratch(&r), lead & 2);
  buffer tensor_slots = allocate(rule == RULE_scale ? count * SCALE_TENSOR_UNITS : 0, lead);
  buffer shared = allocate(rule == RULE_scale ? SCALE_GLOBAL_UNITS : 0, lead);
  if (rule == RULE_scale) for (int i = 0; i < r.numParams; i++) slots.data[i] = 4 * uniform() - 7;
  r.theta = theta.data; r.params = params.data; r.grads = grads.data; r.slots = slots.data;
  r.tensorSlots = tensor_slots.data; r.lossSlots = shared.data; r.ruleScratch = scratch.data;

  for (; r.step < 4; r.step++) {
    for (int i = 0; i < r.numParams; i++) grads.data[i] = scale * uniform();
    float *grads_before = snapshot(&grads), *theta_before = snapshot(&theta), *params_before = snapshot(&params);
    CHECK(rule_step(&r, 1) == 1, "rule %d made no step from gradients of %g", rule, (double)scale);
    check_unchanged(&grads, grads_before, "gradient");
    check_unchanged(&theta, theta_before, "theta");
    CHECK(r.numParams == 0 || memcmp(params_before, params.data, (size_t)r.numParams * sizeof(float)) != 0, "rule %d moved nothing", rule);
    free(params_before);
  }
  const buffer *state[] = {&params, &slots, &tensor_slots, &shared};
  static const char *const names[] = {"parameters", "slots", "tensor slots", "shared slots"};
  for (int i = 0; i < 4; i++) check_finite(state[i], names[i]);
  for (int bad = 0; bad < r.numParams; bad += 1 + r.numParams / 5) {
    float *before[4];
    for (int i = 0; i < 4; i++) before[i] = snapshot(state[i]);
    const float old = grads.data[bad];
    grads.data[bad] = bad & 1 ? NAN : INFINITY;
    CHECK(rule_step(&r, 1) == 0, "rule %d stepped from a gradient with %g at %d of %d", rule, (double)grads.data[bad], bad, r.numParams);
    grads.data[bad] = old;
    for (int i = 0; i < 4; i++) check_unchanged(state[i], before[i], names[i]);
  }
  buffer *all[] = {&theta, &params, &grads, &slots, &scratch, &tensor_slots, &shared};
  for (int i = 0; i < (int)(sizeof all / sizeof *all); i++) release(all[i]);
  free(tensors);
}

static void test_mathematics(void) {
  for (double x = 1e-30; x < 1e5; x *= 1.7) {
    const v4 positive = scale_asinh(splat((float)x)), negative = scale_asinh(splat(-(float)x));
    CHECK(fabs(positive[0] / asinh((double)(float)x) - 1) < 1e-6, "asinh(%g) gives %g", x, (double)positive[0]);
    CHECK(negative[0] == -positive[0], "asinh(-%g) gives %g, asinh(%g) %g", x, (double)negative[0], x, (double)positive[0]);
    const double feature = fmax(log((double)(float)x + (double)LSTM_DM_EPSILON) / LSTM_DM_RANGE, -1);
    CHECK(fabs(lstm_dm_logarithm(splat(-(float)x))[0] - feature) < 1e-6, "feature of -%g is not %g", x, feature);
  }
  CHECK(scale_asinh(splat(0))[0] == 0 && isnan(scale_asinh(splat(NAN))[0]), "asinh of 0 or NaN");
  CHECK(lstm_dm_logarithm(splat(0))[0] == -1 && lstm_dm_sign(splat(0))[0] == 0, "features of 0");
  for (float x = -20; x <= 20; x += 0.13f) {
    const double elu = x < 0 ? expm1((double)x) : x;
    CHECK(fabs(rnnprop_elu(splat(x))[0] - elu) < 2e-7 * (1 + fabs(elu)), "elu(%g) gives %g", (double)x, (double)rnnprop_elu(splat(x))[0]);
  }
}

int main(void) {
  static const int lists[][6] = {
    {0}, {1, 0}, {2, 0, 0}, {1, 1}, {1, 7}, {1, 8}, {1, 9}, {2, 16, 15}, {4, 5, 0, 1, 24}, {3, 1023, 0, 3}, {2, 1024, 1}, {5, 1, 1025, 2, 1032, 0},
  };
  static const float scales[] = {0, 1e-30f, 1e-8f, 1, 1e8f, 1e15f};
  test_mathematics();
  for (int rule = RULE_lstm_dm; rule <= RULE_scale; rule++)
    for (int i = 0; i < (int)(sizeof lists / sizeof *lists); i++)
      for (int lead = 0; lead < 4; lead++) test_rule(rule, lists[i][0], lists[i] + 1, lead, scales[(i + lead) % 6]);
  for (int rule = RULE_lstm_dm; rule <= RULE_scale; rule++)
    for (int s = 0; s < 6; s++) test_rule(rule, lists[8][0], lists[8] + 1, 1, scales[s]);
  printf("%ld checks passed\n", checks);
  return 0;
}
