// Loss and gradient of a dense network with one activation, on a batch drawn from the rollout's data.
#ifndef L2O_MLP_H
#define L2O_MLP_H
#include "gemm.h"
#include "rollout_layout.h"

INLINE int pad4(int n) { return (n + 3) & ~3; }

// A counter-based generator: the batch of a step depends on the rollout's seed and the step alone.
INLINE unsigned mix32(unsigned x) {
  x ^= x >> 16; x *= 0x7feb352du;
  x ^= x >> 15; x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

// The order of vmax's arguments lets a NaN through, so that a diverged run is seen in its loss.
static void mlp_activate(int kind, float *x, int n) {
  for (int i = 0; i < n; i += 4) {
    v4 z = load(x + i);
    switch (kind) {
      case ACTIVATION_relu: z = vmax(z, splat(0)); break;
      case ACTIVATION_tanh: z = vtanh(z); break;
      case ACTIVATION_sigmoid: z = vsigmoid(z); break;
      case ACTIVATION_elu: z = vmax(z, splat(0)) + vmin(splat(0), vexp(vmin(splat(0), z)) - 1.0f); break;
      case ACTIVATION_leakyRelu: z = vmax(0.2f * z, z); break;
      case ACTIVATION_softplus: z = vmax(z, splat(0)) + vlog(1.0f + vexp(-vmax(z, -z))); break;
    }
    store(x + i, z);
  }
}

// d *= activation'(z), from the activation's output h.
static void mlp_activation_gradient(int kind, const float *h, float *d, int n) {
  for (int i = 0; i < n; i += 4) {
    const v4 y = load(h + i);
    v4 slope = splat(1);
    switch (kind) {
      case ACTIVATION_relu: slope = (v4)((i4)slope & (i4)(y > 0.0f)); break;
      case ACTIVATION_tanh: slope = 1.0f - y * y; break;
      case ACTIVATION_sigmoid: slope = y * (1.0f - y); break;
      case ACTIVATION_elu: slope = vmin(splat(1), y + 1.0f); break;
      case ACTIVATION_leakyRelu: slope = 0.2f + (v4)((i4)splat(0.8f) & (i4)(y > 0.0f)); break;
      case ACTIVATION_softplus: slope = 1.0f - vexp(-y); break;
    }
    store(d + i, load(d + i) * slope);
  }
}

// Mean loss of `rows` outputs z [rows][ld]; z becomes the gradient with respect to them. Padding columns become 0.
static float mlp_loss(const rollout *r, float *z, int rows, int ld, const int *index) {
  const int out = r->sizes[r->numLayers];
  double total = 0;
  for (int b = 0; b < rows; b++) {
    float *y = z + b * ld;
    const int example = index[b];
    if (r->lossKind == LOSS_softmaxCrossEntropy) {
      const int label = r->labels[example];
      float most = y[0];
      for (int j = 1; j < out; j++) most = smax(most, y[j]);
      const float logit = y[label];
      for (int j = out; j < ld; j++) y[j] = -87.0f + most;
      v4 sum4s = splat(0);
      for (int j = 0; j < ld; j += 4) {
        const v4 e = vexp(load(y + j) - most);
        store(y + j, e);
      }
      for (int j = out; j < ld; j++) y[j] = 0;
      for (int j = 0; j < ld; j += 4) sum4s += load(y + j);
      const float sum = sum4(sum4s), scale = 1.0f / (sum * rows);
      total += slog(sum) + most - logit + (sum - sum);  // a NaN among the logits is a NaN loss
      for (int j = 0; j < ld; j += 4) store(y + j, load(y + j) * scale);
      y[label] -= 1.0f / rows;
    } else {
      const float *target = r->targets + example * out;
      const float scale = 2.0f / ((float)rows * out);
      float squares = 0;
      for (int j = 0; j < out; j++) {
        const float e = y[j] - target[j];
        squares += e * e;
        y[j] = e * scale;
      }
      for (int j = out; j < ld; j++) y[j] = 0;
      total += squares / out;
    }
  }
  return (float)(total / rows);
}

// Scratch: index [rows], inputs [rows][d], then per layer packed weights, transposed weights, bias, outputs and a gradient.
typedef struct {
  int *index;
  float *input, *weight[MAX_LAYERS], *transposed[MAX_LAYERS], *bias[MAX_LAYERS], *output[MAX_LAYERS], *delta[2], *packed;
} mlp_scratch;

INLINE int mlp_widest(const rollout *r) {
  int widest = 0;
  for (int l = 0; l <= r->numLayers; l++) if (r->sizes[l] > widest) widest = r->sizes[l];
  return pad4(widest);
}

// Floats of scratch that `rows` examples need; with `m` not null, also lays the pieces out from r->scratch.
static int mlp_layout(const rollout *r, int rows, mlp_scratch *m) {
  int used = 0;
#define TAKE(pointer, count) do { if (m) m->pointer = (void *)(r->scratch + used); used += pad4(count); } while (0)
  TAKE(index, rows);
  TAKE(input, rows * r->sizes[0]);
  int largest = 0;
  for (int l = 0; l < r->numLayers; l++) {
    const int in = r->sizes[l], out = r->sizes[l + 1];
    TAKE(weight[l], in * pad4(out));
    TAKE(transposed[l], out * pad4(in));
    TAKE(bias[l], pad4(out));
    TAKE(output[l], rows * pad4(out));
    if (in * pad4(out) > largest) largest = in * pad4(out);
  }
  TAKE(delta[0], rows * mlp_widest(r));
  TAKE(delta[1], rows * mlp_widest(r));
  TAKE(packed, largest);
#undef TAKE
  return used;
}

// Copies the effective weights p * scale into padded, and transposed, form.
static void mlp_pack(const rollout *r, const mlp_scratch *m) {
  const float *p = r->params, *s = r->scales;
  for (int l = 0; l < r->numLayers; l++) {
    const int in = r->sizes[l], out = r->sizes[l + 1], ldo = pad4(out), ldi = pad4(in);
    for (int o = 0; o < out; o++) for (int i = in; i < ldi; i++) m->transposed[l][o * ldi + i] = 0;
    for (int i = 0; i < in; i++) {
      for (int o = 0; o < out; o++) {
        const float w = p[i * out + o] * s[i * out + o];
        m->weight[l][i * ldo + o] = w;
        m->transposed[l][o * ldi + i] = w;
      }
      for (int o = out; o < ldo; o++) m->weight[l][i * ldo + o] = 0;
    }
    p += in * out;
    s += in * out;
    for (int o = 0; o < ldo; o++) m->bias[l][o] = o < out ? p[o] * s[o] : 0;
    p += out;
    s += out;
  }
}

static float *mlp_forward(const rollout *r, const mlp_scratch *m, int rows) {
  const int d = r->sizes[0];
  for (int b = 0; b < rows; b++) {
    const float *x = r->data + (long)m->index[b] * d;
    for (int j = 0; j < d; j++) m->input[b * d + j] = x[j];
  }
  const float *h = m->input;
  int ld = d;
  for (int l = 0; l < r->numLayers; l++) {
    const int ldo = pad4(r->sizes[l + 1]);
    gemm(rows, ldo, r->sizes[l], h, ld, 1, m->weight[l], ldo, m->bias[l], m->output[l], ldo);
    if (l < r->numLayers - 1) mlp_activate(r->activation, m->output[l], rows * ldo);
    h = m->output[l];
    ld = ldo;
  }
  return m->output[r->numLayers - 1];
}

// Loss on the batch of this step; r->grads receives the gradient with respect to the (unscaled) parameters.
static float mlp_gradient(const rollout *r) {
  mlp_scratch m;
  const int rows = r->batchSize;
  mlp_layout(r, rows, &m);
  const unsigned key = mix32(r->seed ^ (0x9e3779b9u * (unsigned)(r->step + 1)));
  for (int b = 0; b < rows; b++) m.index[b] = (int)(mix32(key + (unsigned)b * 0x85ebca6bu) % (unsigned)r->numExamples);
  mlp_pack(r, &m);
  float *delta = mlp_forward(r, &m, rows);
  const float loss = mlp_loss(r, delta, rows, pad4(r->sizes[r->numLayers]), m.index);
  int offset = 0;
  for (int l = 0; l < r->numLayers; l++) offset += (r->sizes[l] + 1) * r->sizes[l + 1];
  for (int l = r->numLayers - 1; l >= 0; l--) {
    const int in = r->sizes[l], out = r->sizes[l + 1], ldo = pad4(out);
    offset -= (in + 1) * out;
    float *gw = r->grads + offset, *gb = gw + in * out;
    const float *sw = r->scales + offset, *sb = sw + in * out;
    const float *h = l ? m.output[l - 1] : m.input;
    const int ldh = l ? pad4(in) : in;
    gemm(in, ldo, rows, h, 1, ldh, delta, ldo, 0, m.packed, ldo);
    for (int i = 0; i < in; i++) for (int o = 0; o < out; o++) gw[i * out + o] = m.packed[i * ldo + o] * sw[i * out + o];
    for (int o = 0; o < ldo; o += 4) {
      v4 sum = splat(0);
      for (int b = 0; b < rows; b++) sum += load(delta + b * ldo + o);
      for (int k = 0; k < 4 && o + k < out; k++) gb[o + k] = sum[k] * sb[o + k];
    }
    if (l) {
      float *next = m.delta[l & 1];
      gemm(rows, ldh, out, delta, ldo, 1, m.transposed[l], ldh, 0, next, ldh);
      mlp_activation_gradient(r->activation, h, next, rows * ldh);
      delta = next;
    }
  }
  return loss;
}

// Mean loss over examples first … first + count - 1, in batches; *correct counts argmax hits where there are labels.
static double mlp_evaluate(const rollout *r, int first, int count, int *correct) {
  mlp_scratch m;
  const int rows = r->batchSize, out = r->sizes[r->numLayers], ld = pad4(out);
  mlp_layout(r, rows, &m);
  mlp_pack(r, &m);
  double total = 0;
  *correct = 0;
  for (int start = first; start < first + count; start += rows) {
    const int n = first + count - start < rows ? first + count - start : rows;
    for (int b = 0; b < n; b++) m.index[b] = start + b;
    float *z = mlp_forward(r, &m, n);
    if (r->lossKind == LOSS_softmaxCrossEntropy)
      for (int b = 0; b < n; b++) {
        int best = 0;
        for (int j = 1; j < out; j++) if (z[b * ld + j] > z[b * ld + best]) best = j;
        *correct += best == r->labels[start + b];
      }
    total += (double)mlp_loss(r, z, n, ld, m.index) * n;
  }
  return total / count;
}
#endif
