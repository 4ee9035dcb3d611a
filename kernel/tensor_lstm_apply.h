// The per-parameter pass of tensor-lstm: reads gradient, parameter and slots once, writes parameter and slots once.
// Included by tensor_lstm.h.

// Parameters from one flush of the float sums into doubles to the next: keeps sums right for any size.
#define TL_BLOCK 1024
#ifndef TL_WIDE
#define TL_WIDE 2  // vectors side by side: weights are loaded once for both
#endif

typedef struct { v4 m1m1, m2m2, pp, gm1, m1m2, dd; } tl_sums;

// One group of `wide` vectors. `lanes` is 4 for whole vectors, else the number of valid lanes (then wide is 1).
INLINE void tl_group(const float *p, float *po, const float *g, float *m1, float *m2, float *v1, float *v2,
                     const float *theta, const float *K, tl_sums *s, int wide, int lanes) {
  const float *w = theta + TL_OFFSET_hiddenKernel, *head = theta + TL_OFFSET_headKernel;
  v4 P[TL_WIDE], D[TL_WIDE], X[TL_NUM_PARAMETER_INPUTS][TL_WIDE];
  v4 G[TL_WIDE], A[TL_WIDE], B[TL_WIDE], N1[TL_WIDE], N2[TL_WIDE], R1[TL_WIDE], R2[TL_WIDE];
#define EACH for (int u = 0; u < wide; u++)
#define LOAD(q) (lanes == 4 ? load((q) + 4 * u) : load_part(q, lanes))
#define STORE(q, x) do { if (lanes == 4) store((q) + 4 * u, x); else store_part(q, x, lanes); } while (0)
  EACH {
    G[u] = LOAD(g) * K[K_GRADIENT_SCALE];
    P[u] = LOAD(p);
    const v4 gg = G[u] * G[u];
    v4 a = LOAD(m1), b = LOAD(m2), c = LOAD(v1), d = LOAD(v2);
    a += (G[u] - a) * (float)(1 - TL_BETA_M1);
    b += (G[u] - b) * (float)(1 - TL_BETA_M2);
    c += (gg - c) * (float)(1 - TL_BETA_V1);
    d += (gg - d) * (float)(1 - TL_BETA_V2);
    STORE(m1, a); STORE(m2, b); STORE(v1, c); STORE(v2, d);
    s->m1m1 += a * a; s->m2m2 += b * b; s->gm1 += G[u] * a; s->m1m2 += a * b;
    A[u] = a;
    B[u] = b;
    R1[u] = vsqrt(c * K[K_BIAS_V1]);
    R2[u] = vsqrt(d * K[K_BIAS_V2]);
    N1[u] = 1.0f / (R1[u] + K[K_EPSILON]);
    N2[u] = 1.0f / (R2[u] + K[K_EPSILON]);
    D[u] = splat(theta[TL_OFFSET_headBias]);
  }
  // Features are mixed into the direction as soon as they are known, and kept only for the hidden units, which then run one
  // by one: a fifth faster than accumulating all units at once, which needs more registers than there are.
#define INPUT(name) X[TL_FEATURE_##name - TL_FIRST_HIDDEN][u]
#define MIX(name, value) { const v4 mix = splat(K[K_MIX + TL_FEATURE_##name]); EACH D[u] += (value) * mix; }
#define KEEP(name, value) EACH INPUT(name) = (value);
#define BOTH(name, value) KEEP(name, value) MIX(name, INPUT(name))
#define CLIPPED(x) vclamp(x, -TL_FEATURE_CLIP, TL_FEATURE_CLIP)
  MIX(tensorGradient, CLIPPED(G[u] * K[K_NORM_G]))
  MIX(tensorMomentum, CLIPPED(A[u] * K[K_NORM_M1]))
  MIX(tensorSlowMomentum, CLIPPED(B[u] * K[K_NORM_M2]))
  MIX(fastAdam, A[u] * K[K_BIAS_M1] * N1[u])
  BOTH(parameter, CLIPPED(P[u] * K[K_NORM_P]))
  KEEP(variance, vmin(R2[u] * K[K_NORM_V], splat(TL_FEATURE_CLIP)) - 1.0f)
  KEEP(varianceTrend, vmin(R1[u] * N2[u], splat(TL_FEATURE_CLIP)) - 1.0f)
  BOTH(gradient, CLIPPED(G[u] * N2[u]))
  BOTH(adam, A[u] * K[K_BIAS_M1] * N2[u])
  BOTH(slowAdam, B[u] * K[K_BIAS_M2] * N2[u])
  for (int j = 0; j < TL_NUM_PARAMETER_HIDDEN; j++) {
    v4 hidden[TL_WIDE];
    EACH hidden[u] = splat(K[K_HIDDEN + j]);
    for (int k = 0; k < TL_NUM_PARAMETER_INPUTS; k++) {
      const v4 weight = splat(w[k * TL_NUM_PARAMETER_HIDDEN + j]);
      EACH hidden[u] += X[k][u] * weight;
    }
    EACH D[u] += vmax(splat(0), hidden[u]) * head[j];
  }
  EACH {
    v4 d = vclamp(D[u], -TL_DIRECTION_CLIP, TL_DIRECTION_CLIP);
    if (lanes < 4) {
      d[3] = 0;
      if (lanes < 3) d[2] = 0;
      if (lanes < 2) d[1] = 0;
    }
    // What has never had a gradient stays where it is.
    d = (v4)((i4)d & (i4)(R2[u] > 0.0f));
    // Decay and step are added first: p * (1 - decay) would lose a decay below 6e-8.
    const v4 next = P[u] - (P[u] * K[K_DECAY] + d * K[K_STEP]);
    s->dd += d * d;
    s->pp += next * next;
    STORE(po, next);
  }
#undef EACH
#undef LOAD
#undef STORE
#undef INPUT
#undef MIX
#undef KEEP
#undef BOTH
#undef CLIPPED
}

// p to po (may be the same), slots in place; sums are over all n.
static void tl_apply(const float *p, float *po, const float *g, float *slots, int n, const float *theta, const float *K, double *sums) {
  float *m1 = slots, *m2 = slots + n, *v1 = slots + 2 * (long)n, *v2 = slots + 3 * (long)n;
  for (int i = 0; i < S_SIZE; i++) sums[i] = 0;
  for (int start = 0; start < n; start += TL_BLOCK) {
    const int end = n - start < TL_BLOCK ? n : start + TL_BLOCK;
    const v4 zero = splat(0);
    tl_sums s = {zero, zero, zero, zero, zero, zero};
    int i = start;
    for (; i + 4 * TL_WIDE <= end; i += 4 * TL_WIDE) tl_group(p + i, po + i, g + i, m1 + i, m2 + i, v1 + i, v2 + i, theta, K, &s, TL_WIDE, 4);
    for (; i + 4 <= end; i += 4) tl_group(p + i, po + i, g + i, m1 + i, m2 + i, v1 + i, v2 + i, theta, K, &s, 1, 4);
    if (i < end) tl_group(p + i, po + i, g + i, m1 + i, m2 + i, v1 + i, v2 + i, theta, K, &s, 1, end - i);
    sums[S_M1M1] += sum4(s.m1m1); sums[S_M2M2] += sum4(s.m2m2); sums[S_PP] += sum4(s.pp);
    sums[S_GM1] += sum4(s.gm1); sums[S_M1M2] += sum4(s.m1m2); sums[S_DD] += sum4(s.dd);
  }
}
