// Four-wide float vectors by clang's vector extensions, so that one source builds for wasm SIMD and natively (sanitizers).
#ifndef L2O_SIMD_H
#define L2O_SIMD_H

typedef float v4 __attribute__((vector_size(16)));
typedef float v4u __attribute__((vector_size(16), aligned(4), may_alias));
typedef int i4 __attribute__((vector_size(16)));
#define INLINE static inline __attribute__((always_inline))
// For what takes little of the time: the module is part of every download.
#define SMALL static __attribute__((minsize, noinline))
#define NOINLINE __attribute__((noinline))

INLINE v4 splat(float x) { return (v4){x, x, x, x}; }
INLINE v4 load(const float *p) { return *(const v4u *)p; }
INLINE void store(float *p, v4 x) { *(v4u *)p = x; }
INLINE float sum4(v4 x) { return (x[0] + x[1]) + (x[2] + x[3]); }
INLINE v4 vsqrt(v4 x) { return __builtin_elementwise_sqrt(x); }
INLINE float ssqrt(float x) { return __builtin_elementwise_sqrt(x); }

// a < b ? b : a and b < a ? b : a, as the machine's single instruction; with a NaN in `a` they return `a`.
#ifdef __wasm_simd128__
INLINE v4 vmax(v4 a, v4 b) { return __builtin_wasm_pmax_f32x4(a, b); }
INLINE v4 vmin(v4 a, v4 b) { return __builtin_wasm_pmin_f32x4(a, b); }
#else
INLINE v4 vselect(i4 mask, v4 a, v4 b) { return (v4)((mask & (i4)a) | (~mask & (i4)b)); }
INLINE v4 vmax(v4 a, v4 b) { return vselect(a < b, b, a); }
INLINE v4 vmin(v4 a, v4 b) { return vselect(b < a, b, a); }
#endif
// a * b + c: one instruction and one rounding where the machine has relaxed SIMD and a fused multiply-add, else two.
#ifdef __wasm_relaxed_simd__
INLINE v4 vmadd(v4 a, v4 b, v4 c) { return __builtin_wasm_relaxed_madd_f32x4(a, b, c); }
#else
INLINE v4 vmadd(v4 a, v4 b, v4 c) { return a * b + c; }
#endif
INLINE v4 vclamp(v4 x, float lo, float hi) { return vmin(vmax(x, splat(lo)), splat(hi)); }
INLINE float smax(float a, float b) { return a < b ? b : a; }
INLINE float smin(float a, float b) { return b < a ? b : a; }
INLINE float sclamp(float x, float lo, float hi) { return smin(smax(x, lo), hi); }
INLINE float sabs(float x) { return x < 0 ? -x : x; }

// The first r lanes (0 < r < 4) of memory; the others are 0 and are not touched.
INLINE v4 load_part(const float *p, int r) {
  v4 x = {p[0], 0, 0, 0};
  if (r > 1) x[1] = p[1];
  if (r > 2) x[2] = p[2];
  return x;
}
INLINE void store_part(float *p, v4 x, int r) {
  p[0] = x[0];
  if (r > 1) p[1] = x[1];
  if (r > 2) p[2] = x[2];
}

// exp on |x| <= 87, relative error below 2e-7: 2^n times a degree-6 polynomial on half an octave either side.
INLINE v4 vexp(v4 x) {
  x = vclamp(x, -87.0f, 87.0f);
  v4 t = x * 1.44269504088896341f + 12582912.0f;  // rounds to the nearest integer in the low mantissa bits
  i4 n = (i4)t - 0x4b400000;
  v4 k = t - 12582912.0f;
  v4 r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
  v4 y = r * 1.9875691500e-4f + 1.3981999507e-3f;
  y = y * r + 8.3334519073e-3f;
  y = y * r + 4.1665795894e-2f;
  y = y * r + 1.6666665459e-1f;
  y = y * r + 5.0000001201e-1f;
  y = y * (r * r) + r + 1.0f;
  return (v4)((i4)y + (n << 23)) + (x - x);  // the last term lets a NaN through
}
INLINE v4 vsigmoid(v4 x) { return 1.0f / (1.0f + vexp(-x)); }
INLINE v4 vtanh(v4 x) { return 1.0f - 2.0f / (vexp(2.0f * x) + 1.0f); }
INLINE float sexp(float x) { return vexp(splat(x))[0]; }
INLINE float stanh(float x) { return vtanh(splat(x))[0]; }

// Natural logarithm of a normal float > 0, error below 1e-7 + 1 ulp (Cephes' polynomial).
INLINE v4 vlog(v4 x) {
  i4 bits = (i4)vmax(x, splat(1.17549435e-38f));
  i4 e = (bits >> 23) - 126;
  v4 m = (v4)((bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  i4 low = m < 0.707106781186547524f;
  v4 ef = __builtin_convertvector(e + low, v4);  // a true lane is -1
  m = m + (v4)((i4)m & low) - 1.0f;
  v4 z = m * m;
  v4 y = m * 7.0376836292e-2f - 1.1514610310e-1f;
  y = y * m + 1.1676998740e-1f;
  y = y * m - 1.2420140846e-1f;
  y = y * m + 1.4249322787e-1f;
  y = y * m - 1.6668057665e-1f;
  y = y * m + 2.0000714765e-1f;
  y = y * m - 2.4999993993e-1f;
  y = y * m + 3.3333331174e-1f;
  y = y * m * z;
  y = y + ef * -2.12194440e-4f - 0.5f * z;
  return m + y + ef * 0.693359375f;
}
INLINE float slog(float x) { return vlog(splat(x))[0]; }

#endif
