// Activations of dense networks, as TF.js computes them, and their slopes.
#ifndef L2O_ACTIVATIONS_H
#define L2O_ACTIVATIONS_H
#include "rollout_layout.h"
#include "simd.h"

INLINE v4 mlp_select(i4 mask, v4 a, v4 b) { return (v4)((mask & (i4)a) | (~mask & (i4)b)); }

// The formulas of simd.h lose digits near 0, where a network of small weights works: there, series take over.
INLINE v4 mlp_tanh(v4 x) {
  const v4 z = x * x;
  v4 y = z * -5.70498872745e-3f + 2.06390887954e-2f;
  y = y * z - 5.37397155531e-2f;
  y = y * z + 1.33314422036e-1f;
  y = y * z - 3.33332819422e-1f;
  return mlp_select(z < 0.390625f, y * z * x + x, vtanh(x));
}
// e^x - 1 for x <= 0.
INLINE v4 mlp_expm1(v4 x) {
  v4 y = x * 1.98412698e-4f + 1.38888889e-3f;
  y = y * x + 8.33333333e-3f;
  y = y * x + 4.16666667e-2f;
  y = y * x + 1.66666667e-1f;
  y = y * x + 0.5f;
  return mlp_select(x > -0.5f, y * x * x + x, vexp(x) - 1.0f);
}
// log(1 + e) for 0 <= e <= 1.
INLINE v4 mlp_log1p(v4 e) {
  const v4 u = 1.0f + e, d = u - 1.0f;
  const i4 tiny = d == 0.0f;
  return mlp_select(tiny, e, vlog(u) * (e / mlp_select(tiny, splat(1), d)));
}

// The order of vmax's arguments lets a NaN through, so that a diverged run is seen in its loss.
INLINE v4 mlp_activation(int kind, v4 z) {
  switch (kind) {
    case ACTIVATION_relu: return vmax(z, splat(0));
    case ACTIVATION_tanh: return mlp_tanh(z);
    case ACTIVATION_sigmoid: return vsigmoid(z);
    case ACTIVATION_elu: return vmax(z, splat(0)) + mlp_expm1(vmin(z, splat(0)));
    case ACTIVATION_leakyRelu: return vmax(0.2f * z, z);
    default: return vmax(z, splat(0)) + mlp_log1p(vexp(-vmax(z, -z)));
  }
}

// activation'(z), from the activation's output y.
INLINE v4 mlp_slope(int kind, v4 y) {
  switch (kind) {
    case ACTIVATION_relu: return (v4)((i4)splat(1) & (i4)(y > 0.0f));
    case ACTIVATION_tanh: return 1.0f - y * y;
    case ACTIVATION_sigmoid: return y * (1.0f - y);
    case ACTIVATION_elu: return vmin(splat(1), y + 1.0f);
    case ACTIVATION_leakyRelu: return 0.2f + (v4)((i4)splat(0.8f) & (i4)(y > 0.0f));
    default: return -mlp_expm1(-y);
  }
}

static NOINLINE void mlp_activate(int kind, float *x, int n) {
  for (int i = 0; i < n; i += 4) store(x + i, mlp_activation(kind, load(x + i)));
}

// d *= activation'(z), from the activation's output h.
static NOINLINE void mlp_activation_gradient(int kind, const float *h, float *d, int n) {
  for (int i = 0; i < n; i += 4) store(d + i, load(d + i) * mlp_slope(kind, load(h + i)));
}
#endif
