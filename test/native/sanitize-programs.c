// Runs programs of every operation of the rollout engine natively, for AddressSanitizer and UndefinedBehaviorSanitizer.
#include "engine-case.h"

// A program, as it is written, and the tensors of its parameters.
typedef struct { int sizes[25 * INSTRUCTION_INTS + 1], count, last; tensor_info tensors[40]; rollout r; } program;

static int write_instruction(program *p, instruction is) {
  int rows, columns, vectors;
  memcpy(p->sizes + p->count * INSTRUCTION_INTS, &is, sizeof is);
  p->r.sizes = p->sizes;
  program_weights(is, instruction_at(&p->r, is.from), &rows, &columns, &vectors);
  if (rows) p->tensors[p->r.numTensors++] = (tensor_info){2, rows * columns, columns};
  if (vectors) p->tensors[p->r.numTensors++] = (tensor_info){1, columns, columns};
  return p->last = p->count++;
}

// Instructions of a value, each after the other.
static int then(program *p, int op, int columns, int a, int b, int c) {
  return write_instruction(p, (instruction){op, p->last, instruction_at(&p->r, p->last).tokens, columns, a, b, c});
}

static void run_program(program *p, int batch, int in_order, int loss_kind, int rule, int scaled, int smooth) {
  const instruction input = instruction_at(&p->r, 0), last = instruction_at(&p->r, p->last);
  rollout *r = &p->r;
  p->sizes[p->count * INSTRUCTION_INTS] = last.columns;
  r->task = TASK_program;
  r->numSizes = p->count * INSTRUCTION_INTS + 1;
  r->lossKind = loss_kind;
  r->tensors = p->tensors;
  for (int i = 0; i < 2; i++) r->splits[i] = (split){.batchSize = in_order ? EXAMPLES : batch + 2 * i, .inOrder = in_order};
  engine_case c = start_case(*r, EXAMPLES * input.tokens * input.columns, EXAMPLES * last.columns, rule, scaled);
  if (last.op == OP_factors)
    for (int i = 0; i < EXAMPLES; i++) c.inputs.data[2 * i] = (float)(i % last.a), c.inputs.data[2 * i + 1] = (float)(i % last.b);
  test_case(c, smooth);
}

static void start_program(program *p, int tokens, int columns) {
  memset(p, 0, sizeof *p);
  write_instruction(p, (instruction){OP_input, 0, tokens, columns, 0, 0, 0});
}

// Dense layers with residual blocks, of any activation.
static void test_residual(int features, int width, int batch, int activation, int loss_kind, int in_order, int rule, int scaled) {
  program p;
  start_program(&p, 1, features);
  for (int k = 0, x = then(&p, OP_dense, width, 1, 0, 0); k < 2; k++) {
    then(&p, OP_norm, width, 0, 0, 0);
    then(&p, OP_dense, 2 * width, 1, 0, 0);
    then(&p, OP_activate, 2 * width, activation, 0, 0);
    then(&p, OP_dense, width, 1, 0, 0);
    x = then(&p, OP_add, width, x, 0, 0);
  }
  then(&p, OP_norm, width, 0, 0, 0);
  then(&p, OP_dense, width + 1, 1, 0, 0);
  // Few columns that are about equal make the normalisation as good as a jump.
  const int kinked = activation == ACTIVATION_relu || activation == ACTIVATION_leakyRelu || loss_kind == LOSS_absoluteDifference || width < 4;
  run_program(&p, batch, in_order, loss_kind, rule, scaled, !kinked);
}

static void test_attention(int tokens, int features, int heads, int size, int batch, int rule, int scaled) {
  const int width = heads * size;
  program p;
  start_program(&p, tokens, features);
  then(&p, OP_dense, width, 1, 0, 0);
  const int x = then(&p, OP_position, width, 0, 0, 0);
  then(&p, OP_dense, 3 * width, 1, 0, 0);
  then(&p, OP_attend, width, heads, 0, 0);
  then(&p, OP_add, width, x, 0, 0);
  p.last = write_instruction(&p, (instruction){OP_pool, p.last, 1, width, 0, 0, 0});
  then(&p, OP_dense, 3, 1, 0, 0);
  run_program(&p, batch, 0, LOSS_softmaxCrossEntropy, rule, scaled, 1);
}

