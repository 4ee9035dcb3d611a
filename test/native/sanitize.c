// Runs the kernels natively, for AddressSanitizer and UndefinedBehaviorSanitizer: every buffer comes from malloc in its
// exact size, at each offset from a 16-byte boundary that floats can have, with guards before it.
//
//   sanitize            all cases; aborts at the first that fails
//   sanitize overrun    reads one float past a gradient: must be caught, or the sanitizer is not at work
//   sanitize undefined  overflows an int: likewise
#include "../../kernel/step.c"
#include "../../kernel/engine.c"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition, ...) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
      fprintf(stderr, __VA_ARGS__); \
      fputc('\n', stderr); \
      exit(1); \
    } \
    checks++; \
  } while (0)

static long checks;
static unsigned seed = 1;
static float uniform(void) {
  seed = seed * 1664525u + 1013904223u;
  return (float)(seed >> 8) / 8388608.0f - 1;
}

// Floats behind `lead` guards; nothing but the allocator's own red zone behind the last.
enum { GUARD = 0x7fedcba9 };
typedef struct { float *base, *data; int lead, n; } buffer;

static buffer allocate(int n, int lead) {
  buffer b = {.lead = lead, .n = n};
  b.base = malloc((size_t)(lead + n) * sizeof(float) + (lead + n == 0));
  b.data = b.base + lead;
  for (int i = 0; i < lead; i++) ((int *)b.base)[i] = GUARD;
  for (int i = 0; i < n; i++) b.data[i] = 0;
  return b;
}
static buffer random_buffer(int n, int lead, float scale) {
  const buffer b = allocate(n, lead);
  for (int i = 0; i < n; i++) b.data[i] = uniform() * scale;
  return b;
}
static void check_finite(const buffer *b, const char *what) {
  for (int i = 0; i < b->n; i++) CHECK(isfinite(b->data[i]), "%s[%d of %d] is %g", what, i, b->n, (double)b->data[i]);
}
static void release(buffer *b) {
  for (int i = 0; i < b->lead; i++) CHECK(((int *)b->base)[i] == GUARD, "guard %d of %d is overwritten", i, b->lead);
  free(b->base);
}
// A copy to hold an input against after the call.
static float *snapshot(const buffer *b) {
  float *copy = malloc((size_t)b->n * sizeof(float) + (b->n == 0));
  memcpy(copy, b->data, (size_t)b->n * sizeof(float));
  return copy;
}
static void check_unchanged(const buffer *b, float *copy, const char *what) {
  CHECK(memcmp(copy, b->data, (size_t)b->n * sizeof(float)) == 0, "%s of %d is changed", what, b->n);
  free(copy);
}

static void test_sum_squares(int n, int lead) {
  buffer x = random_buffer(n, lead, 3);
  double expected = 0, got = -1;
  for (int i = 0; i < n; i++) expected += (double)x.data[i] * x.data[i];
  export_sum_squares(x.data, n, &got);
  CHECK(fabs(got - expected) <= 1e-5 * expected, "n %d: expected %g, got %g", n, expected, got);
  // A non-finite element shows wherever it stands.
  for (int i = 0; i < n; i += 1 + n / 70) {
    const float old = x.data[i];
    x.data[i] = NAN;
    export_sum_squares(x.data, n, &got);
    CHECK(isnan(got), "n %d: NaN at %d gives %g", n, i, got);
    x.data[i] = i & 1 ? -INFINITY : INFINITY;
    export_sum_squares(x.data, n, &got);
    CHECK(got == INFINITY, "n %d: infinity at %d gives %g", n, i, got);
    x.data[i] = 1e30f;
    export_sum_squares(x.data, n, &got);
    CHECK(!isfinite(got) || got > 1e59, "n %d: overflow at %d gives %g", n, i, got);
    x.data[i] = old;
  }
  release(&x);
}

typedef struct { float gradient, parameter; int in_place, horizon, has_loss, parameter_scale; } step_case;

