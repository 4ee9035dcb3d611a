// The per-parameter pass of tensor-lstm: reads gradient, parameter and slots once, writes parameter and slots once.
// Included by tensor_lstm.h.

// Parameters from one flush of the float sums into doubles to the next: keeps sums right for any size.
#define TL_BLOCK 1024
#ifndef TL_WIDE
#define TL_WIDE 4  // vectors side by side: weights are loaded once for all
#endif

typedef struct { v4 m1m1, m2m2, pp, gm1, m1m2, dd; } tl_sums;

// Folds what is the same for all parameters of a tensor into limits and weights, so that the pass below reads raw slots.
INLINE void tl_fold(const float *theta, float *K) {
  const float *w = theta + TL_OFFSET_hiddenKernel, root = ssqrt(K[K_BIAS_V]);
  K[K_EPSILON] /= root;
#define FOLD(name, factor, limit) K[K_FACTOR + TL_FEATURE_##name] = (factor); K[K_LIMIT + TL_FEATURE_##name] = (limit);
#define NORMALISED(name, norm) FOLD(name, norm, TL_FEATURE_CLIP / (norm))
  NORMALISED(tensorGradient, K[K_NORM_G])
  NORMALISED(tensorMomentum, K[K_NORM_M1])
  NORMALISED(tensorSlowMomentum, K[K_NORM_M2])
  NORMALISED(gradient, 1 / root)
  NORMALISED(parameter, K[K_NORM_P])
  NORMALISED(variance, K[K_NORM_V] * root)
  FOLD(adam, K[K_BIAS_M1] / root, 0)
  FOLD(slowAdam, K[K_BIAS_M2] / root, 0)
#undef NORMALISED
#undef FOLD
  for (int i = 0; i < TL_NUM_MIXED; i++) K[K_MIX + i] *= K[K_FACTOR + i];
  for (int j = 0; j < TL_NUM_PARAMETER_HIDDEN; j++) {
    for (int k = 0; k < TL_NUM_PARAMETER_INPUTS; k++)
      K[K_KERNEL + k * TL_NUM_PARAMETER_HIDDEN + j] = w[k * TL_NUM_PARAMETER_HIDDEN + j] * K[K_FACTOR + TL_FIRST_HIDDEN + k];
    // The variance is centred at 1.
    K[K_HIDDEN + j] -= w[(TL_FEATURE_variance - TL_FIRST_HIDDEN) * TL_NUM_PARAMETER_HIDDEN + j];
  }
}

