// Runs the kernels natively, for AddressSanitizer and UndefinedBehaviorSanitizer: every buffer comes from malloc in its
// exact size, at each offset from a 16-byte boundary that floats can have, with guards before it.
//
//   sanitize            all cases; aborts at the first that fails
//   sanitize overrun    reads one float past a gradient: must be caught, or the sanitizer is not at work
//   sanitize undefined  overflows an int: likewise
#include "../../kernel/step.c"
#include "buffers.h"

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

// A tensor in parts, taken in any order, is bit for bit the tensor in one piece.
static void test_parts(int n, int lead) {
  buffer theta = random_buffer(TL_THETA_SIZE, lead, 0.5f), x = allocate(TL_NUM_INPUTS, lead), scratch = allocate(4 * TL_NUM_HIDDEN + K_SIZE, lead), g = random_buffer(n, lead, 1);
  buffer p[2], slots[2], tensor_slots[2], loss_slots = allocate(TL_NUM_LOSS_SLOTS, lead);
  const int num_blocks = (n + TL_BLOCK - 1) / TL_BLOCK;
  double sums[2][S_SIZE] = {{0}}, *block_sums = malloc((size_t)num_blocks * S_SIZE * sizeof(double)), *squares = malloc((size_t)num_blocks * sizeof(double));
  p[0] = random_buffer(n, lead, 1);
  p[1] = allocate(n, lead);
  if (n) memcpy(p[1].data, p[0].data, (size_t)n * sizeof(float));
  for (int k = 0; k < 2; k++) {
    slots[k] = allocate(TL_NUM_PARAMETER_SLOTS * n, lead);
    tensor_slots[k] = allocate(TL_NUM_TENSOR_SLOTS, lead);
  }
  for (int t = 0; t < 3; t++) {
    tl_step s = {.learning_rate = 1, .weight_decay = 0.01f, .time = (float)t, .loss = 1, .floor = 0.1f, .has_loss = 1, .parameter_scale = 1};
    begin_step(theta.data, loss_slots.data, &s, x.data);
    export_sum_squares(g.data, n, &sums[0][0]);
    export_sum_squares(p[0].data, n, &sums[0][1]);
    for (int b = num_blocks - 1; b >= 0; b--) sum_squares_blocks(g.data, n, squares, b * TL_BLOCK, block_end(b * TL_BLOCK, n));
    add_squares(n, squares, &sums[1][0]);
    CHECK(sums[0][0] == sums[1][0], "n %d: squares %g in one piece, %g in parts", n, sums[0][0], sums[1][0]);
    sums[1][1] = sums[0][1];
    step_tensor(theta.data, &s, tensor_slots[0].data, slots[0].data, p[0].data, g.data, p[0].data, n, 2, 8, 0.5f, x.data, scratch.data, sums[0]);
    begin_tensor(theta.data, &s, tensor_slots[1].data, n, 2, 8, 0.5f, x.data, scratch.data, sums[1]);
    for (int b = num_blocks - 1; b >= 0; b -= 2) {
      const int first = b > 0 ? b - 1 : 0;
      apply_blocks(theta.data, slots[1].data, p[1].data, g.data, p[1].data, n, scratch.data, block_sums, first * TL_BLOCK, block_end(b * TL_BLOCK, n));
    }
    finish_tensor(tensor_slots[1].data, n, 0.5f, block_sums, sums[1]);
    CHECK(!memcmp(p[0].data, p[1].data, (size_t)n * sizeof(float)), "n %d: parameters differ in parts", n);
    CHECK(!memcmp(slots[0].data, slots[1].data, (size_t)n * TL_NUM_PARAMETER_SLOTS * sizeof(float)), "n %d: slots differ in parts", n);
    CHECK(!memcmp(tensor_slots[0].data, tensor_slots[1].data, TL_NUM_TENSOR_SLOTS * sizeof(float)), "n %d: tensor slots differ in parts", n);
  }
  buffer *all[] = {&theta, &x, &scratch, &g, &p[0], &p[1], &slots[0], &slots[1], &tensor_slots[0], &tensor_slots[1], &loss_slots};
  for (int i = 0; i < (int)(sizeof all / sizeof *all); i++) release(all[i]);
  free(block_sums);
  free(squares);
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
      if (sizes[i] > 0) test_parts(sizes[i], lead);
      for (int in_place = 0; in_place < 2; in_place++) {
        test_step(sizes[i], (i + lead) % 6, lead, (step_case){1, 1, in_place, i & 1 ? 2 : 0, lead != 1, lead != 2});
      }
    }
    // Nothing, very little and very much of gradient and parameter.
    const float scales[] = {0, 1e-30f, 1e-8f, 1e8f, 1e15f};
    for (int a = 0; a < 5; a++) for (int b = 0; b < 5; b++) test_step(sizes[i], 2, a & 3, (step_case){scales[a], scales[b], a & 1, 1000, 1, b & 1});
  }

  printf("%ld checks passed\n", checks);
  return 0;
}
