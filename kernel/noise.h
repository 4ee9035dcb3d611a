// Standard normal numbers: the generator of src/random.ts (sfc32, seeded by splitmix32, and Marsaglia's polar method).
#ifndef L2O_NOISE_H
#define L2O_NOISE_H
#include "mix.h"

typedef struct { unsigned a, b, c, d; } generator;

INLINE unsigned next_integer(generator *s) {
  const unsigned t = s->a + s->b + s->d++;
  s->a = s->b ^ (s->b >> 9);
  s->b = s->c + (s->c << 3);
  s->c = ((s->c << 21) | (s->c >> 11)) + t;
  return t;
}

// `Random(seed).fork(label)`: the label's decimal digits, from the first on.
SMALL generator forked_generator(unsigned seed, unsigned label) {
  unsigned hash = mix32(seed ^ 0x5bf03635u), power = 1;
  while (label / power >= 10) power *= 10;
  for (; power; power /= 10) hash = mix32(hash ^ ('0' + label / power % 10));
  generator s = {mix32(hash + 0x9e3779b9u), mix32(hash + 2 * 0x9e3779b9u), mix32(hash + 3 * 0x9e3779b9u), 1};
  for (int i = 0; i < 12; i++) next_integer(&s);
  return s;
}

// Natural logarithm of a normal double > 0, right to its last digits: log m = 2 artanh((m - 1) / (m + 1)), |.| < 0.18.
SMALL double double_log(double x) {
  long long bits;
  __builtin_memcpy(&bits, &x, sizeof x);
  const long long exponent = (bits - 0x3fe6a09e667f3bcdll) >> 52;
  bits -= exponent * (1ll << 52);
  double m, sum = 0;
  __builtin_memcpy(&m, &bits, sizeof m);
  const double f = (m - 1) / (m + 1), z = f * f;
  for (int k = 21; k > 0; k -= 2) sum = sum * z + 1.0 / k;
  return 2 * f * sum + (double)exponent * 0.69314718055994530942;
}

INLINE double next_uniform(generator *s) { return -1 + 2 * ((double)next_integer(s) / 4294967296.0); }

SMALL void normal_numbers(generator s, float *to, int n) {
  for (int i = 0; i < n;) {
    const double u = next_uniform(&s), v = next_uniform(&s), squares = u * u + v * v;
    if (!(squares > 0 && squares < 1)) continue;
    const double scale = __builtin_elementwise_sqrt(-2 * double_log(squares) / squares);
    to[i++] = (float)(u * scale);
    if (i < n) to[i++] = (float)(v * scale);
  }
}
#endif
