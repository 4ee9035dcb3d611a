// Loss and gradient of a dense network with one activation, on a batch drawn from a split's examples.
// sizes: inputs, units of each layer; a split's inputs are [examples][inputs], its answers int classes for
// softmaxCrossEntropy, else numbers [examples][outputs]; strength is that of ½ l2 ‖kernels‖².
#ifndef L2O_MLP_H
#define L2O_MLP_H
#include "gemm.h"
#include "rollout_layout.h"

INLINE int pad4(int n) { return (n + 3) & ~3; }
INLINE int imax(int a, int b) { return a > b ? a : b; }

// A counter-based generator: a batch depends on its split's seed and the step alone. `batchRows` of the task families is the same.
INLINE unsigned mix32(unsigned x) {
  x ^= x >> 16; x *= 0x7feb352du;
  x ^= x >> 15; x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

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

static void mlp_activate(int kind, float *x, int n) {
  for (int i = 0; i < n; i += 4) store(x + i, mlp_activation(kind, load(x + i)));
}

// d *= activation'(z), from the activation's output h.
static void mlp_activation_gradient(int kind, const float *h, float *d, int n) {
  for (int i = 0; i < n; i += 4) store(d + i, load(d + i) * mlp_slope(kind, load(h + i)));
}

// softmaxCrossEntropy of outputs z [rows][ld]: they become softmax - one-hot, divided by the number of rows. Row by row all
// would wait for one maximum, sum and logarithm after the other: these are taken for all rows first. `sums` is scratch.
static double mlp_softmax(float *z, const int *labels, const int *index, int rows, int out, int ld, float *sums) {
  const int lanes = out - (ld - 4);
  const i4 inside = (i4){0, 1, 2, 3} < (i4){lanes, lanes, lanes, lanes};
  double total = 0;
  for (int b = 0; b < rows; b++) {
    float *y = z + b * ld;
    const v4 first = splat(y[0]), last = mlp_select(inside, load(y + ld - 4), first);
    v4 largest = last;
    for (int j = 0; j < ld - 4; j += 4) largest = vmax(largest, load(y + j));
    const float most = smax(smax(largest[0], largest[1]), smax(largest[2], largest[3]));
    const v4 e = (v4)((i4)vexp(last - most) & inside);
    v4 sum = e;
    total += (double)(most - y[labels[index[b]]]);
    for (int j = 0; j < ld - 4; j += 4) {
      const v4 other = vexp(load(y + j) - most);
      store(y + j, other);
      sum += other;
    }
    store(y + ld - 4, e);
    sums[b] = sum4(sum);
  }
  for (int b = rows; b & 3; b++) sums[b] = 1;
  for (int b = 0; b < rows; b += 4) {
    const v4 sum = load(sums + b), logarithm = vlog(sum) + (sum - sum);  // a NaN among the outputs is a NaN loss
    total += (double)sum4(logarithm);
    store(sums + b, 1.0f / (sum * (float)rows));
  }
  for (int b = 0; b < rows; b++) {
    const v4 scale = splat(sums[b]);
    float *y = z + b * ld;
    for (int j = 0; j < ld; j += 4) store(y + j, load(y + j) * scale);
    y[labels[index[b]]] -= 1.0f / rows;
  }
  return total / rows;
}

// One row of a loss that is a mean over outputs: y becomes the loss's slope times `scale`, padding 0. Returns the row's sum.
INLINE double mlp_elementwise_row(int kind, float *y, const float *target, int out, int ld, float scale) {
  double total = 0;
  for (int j = 0; j < ld; j += 4) {
    const int lanes = out - j < 4 ? out - j : 4;
    const v4 z = load(y + j), t = lanes == 4 ? load(target + j) : load_part(target + j, lanes), e = z - t, size = vmax(e, -e);
    v4 loss, slope;
    switch (kind) {
      case LOSS_sigmoidCrossEntropy:
        loss = vmax(z, splat(0)) - z * t + mlp_log1p(vexp(-vmax(z, -z)));
        slope = vsigmoid(z) - t;
        break;
      case LOSS_huberLoss: {
        const v4 bent = vmin(size, splat(1));
        loss = 0.5f * bent * bent + (size - bent);
        slope = vclamp(e, -1, 1);
        break;
      }
      case LOSS_absoluteDifference:
        loss = size;
        slope = splat(-1) + (v4)((i4)splat(2) & (i4)(e >= 0.0f));  // at 0 as TF.js has it
        break;
      default:
        loss = e * e;
        slope = 2.0f * e;
    }
    slope *= scale;
    for (int k = lanes; k < 4; k++) loss[k] = slope[k] = 0;
    total += sum4(loss);
    store(y + j, slope);
  }
  return total;
}

// Mean loss of `rows` outputs z [rows][ld]; z becomes the gradient with respect to them. Padding columns become 0.
static float mlp_loss(const rollout *r, const split *s, float *z, int rows, int ld, const int *index, float *sums) {
  const int out = r->sizes[r->numSizes - 1];
  if (r->lossKind == LOSS_softmaxCrossEntropy) return (float)mlp_softmax(z, s->answers, index, rows, out, ld, sums);
  double total = 0;
  const float *targets = s->answers, scale = 1.0f / ((float)rows * out);
  for (int b = 0; b < rows; b++) total += mlp_elementwise_row(r->lossKind, z + b * ld, targets + (long)index[b] * out, out, ld, scale);
  return (float)(total / ((double)rows * out));
}

// The class of an output row: its largest, or, where there is one alone, whether it is above a threshold.
INLINE int mlp_class(const float *y, int out, float threshold) {
  if (out == 1) return y[0] > threshold;
  int best = 0;
  for (int j = 1; j < out; j++) if (y[j] > y[best]) best = j;
  return best;
}

// How many of the outputs z [rows][ld] have the class of their answer.
static int mlp_count_right(const rollout *r, const split *s, const float *z, int rows, int ld, const int *index) {
  const int out = r->sizes[r->numSizes - 1];
  int right = 0;
  for (int b = 0; b < rows; b++) {
    const int answer = r->lossKind == LOSS_softmaxCrossEntropy ? ((const int *)s->answers)[index[b]]
      : mlp_class((const float *)s->answers + (long)index[b] * out, out, 0.5f);
    right += mlp_class(z + b * ld, out, 0) == answer;
  }
  return right;
}

typedef struct { float *weight, *transposed, *bias, *output; } mlp_layer;
typedef struct {
  int numLayers;
  mlp_layer *layer;
  int *index;
  float *input, *delta[2], *packed, *sums;
} mlp_scratch;

// Floats of scratch that a batch needs; with `m` not null, also lays the pieces out from `scratch`.
static int mlp_layout(const rollout *r, float *scratch, mlp_scratch *m) {
  const int rows = imax(r->splits[0].batchSize, r->splits[1].batchSize), layers = r->numSizes - 1;
  int used = 0, largest = 0, widest = 0;
#define TAKE(pointer, count) do { if (m) m->pointer = (void *)(scratch + used); used += pad4(count); } while (0)
  if (m) m->numLayers = layers;
  TAKE(layer, layers * (int)(sizeof(mlp_layer) / sizeof(float)));
  TAKE(index, rows);
  TAKE(input, rows * r->sizes[0]);
  for (int l = 0; l < layers; l++) {
    const int in = r->sizes[l], out = r->sizes[l + 1];
    TAKE(layer[l].weight, in * pad4(out));
    TAKE(layer[l].transposed, l ? out * pad4(in) : 0);
    TAKE(layer[l].bias, pad4(out));
    TAKE(layer[l].output, rows * pad4(out));
    largest = imax(largest, in * pad4(out));
    widest = imax(widest, imax(pad4(in), pad4(out)));
  }
  TAKE(sums, imax(rows, widest));
  TAKE(delta[0], rows * widest);
  TAKE(delta[1], rows * widest);
  TAKE(packed, largest);
#undef TAKE
  return used;
}

// Weights in rows of a multiple of four, and, for the gradient, transposed. Weights that are of that form already stay in place.
static void mlp_pack(const rollout *r, mlp_scratch *m, const float *w, int with_gradient) {
  for (int l = 0; l < m->numLayers; l++) {
    const int in = r->sizes[l], out = r->sizes[l + 1], ldo = pad4(out);
    mlp_layer *layer = &m->layer[l];
    if (with_gradient && l) transpose(in, out, w, out, layer->transposed, pad4(in));
    if (out == ldo) {
      layer->weight = (float *)w;
      layer->bias = (float *)w + in * out;
    } else {
      for (int i = 0; i < in; i++) {
        for (int o = 0; o < out; o++) layer->weight[i * ldo + o] = w[i * out + o];
        for (int o = out; o < ldo; o++) layer->weight[i * ldo + o] = 0;
      }
      for (int o = 0; o < ldo; o++) layer->bias[o] = o < out ? w[in * out + o] : 0;
    }
    w += (in + 1) * out;
  }
}

// The outputs for the examples of m->index.
static float *mlp_forward(const rollout *r, const split *s, const mlp_scratch *m, int rows) {
  const int d = r->sizes[0];
  for (int b = 0; b < rows; b++) {
    const float *x = s->inputs + (long)m->index[b] * d;
    float *to = m->input + b * d;
    int j = 0;
    for (; j + 4 <= d; j += 4) store(to + j, load(x + j));
    for (; j < d; j++) to[j] = x[j];
  }
  const float *h = m->input;
  int ld = d;
  for (int l = 0; l < m->numLayers; l++) {
    const int ldo = pad4(r->sizes[l + 1]);
    gemm(rows, ldo, r->sizes[l], h, ld, 1, m->layer[l].weight, ldo, m->layer[l].bias, m->layer[l].output, ldo);
    if (l < m->numLayers - 1) mlp_activate(r->activation, m->layer[l].output, rows * ldo);
    h = m->layer[l].output;
    ld = ldo;
  }
  return m->layer[m->numLayers - 1].output;
}

// ½ l2 ‖kernels‖², added to the gradient too.
static float mlp_penalty(const rollout *r, const float *w, float *g) {
  double squares = 0;
  for (int l = 0, at = 0; l + 1 < r->numSizes; at += (r->sizes[l] + 1) * r->sizes[l + 1], l++) {
    for (int i = at; i < at + r->sizes[l] * r->sizes[l + 1]; i++) {
      squares += (double)w[i] * w[i];
      if (g) g[i] += r->strength * w[i];
    }
  }
  return (float)(0.5 * r->strength * squares);
}

static void mlp_backward(const rollout *r, const mlp_scratch *m, int rows, float *delta, float *g) {
  int offset = r->numParams;
  for (int l = m->numLayers - 1; l >= 0; l--) {
    const int in = r->sizes[l], out = r->sizes[l + 1], ldo = pad4(out);
    offset -= (in + 1) * out;
    float *gw = g + offset, *gb = gw + in * out;
    const float *h = l ? m->layer[l - 1].output : m->input;
    const int ldh = l ? pad4(in) : in;
    float *to = out == ldo ? gw : m->packed;
    gemm(in, ldo, rows, h, 1, ldh, delta, ldo, 0, to, ldo);
    if (to != gw) for (int i = 0; i < in; i++) for (int o = 0; o < out; o++) gw[i * out + o] = to[i * ldo + o];
    sum_rows(rows, ldo, delta, m->sums);
    for (int o = 0; o < out; o++) gb[o] = m->sums[o];
    if (l) {
      float *next = m->delta[l & 1];
      gemm(rows, ldh, out, delta, ldo, 1, m->layer[l].transposed, ldh, 0, next, ldh);
      mlp_activation_gradient(r->activation, h, next, rows * ldh);
      delta = next;
    }
  }
}

// Loss on the batch of a step at the weights w; g, where not 0, receives the gradient, *right the number of right classes.
static float mlp_loss_at(const rollout *r, const split *s, int step, const float *w, float *g, float *scratch, int *right) {
  mlp_scratch m;
  const int rows = s->batchSize;
  mlp_layout(r, scratch, &m);
  const unsigned key = mix32(s->seed ^ (0x9e3779b9u * (unsigned)(step + 1)));
  for (int b = 0; b < rows; b++) m.index[b] = (int)(mix32(key + (unsigned)b * 0x85ebca6bu) % (unsigned)s->numExamples);
  mlp_pack(r, &m, w, g != 0);
  float *delta = mlp_forward(r, s, &m, rows);
  const int ld = pad4(r->sizes[r->numSizes - 1]);
  if (right) *right = mlp_count_right(r, s, delta, rows, ld, m.index);
  float loss = mlp_loss(r, s, delta, rows, ld, m.index, m.sums);
  if (g) mlp_backward(r, &m, rows, delta, g);
  if (r->strength != 0) loss += mlp_penalty(r, w, g);
  return loss;
}

// Mean loss over all examples of a split, in batches; *right is the number of right classes.
static double mlp_whole_split(const rollout *r, const split *s, const float *w, float *scratch, int *right) {
  mlp_scratch m;
  const int ld = pad4(r->sizes[r->numSizes - 1]);
  mlp_layout(r, scratch, &m);
  mlp_pack(r, &m, w, 0);
  double total = 0;
  *right = 0;
  for (int start = 0; start < s->numExamples; start += s->batchSize) {
    const int rows = s->numExamples - start < s->batchSize ? s->numExamples - start : s->batchSize;
    for (int b = 0; b < rows; b++) m.index[b] = start + b;
    float *z = mlp_forward(r, s, &m, rows);
    *right += mlp_count_right(r, s, z, rows, ld, m.index);
    total += (double)mlp_loss(r, s, z, rows, ld, m.index, m.sums) * rows;
  }
  return total / s->numExamples;
}
#endif
