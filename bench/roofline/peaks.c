// What the machine can do at most, beside the step kernel in one module: arithmetic, memory, and a fused Adam.
#include "../../kernel/step.c"

// `rounds` multiply-adds on each of 12 independent vectors: 96 operations a round.
EXPORT(multiplyAdds) float multiply_adds(int rounds) {
  v4 x[12];
  for (int k = 0; k < 12; k++) x[k] = splat(1.0f + k);
  for (int i = 0; i < rounds; i++) for (int k = 0; k < 12; k++) x[k] = x[k] * 0.9999f + 0.0001f;
  v4 sum = x[0];
  for (int k = 1; k < 12; k++) sum += x[k];
  return sum4(sum);
}

// Reads three arrays and writes one: 16 bytes an element.
EXPORT(triad) void triad(float *to, const float *a, const float *b, const float *c, int n) {
  for (int i = 0; i + 8 <= n; i += 8) {
    store(to + i, load(a + i) + load(b + i) + load(c + i));
    store(to + i + 4, load(a + i + 4) + load(b + i + 4) + load(c + i + 4));
  }
}

// Adam in one pass: reads parameter, gradient and two moments, writes three of them.
EXPORT(fusedAdam) void fused_adam(float *p, const float *g, float *m, float *v, int n, float rate, float c1, float c2) {
  for (int i = 0; i + 4 <= n; i += 4) {
    const v4 x = load(g + i);
    const v4 a = load(m + i) + (x - load(m + i)) * 0.1f, b = load(v + i) + (x * x - load(v + i)) * 0.001f;
    store(m + i, a);
    store(v + i, b);
    store(p + i, load(p + i) - rate * (a * c1) / (vsqrt(b * c2) + 1e-7f));
  }
}