// A few steps of one tensor, as the optimizer makes them.
static void test_step(int n, int rank, int lead, step_case c) {
  buffer theta = random_buffer(TL_THETA_SIZE, lead, 0.5f), loss_slots = allocate(TL_NUM_LOSS_SLOTS, lead);
  buffer tensor_slots = allocate(TL_NUM_TENSOR_SLOTS, lead), slots = allocate(TL_NUM_PARAMETER_SLOTS * n, lead);
  buffer p = random_buffer(n, lead, c.parameter), g = allocate(n, lead), out = allocate(c.in_place ? 0 : n, lead);
  buffer x = allocate(TL_NUM_INPUTS, lead), scratch = allocate(4 * TL_NUM_HIDDEN + K_SIZE, lead);
  double *sums = malloc(S_SIZE * sizeof(double));
  float *theta_before = snapshot(&theta);
  int last = n;
  for (int i = 2; i < rank && last % 2 == 0; i++) last /= 2;
  export_sum_squares(p.data, n, &sums[1]);
  const float floor = rms_floor(n ? sums[1] / n : 0);
  for (int t = 0; t < 4; t++) {
    for (int i = 0; i < n; i++) g.data[i] = uniform() * c.gradient;
    // The third loss is a jump: the guard is at work in the fourth step. The kernel's decay is relative to the step, which
    // may be relative to the parameter's size: huge parameters go without.
    tl_step s = {
      .learning_rate = 1, .weight_decay = c.parameter > 1 ? 0 : 0.01f, .horizon = (float)c.horizon, .time = (float)t, .loss = t == 2 ? 1e6f : 2.0f / (t + 1),
      .log_num_tensors = slog(3), .floor = floor, .has_loss = c.has_loss, .parameter_scale = c.parameter_scale,
    };
    begin_step(theta.data, loss_slots.data, &s, x.data);
    CHECK(s.guard >= 0 && s.guard <= 1, "guard %g", (double)s.guard);
    s.mean_snr = tensor_snr(tensor_slots.data);
    export_sum_squares(g.data, n, &sums[0]);
    export_sum_squares(p.data, n, &sums[1]);
    float *g_before = snapshot(&g), *p_before = snapshot(&p);
    step_tensor(theta.data, &s, tensor_slots.data, slots.data, p.data, g.data, c.in_place ? p.data : out.data, n, rank, last,
                t == 1 ? 0.5f : 1.0f, x.data, scratch.data, sums);
    check_unchanged(&g, g_before, "gradient");
    if (c.in_place) {
      free(p_before);
    } else {
      check_unchanged(&p, p_before, "parameter");
      memcpy(p.data, out.data, (size_t)n * sizeof(float));
    }
    // The mean over no elements is not a number; the optimizer does not step empty variables.
    if (n > 0) {
      CHECK(tensor_slots.data[TL_SLOT_count] == (float)(t + 1), "count %g after step %d", (double)tensor_slots.data[TL_SLOT_count], t);
      check_finite(&p, "parameter");
      check_finite(&slots, "slots");
      check_finite(&tensor_slots, "tensor slots");
      check_finite(&loss_slots, "loss slots");
    }
  }
  check_unchanged(&theta, theta_before, "theta");
  buffer *all[] = {&theta, &loss_slots, &tensor_slots, &slots, &p, &g, &out, &x, &scratch};
  for (int i = 0; i < (int)(sizeof all / sizeof *all); i++) release(all[i]);
  free(sums);
}

// Trains and evaluates a small network; its examples and labels are random.
static void test_engine(int layers, const int *sizes, int batch, int activation, int loss_kind, int rule) {
  const int examples = 7, steps = 5, in = sizes[0], out = sizes[layers];
  int total = 0;
  for (int l = 0; l < layers; l++) total += (sizes[l] + 1) * sizes[l + 1];
  rollout r = {
    .numLayers = layers, .batchSize = batch, .activation = activation, .lossKind = loss_kind, .numExamples = examples, .rule = rule,
    .parameterScale = 1, .hasLoss = 1, .seed = 5, .horizon = 100, .learningRate = rule == RULE_tensor_lstm ? 1 : 0.01f,
    .weightDecay = 0.001f, .momentum = 0.9f,
  };
  memcpy(r.sizes, sizes, (size_t)(layers + 1) * sizeof(int));
  buffer theta = random_buffer(TL_THETA_SIZE, 0, 0.1f), data = random_buffer(examples * in, 0, 1), targets = random_buffer(examples * out, 0, 1);
  buffer params = random_buffer(total, 0, 0.5f), grads = allocate(total, 0), scales = random_buffer(total, 0, 1);
  buffer slots = allocate(TL_NUM_PARAMETER_SLOTS * total, 0), tensor_slots = allocate(2 * layers * TL_NUM_TENSOR_SLOTS, 0);
  buffer loss_slots = allocate(TL_NUM_LOSS_SLOTS, 0), losses = allocate(steps, 0);
  int *labels = malloc(examples * sizeof(int));
  for (int i = 0; i < examples; i++) labels[i] = i % out;
  r.data = data.data; r.labels = labels; r.targets = targets.data; r.params = params.data; r.grads = grads.data; r.scales = scales.data;
  r.slots = slots.data; r.tensorSlots = tensor_slots.data; r.lossSlots = loss_slots.data;
  buffer scratch = allocate(scratch_floats(&r), 0);
  r.scratch = scratch.data;

  const float before = gradient(&r);
  check_finite(&grads, "gradient");
  // The gradient is the loss's: two evaluations a little apart along it. Smooth activations only.
  if (activation != ACTIVATION_relu && activation != ACTIVATION_leakyRelu) {
    double squares = 0;
    for (int i = 0; i < total; i++) squares += (double)grads.data[i] * grads.data[i];
    const float h = (float)(0.01 / (sqrt(squares) + 1e-6));
    float *start = snapshot(&params), *direction = snapshot(&grads);
    for (int i = 0; i < total; i++) params.data[i] = start[i] + h * direction[i];
    const double up = gradient(&r);
    for (int i = 0; i < total; i++) params.data[i] = start[i] - h * direction[i];
    const double slope = (up - gradient(&r)) / (2 * h);
    CHECK(fabs(slope - squares) <= 0.02 * squares + 1e-4, "activation %d, loss %d: slope %g, squared gradient %g", activation, loss_kind, slope, squares);
    memcpy(params.data, start, (size_t)total * sizeof(float));
    free(start);
    free(direction);
  }
  CHECK(run_window(&r, theta.data, steps, losses.data) == steps, "stopped at step %d", r.step);
  CHECK(losses.data[0] == before, "first loss %g, at the start %g", (double)losses.data[0], (double)before);
  check_finite(&losses, "losses");
  check_finite(&params, "params");
  int correct = -1;
  const double loss = evaluate(&r, 1, examples - 1, &correct);
  CHECK(isfinite(loss) && correct >= 0 && correct < examples, "loss %g, %d right", loss, correct);
  for (int bias = 0; bias < 2; bias++) {
    const int i = bias ? total - 1 : 0;
    const float old = params.data[i];
    params.data[i] = NAN;
    const float poisoned = gradient(&r);
    CHECK(isnan(poisoned), "loss %g with NaN as parameter %d of %d; activation %d, loss kind %d", (double)poisoned, i, total, activation, loss_kind);
    CHECK(run_window(&r, theta.data, steps, losses.data) == 0, "went on with a loss that is not finite");
    params.data[i] = old;
  }
  buffer *all[] = {&theta, &data, &targets, &params, &grads, &scales, &slots, &tensor_slots, &loss_slots, &losses, &scratch};
  for (int i = 0; i < (int)(sizeof all / sizeof *all); i++) release(all[i]);
  free(labels);
}