static void test_tied_embedding(int places, int symbols, int size, int batch, int rule, int scaled) {
  program p;
  start_program(&p, places, symbols);
  const int embedded = then(&p, OP_dense, size, 0, 1, 0);
  write_instruction(&p, (instruction){OP_pool, p.last, 1, size, 1, 0, 0});
  then(&p, OP_norm, size, 0, 0, 0);
  then(&p, OP_compare, symbols, embedded, 0, 0);
  run_program(&p, batch, 0, LOSS_softmaxCrossEntropy, rule, scaled, size >= 4);
}

static void test_variational(int pixels, int hidden, int code, int batch, int rule, int scaled) {
  program p;
  start_program(&p, 1, pixels);
  then(&p, OP_dense, hidden, 1, 0, 0);
  then(&p, OP_activate, hidden, ACTIVATION_tanh, 0, 0);
  then(&p, OP_dense, 2 * code, 1, 0, 0);
  then(&p, OP_sample, code, 17, -3, 0);
  then(&p, OP_dense, hidden, 1, 0, 0);
  then(&p, OP_activate, hidden, ACTIVATION_tanh, 0, 0);
  then(&p, OP_dense, pixels, 1, 0, 0);
  run_program(&p, batch, 0, LOSS_evidenceBound, rule, scaled, 1);
}

static void test_factors(int rows, int columns, int rank, int rule, int scaled) {
  program p;
  start_program(&p, 1, 2);
  then(&p, OP_factors, 1, rows, columns, rank);
  run_program(&p, EXAMPLES, 1, LOSS_halfSquaredError, rule, scaled, 1);
}

static void test_programs(void) {
  for (int n = 1; n <= 9; n++)
    for (int batch = 1; batch <= 4; batch++) {
      const int rule = (n + batch) % 3, scaled = (n ^ batch) & 1;
      for (int activation = ACTIVATION_relu; activation <= ACTIVATION_gelu; activation++)
        test_residual(1 + (n * 5) % 7, n, batch, activation, (n + batch + activation) % (LOSS_halfSquaredError + 1), batch == 4, rule, scaled);
      for (int heads = 1; heads <= 3; heads++) test_attention(n, 1 + n % 5, heads, 1 + (n + batch) % 5, batch, rule, scaled);
      test_tied_embedding(1 + batch, n + 1, 1 + (n + batch) % 6, batch, rule, scaled);
      test_variational(n, 1 + n % 5, 1 + batch % 3, batch, rule, scaled);
      test_factors(1 + n % 7, 1 + batch, n, rule, scaled);
    }
}

// What Random makes of the same seed and label, by the C library's logarithm.
static void test_noise(void) {
  for (unsigned label = 0; label < 12000; label += 1 + label / 3) {
    const generator start = forked_generator(0xfeedbeefu, label);
    float got[101];
    normal_numbers(start, got, 101);
    generator s = start;
    for (int i = 0; i < 101;) {
      const double u = next_uniform(&s), v = next_uniform(&s), squares = u * u + v * v;
      if (squares >= 1) continue;
      const double scale = sqrt(-2 * log(squares) / squares);
      CHECK(fabs(got[i] - u * scale) < 1e-6 && (i == 100 || fabs(got[i + 1] - v * scale) < 1e-6), "number %d of label %u is %g", i, label, (double)got[i]);
      i += 2;
    }
  }
  for (double x = 1e-18; x < 1e9; x *= 1.0137) CHECK(fabs(double_log(x) - log(x)) <= 1e-15 * (1 + fabs(log(x))), "log(%g) gives %.17g", x, double_log(x));
  for (double x = -12; x < 12; x += 0.0173) {
    const float z = (float)x;
    float slope;
    const float one[] = {1, 1, 1, 1}, at[] = {z, z, z, z};
    float to[4];
    gelu_gradient(at, one, to, 4);
    slope = to[0];
    gelu(at, to, 4);
    const double share = 0.5 * erfc(-z * sqrt(0.5));
    CHECK(fabs(to[0] - z * share) <= 1e-6 * (1 + fabs(x)), "gelu(%g) gives %g", x, (double)to[0]);
    CHECK(fabs(slope - (share + z * exp(-0.5 * (double)z * z) / sqrt(2 * acos(-1)))) <= 1e-6, "slope of gelu at %g is %g", x, (double)slope);
  }
}

int main(void) {
  test_programs();
  test_noise();
  printf("%ld checks passed\n", checks);
  return 0;
}
