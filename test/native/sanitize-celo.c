// Runs Celo's step natively, for AddressSanitizer and UndefinedBehaviorSanitizer, on tensors of odd sizes, in buffers of exact size, and
// holds it against the same sums taken one by one.
#include "../../bench/peers/celo/step.c"
#include "buffers.h"

typedef struct { celo_tensor t; int *row_of, *column_of, *group_of; buffer parameter, gradient, kept[4], work[6]; } celo_case;

// A matrix of groups × rows × columns, factored by rows and columns, whose last axis is of columns, or of rows, or both.
static celo_case start_case(int groups, int rows, int columns, int transposed, int factored) {
  const int size = groups * rows * columns, run = factored ? (transposed ? rows : columns) : size;
  celo_case c = {.t = {
    .size = size, .run = run, .numRows = factored ? groups * rows : size, .numColumns = factored ? groups * columns : 1, .numGroups = factored ? groups : size,
    .rowStep = factored ? transposed : 1, .columnStep = factored && !transposed, .isFactored = factored,
  }};
  celo_tensor *t = &c.t;
  const int runs = size / run;
  c.row_of = malloc(runs * sizeof(int));
  c.column_of = malloc(runs * sizeof(int));
  c.group_of = malloc(t->numRows * sizeof(int));
  for (int r = 0; r < runs; r++) {
    const int group = transposed ? r / columns : r / rows, inside = transposed ? r % columns : r % rows;
    c.row_of[r] = factored ? group * rows + (transposed ? 0 : inside) : 0;
    c.column_of[r] = factored ? group * columns + (transposed ? inside : 0) : 0;
  }
  for (int i = 0; i < t->numRows; i++) c.group_of[i] = factored ? i / rows : i;
  c.parameter = random_buffer(room(size), 0, 1);
  c.gradient = random_buffer(room(size), 0, 1);
  c.kept[0] = allocate(DECAYS * room(size), 0);
  c.kept[1] = allocate(room(size), 0);
  c.kept[2] = allocate(DECAYS * room(t->numRows), 0);
  c.kept[3] = allocate(factored ? DECAYS * room(t->numColumns) : 0, 0);
  const int counts[6] = {DECAYS * room(t->numRows), DECAYS * room(t->numRows), DECAYS * room(t->numColumns), DECAYS * room(t->numGroups),
    HIDDEN * room(t->numRows), HIDDEN * room(t->numColumns)};
  for (int i = 0; i < 6; i++) c.work[i] = allocate(counts[i], 0);
  for (int i = 0; i < counts[2]; i++) c.work[2].data[i] = 1;
  t->rowOf = c.row_of; t->columnOf = c.column_of; t->groupOf = c.group_of;
  t->parameter = c.parameter.data; t->gradient = c.gradient.data;
  t->momenta = c.kept[0].data; t->moments = c.kept[1].data; t->rows = c.kept[2].data; t->columns = c.kept[3].data;
  t->gradientFactors = c.work[0].data; t->momentumFactors = factored ? c.work[0].data : c.work[1].data; t->columnFactors = c.work[2].data;
  t->means = c.work[3].data; t->rowShare = c.work[4].data; t->columnShare = c.work[5].data;
  return c;
}

static void test_case(int groups, int rows, int columns, int transposed, int factored, const celo_network *w) {
  celo_case c = start_case(groups, rows, columns, transposed, factored);
  const celo_tensor *t = &c.t;
  const float behind = t->parameter[t->size];
  for (int step = 0; step < 3; step++) {
    float *gradient = snapshot(&c.gradient), *before = snapshot(&c.parameter), *rows_before = snapshot(&c.kept[2]);
    celo_step(t, w, 0.1f);
    check_unchanged(&c.gradient, gradient, "gradient");
    CHECK(memcmp(before, c.parameter.data, t->size * sizeof(float)) != 0, "moved nothing");
    for (int r = 0; r < t->numRows; r++) {
      double sum = 0;
      int count = 0;
      for (int i = 0; i < t->size; i++)
        if (t->rowOf[i / t->run] + i % t->run * t->rowStep == r) sum += (double)t->gradient[i] * t->gradient[i], count++;
      const double expected = rows_before[r] + 0.1 * (sum / count - rows_before[r]);
      CHECK(fabs(t->rows[r] - expected) <= 1e-5 * expected, "row moment %d is %g, not %g", r, (double)t->rows[r], expected);
    }
    double sums[OWN], squares = 0;
    sum_squares(t, sums);
    for (int i = 0; i < t->size; i++) squares += (double)t->parameter[i] * t->parameter[i];
    CHECK(fabs(sums[2] - squares) <= 1e-5 * squares, "squares %g, not %g", sums[2], squares);
    free(before);
    free(rows_before);
  }
  CHECK(t->parameter[t->size] == behind, "wrote behind the parameters");
  check_finite(&c.parameter, "parameters");
  for (int i = 0; i < 4; i++) check_finite(&c.kept[i], "kept");
  buffer *all[] = {&c.parameter, &c.gradient};
  for (int i = 0; i < 2; i++) release(all[i]);
  for (int i = 0; i < 4; i++) release(&c.kept[i]);
  for (int i = 0; i < 6; i++) release(&c.work[i]);
  free(c.row_of);
  free(c.column_of);
  free(c.group_of);
}

int main(void) {
  celo_network w;
  for (unsigned i = 0; i < sizeof w / sizeof(float); i++) ((float *)&w)[i] = uniform();
  for (int groups = 1; groups <= 3; groups++)
    for (int rows = 1; rows <= 9; rows++)
      for (int columns = 1; columns <= 9; columns++)
        for (int transposed = 0; transposed < 2; transposed++) test_case(groups, rows, columns, transposed, 1, &w);
  test_case(1, 2, 1030, 0, 1, &w);
  for (int n = 1; n <= 40; n++) test_case(1, 1, n, 0, 0, &w);
  printf("%ld checks passed\n", checks);
  return 0;
}