// One group of `wide` vectors. `lanes` is 4 for whole vectors, else the number of valid lanes (then wide is 1).
INLINE void tl_group(const float *p, float *po, const float *g, float *m1, float *m2, float *v, const float *theta, const float *K, tl_sums *s, int wide, int lanes) {
  const float *head = theta + TL_OFFSET_headKernel;
  v4 P[TL_WIDE], D[TL_WIDE], X[TL_NUM_PARAMETER_INPUTS][TL_WIDE];
  v4 G[TL_WIDE], A[TL_WIDE], B[TL_WIDE], N[TL_WIDE], R[TL_WIDE];
#define EACH for (int u = 0; u < wide; u++)
#define LOAD(q) (lanes == 4 ? load((q) + 4 * u) : load_part(q, lanes))
#define STORE(q, x) do { if (lanes == 4) store((q) + 4 * u, x); else store_part(q, x, lanes); } while (0)
  EACH {
    G[u] = LOAD(g) * K[K_GRADIENT_SCALE];
    P[u] = LOAD(p);
    v4 a = LOAD(m1), b = LOAD(m2), c = LOAD(v);
    a = vmadd(G[u] - a, splat((float)(1 - TL_BETA_M1)), a);
    b = vmadd(G[u] - b, splat((float)(1 - TL_BETA_M2)), b);
    c = vmadd(vmadd(G[u], G[u], -c), splat((float)(1 - TL_BETA_V2)), c);
    STORE(m1, a); STORE(m2, b); STORE(v, c);
    s->m1m1 = vmadd(a, a, s->m1m1); s->m2m2 = vmadd(b, b, s->m2m2); s->gm1 = vmadd(G[u], a, s->gm1); s->m1m2 = vmadd(a, b, s->m1m2);
    A[u] = a;
    B[u] = b;
    R[u] = vsqrt(c);
    N[u] = 1.0f / (R[u] + K[K_EPSILON]);
    D[u] = splat(theta[TL_OFFSET_headBias]);
  }
  // Features are mixed into the direction as soon as they are known, and kept only for the hidden units, which then run one
  // by one: a fifth faster than accumulating all units at once, which needs more registers than there are.
#define INPUT(name) X[TL_FEATURE_##name - TL_FIRST_HIDDEN][u]
#define MIX(name, value) { const v4 mix = splat(K[K_MIX + TL_FEATURE_##name]); EACH D[u] = vmadd(value, mix, D[u]); }
#define KEEP(name, value) EACH INPUT(name) = (value);
#define BOTH(name, value) KEEP(name, value) MIX(name, INPUT(name))
#define LIMIT(name) K[K_LIMIT + TL_FEATURE_##name]
#define CLIPPED(name, x) vclamp(x, -LIMIT(name), LIMIT(name))
  MIX(tensorGradient, CLIPPED(tensorGradient, G[u]))
  MIX(tensorMomentum, CLIPPED(tensorMomentum, A[u]))
  MIX(tensorSlowMomentum, CLIPPED(tensorSlowMomentum, B[u]))
  BOTH(parameter, CLIPPED(parameter, P[u]))
  KEEP(variance, vmin(R[u], splat(LIMIT(variance))))
  BOTH(gradient, CLIPPED(gradient, G[u] * N[u]))
  BOTH(adam, A[u] * N[u])
  BOTH(slowAdam, B[u] * N[u])
  // Rolled up on purpose: unrolled, V8 spills so much that the pass takes half as long again.
#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
  for (int j = 0; j < TL_NUM_PARAMETER_HIDDEN; j++) {
    v4 hidden[TL_WIDE];
    EACH hidden[u] = splat(K[K_HIDDEN + j]);
    for (int k = 0; k < TL_NUM_PARAMETER_INPUTS; k++) {
      const v4 weight = splat(K[K_KERNEL + k * TL_NUM_PARAMETER_HIDDEN + j]);
      EACH hidden[u] = vmadd(X[k][u], weight, hidden[u]);
    }
    EACH D[u] = vmadd(vmax(splat(0), hidden[u]), splat(head[j]), D[u]);
  }
  EACH {
    v4 d = vclamp(D[u], -TL_DIRECTION_CLIP, TL_DIRECTION_CLIP);
    if (lanes < 4) {
      d[3] = 0;
      if (lanes < 3) d[2] = 0;
      if (lanes < 2) d[1] = 0;
    }
    // What has never had a gradient stays where it is.
    d = (v4)((i4)d & (i4)(R[u] > 0.0f));
    // Decay and step are added first: p * (1 - decay) would lose a decay below 6e-8.
    const v4 next = P[u] - vmadd(P[u], splat(K[K_DECAY]), d * K[K_STEP]);
    s->dd = vmadd(d, d, s->dd);
    s->pp = vmadd(next, next, s->pp);
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
#undef LIMIT
}

// The parameters from start to end, a block at most: p to po (may be the same), slots in place. K is folded; sums are added to.
INLINE void tl_apply_block(const float *p, float *po, const float *g, float *m1, float *m2, float *v, int start, int end, const float *theta, const float *K, double *sums) {
  const v4 zero = splat(0);
  tl_sums s = {zero, zero, zero, zero, zero, zero};
  int i = start;
  for (; i + 4 * TL_WIDE <= end; i += 4 * TL_WIDE) tl_group(p + i, po + i, g + i, m1 + i, m2 + i, v + i, theta, K, &s, TL_WIDE, 4);
  for (; i + 4 <= end; i += 4) tl_group(p + i, po + i, g + i, m1 + i, m2 + i, v + i, theta, K, &s, 1, 4);
  if (i < end) tl_group(p + i, po + i, g + i, m1 + i, m2 + i, v + i, theta, K, &s, 1, end - i);
  sums[S_M1M1] += sum4(s.m1m1); sums[S_M2M2] += sum4(s.m2m2); sums[S_PP] += sum4(s.pp);
  sums[S_GM1] += sum4(s.gm1); sums[S_M1M2] += sum4(s.m1m2); sums[S_DD] += sum4(s.dd);
}

// p to po (may be the same), slots in place; sums are over all n.
static void tl_apply(const float *p, float *po, const float *g, float *slots, int n, const float *theta, float *K, double *sums) {
  float *m1 = slots, *m2 = slots + n, *v = slots + 2 * (long)n;
  for (int i = 0; i < S_SIZE; i++) sums[i] = 0;
  tl_fold(theta, K);
  for (int start = 0; start < n; start += TL_BLOCK) {
    const int end = n - start < TL_BLOCK ? n : start + TL_BLOCK;
    tl_apply_block(p, po, g, m1, m2, v, start, end, theta, K, sums);
  }
}
