// gelu in its form with erf, as TF.js computes it: x Φ(x). Its slope does not follow from its output, as that of the others does.
#ifndef L2O_GELU_H
#define L2O_GELU_H
#include "activations.h"

// erf by Abramowitz and Stegun 7.1.26, error below 1.5e-7: TF.js's own.
INLINE v4 gelu_erf(v4 x) {
  const v4 size = vmax(x, -x), t = 1.0f / (1.0f + 0.3275911f * size);
  v4 y = t * 1.061405429f - 1.453152027f;
  y = y * t + 1.421413741f;
  y = y * t - 0.284496736f;
  y = y * t + 0.254829592f;
  const v4 positive = 1.0f - y * t * vexp(-size * size);
  return mlp_select(x < 0.0f, -positive, positive);
}
INLINE v4 gelu_share(v4 x) { return 0.5f + 0.5f * gelu_erf(x * 0.70710678f); }

static NOINLINE void gelu(const float *x, float *to, int n) {
  for (int i = 0; i < n; i += 4) store(to + i, load(x + i) * gelu_share(load(x + i)));
}

// to = d gelu'(x)
static NOINLINE void gelu_gradient(const float *x, const float *d, float *to, int n) {
  for (int i = 0; i < n; i += 4) {
    const v4 z = load(x + i);
    store(to + i, load(d + i) * (gelu_share(z) + z * 0.39894228f * vexp(-0.5f * z * z)));
  }
}
#endif
