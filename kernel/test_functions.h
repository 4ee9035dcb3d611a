// Rosenbrock, Rastrigin, Ackley and Griewank, moved by the split's inputs; see src/tasks/families. sizes: coordinates.
#ifndef L2O_TEST_FUNCTIONS_H
#define L2O_TEST_FUNCTIONS_H
#include "rollout_layout.h"
#include "simd.h"

#define PI_FLOAT 3.14159274f
#define E_DOUBLE 2.71828182845904523536

// sin and cos of a float: fdlibm's three-part reduction by π/2, then Taylor's series on ±π/4, right to float precision. From
// 2^30 on neighbouring floats lie whole periods apart: their phase is taken as 0.
SMALL void sine_cosine(float angle, double *sine, double *cosine) {
  const double x = sabs(angle) < 1073741824.0f ? angle : angle - angle;  // NaN stays NaN
  const double magic = 6755399441055744.0, k = (x * 0.63661977236758134308 + magic) - magic;
  const double y = ((x - k * 1.57079632673412561417e+00) - k * 6.07710050630396597660e-11) - k * 2.02226624879595063154e-21, z = y * y;
  const double s = y * (1 + z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880 + z * (-1.0 / 39916800 + z / 6227020800.0))))));
  const double c = 1 + z * (-1.0 / 2 + z * (1.0 / 24 + z * (-1.0 / 720 + z * (1.0 / 40320 + z * (-1.0 / 3628800 + z / 479001600.0)))));
  const int quarter = x == x ? (int)k & 3 : 0;
  *sine = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
  *cosine = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
}

// e^x - 1 for x <= 0, right to float precision.
SMALL double negative_expm1(double x) {
  if (x < -40) return -1;
  const double magic = 6755399441055744.0, k = (x * 1.44269504088896340736 + magic) - magic, y = x - k * 0.69314718055994530942;
  double term = y, sum = y;
  for (int i = 2; i <= 12; i++) {
    term *= y / i;
    sum += term;
  }
  double scale = 1;
  for (int i = 0; i > k; i--) scale *= 0.5;
  return k == 0 ? sum : scale * (sum + 1) - 1;
}

static int test_function_scratch(const rollout *r) { return 6 * ((r->sizes[0] + 3) & ~3); }

SMALL double rosenbrock(int n, const float *x, double *g) {
  double total = 0;
  for (int i = 0; i < n; i++) g[i] = 0;
  for (int i = 0; i + 1 < n; i++) {
    const double valley = x[i + 1] - (double)x[i] * x[i], rest = 1 - (double)x[i];
    total += 100 * valley * valley + rest * rest;
    g[i] += -400 * valley * x[i] - 2 * rest;
    g[i + 1] += 200 * valley;
  }
  return total;
}

SMALL double rastrigin(int n, const float *x, double *g) {
  double total = 0, sine, cosine;
  for (int i = 0; i < n; i++) {
    sine_cosine(PI_FLOAT * x[i], &sine, &cosine);
    total += (double)x[i] * x[i] + 20 * sine * sine;
    g[i] = 2 * (double)x[i] + 40 * (double)PI_FLOAT * sine * cosine;
  }
  return total;
}

SMALL double ackley(int n, const float *x, double *g) {
  double squares = 0, waves = 0, sine, cosine;
  for (int i = 0; i < n; i++) {
    sine_cosine(PI_FLOAT * x[i], &sine, &cosine);
    squares += (double)x[i] * x[i];
    waves += sine * sine;
    g[i] = sine * cosine;
  }
  const double mean = squares / n, radius = __builtin_sqrt(mean < 1e-30 ? 1e-30 : mean);
  const double funnel = negative_expm1(-0.2 * radius), bumps = negative_expm1(-2 * waves / n);
  const double along = mean < 1e-30 ? 0 : 4 * (funnel + 1) / (n * radius), across = 4 * E_DOUBLE * (double)PI_FLOAT * (bumps + 1) / n;
  for (int i = 0; i < n; i++) g[i] = along * x[i] + across * g[i];
  return -20 * funnel - E_DOUBLE * bumps;
}

// `others` receives the product of the cosines before each coordinate, then of all but its own.
SMALL double griewank(int n, const float *x, double *g, double *others) {
  double bowl = 0, product = 1, sine, cosine;
  for (int i = 0; i < n; i++) {
    const float root = ssqrt((float)(i + 1));
    sine_cosine(x[i] / root, &sine, &cosine);
    bowl += (double)x[i] * x[i];
    others[i] = product;
    product *= cosine;
    g[i] = sine / root;
  }
  double after = 1;
  for (int i = n - 1; i >= 0; i--) {
    const float root = ssqrt((float)(i + 1));
    sine_cosine(x[i] / root, &sine, &cosine);
    g[i] = (double)x[i] / 2000 + g[i] * others[i] * after;
    after *= cosine;
  }
  return bowl / 4000 + (1 - product);
}

SMALL float test_function(const rollout *r, const split *s, const float *x, float *g, float *scratch) {
  const int n = r->sizes[0], room = (n + 3) & ~3;
  double *slope = (double *)(scratch + room), value = 0;
  float *d = scratch;
  for (int i = 0; i < n; i++) d[i] = x[i] - s->inputs[i];
  switch (r->task) {
    case TASK_rosenbrock: value = rosenbrock(n, d, slope); break;
    case TASK_rastrigin: value = rastrigin(n, d, slope); break;
    case TASK_ackley: value = ackley(n, d, slope); break;
    case TASK_griewank: value = griewank(n, d, slope, slope + room); break;
  }
  if (g) for (int i = 0; i < n; i++) g[i] = (float)slope[i];
  return (float)value;
}
#endif