static void test_mathematics(void) {
  for (float x = -90; x <= 90; x += 0.37f) {
    const float inside = x < -87 ? -87 : x > 87 ? 87 : x;
    CHECK(fabs(sexp(x) / exp((double)inside) - 1) < 1e-6, "exp(%g) gives %g", (double)x, (double)sexp(x));
    CHECK(fabs(stanh(x) - tanh((double)x)) < 1e-6, "tanh(%g) gives %g", (double)x, (double)stanh(x));
    const float y = expf(x * 0.9f);
    CHECK(fabs(slog(y) - log((double)y)) < 2e-6 * (1 + fabs(log((double)y))), "log(%g) gives %g", (double)y, (double)slog(y));
  }
  CHECK(isnan(sexp(NAN)) && isfinite(sexp(INFINITY)) && isfinite(slog(0)) && isfinite(slog(-1)), "edges");
}

int main(int count, char **arguments) {
  const char *mode = count > 1 ? arguments[1] : "";
  if (!strcmp(mode, "overrun")) {
    buffer g = random_buffer(63, 0, 1);
    double sum;
    export_sum_squares(g.data, 64, &sum);
    return printf("read past the end: %g\n", sum) < 0;
  }
  if (!strcmp(mode, "undefined")) {
    int most = 0x7fffffff - (count - 2);
    return printf("overflowed: %d\n", most + count) < 0;
  }

  test_mathematics();
  int sizes[67 + 1 + 8 + 1], num_sizes = 0;
  for (int n = 0; n <= 67; n++) sizes[num_sizes++] = n;
  for (int n = 1023; n <= 1030; n++) sizes[num_sizes++] = n;
  sizes[num_sizes++] = 5000;
  for (int i = 0; i < num_sizes; i++) {
    for (int lead = 0; lead < 4; lead++) {
      test_sum_squares(sizes[i], lead);
      for (int in_place = 0; in_place < 2; in_place++) {
        test_step(sizes[i], (i + lead) % 6, lead, (step_case){1, 1, in_place, i & 1 ? 2 : 0, lead != 1, lead != 2});
      }
    }
    // Nothing, very little and very much of gradient and parameter.
    const float scales[] = {0, 1e-30f, 1e-8f, 1e8f, 1e15f};
    for (int a = 0; a < 5; a++) for (int b = 0; b < 5; b++) test_step(sizes[i], 2, a & 3, (step_case){scales[a], scales[b], a & 1, 1000, 1, b & 1});
  }

  const int networks[][MAX_LAYERS + 1] = {{1, 1}, {3, 5, 2}, {64, 33, 10}, {7, 9, 6, 13, 3}, {2, 3, 4, 5, 6, 7, 8, 9, 10}};
  const int layers[] = {1, 2, 2, 4, 8}, batches[] = {1, 3, 4, 7};
  for (int i = 0; i < 5; i++)
    for (int b = 0; b < 4; b++)
      for (int activation = ACTIVATION_relu; activation <= ACTIVATION_softplus; activation++)
        for (int loss = LOSS_softmaxCrossEntropy; loss <= LOSS_meanSquaredError; loss++)
          for (int rule = RULE_tensor_lstm; rule <= RULE_sgd; rule++) test_engine(layers[i], networks[i], batches[b], activation, loss, rule);
  printf("%ld checks passed\n", checks);
  return 0;
}
