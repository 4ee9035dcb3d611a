// ½ ‖A (x - centre) - targets‖² + λ ‖x‖₁: the quadratics (with a centre) and LASSO (with targets).
// sizes: unknowns, rows; a split's inputs are A [rows][unknowns], its answers the centre or the targets; strength is λ.
#ifndef L2O_LEAST_SQUARES_H
#define L2O_LEAST_SQUARES_H
#include "rollout_layout.h"
#include "simd.h"

static int least_squares_scratch(const rollout *r) { return (r->sizes[0] + 3) & ~3; }

static float least_squares(const rollout *r, const split *s, const float *x, float *g, float *d) {
  const int n = r->sizes[0], rows = r->sizes[1], centred = r->task == TASK_quadratic, whole = n & ~3;
  const float *answers = s->answers;
  double loss = 0;
  for (int j = 0; j < n; j++) d[j] = centred ? x[j] - answers[j] : x[j];
  if (g) for (int j = 0; j < n; j++) g[j] = 0;
  for (int i = 0; i < rows; i++) {
    const float *a = s->inputs + (long)i * n;
    v4 sum = splat(0);
    for (int j = 0; j < whole; j += 4) sum += load(a + j) * load(d + j);
    float residual = sum4(sum);
    for (int j = whole; j < n; j++) residual += a[j] * d[j];
    if (!centred) residual -= answers[i];
    loss += 0.5 * residual * residual;
    if (!g) continue;
    const v4 by = splat(residual);
    for (int j = 0; j < whole; j += 4) store(g + j, load(g + j) + load(a + j) * by);
    for (int j = whole; j < n; j++) g[j] += a[j] * residual;
  }
  if (r->strength != 0) {
    double norm = 0;
    for (int j = 0; j < n; j++) {
      norm += sabs(x[j]);
      if (g) g[j] += x[j] > 0 ? r->strength : -r->strength;  // at 0 as TF.js has it
    }
    loss += r->strength * norm;
  }
  return (float)loss;
}
#endif
