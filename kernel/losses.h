// Losses of a batch of outputs by their names in tf.losses, and how many outputs have the right class.
#ifndef L2O_LOSSES_H
#define L2O_LOSSES_H
#include "activations.h"

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
      case LOSS_evidenceBound:
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
      case LOSS_halfSquaredError:
        loss = 0.5f * e * e;
        slope = e;
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

// Mean loss of `rows` outputs z [rows][ld], over outputs too but for the evidence bound; z becomes the gradient with respect to them. Padding columns become 0.
static float mlp_loss(const rollout *r, const split *s, float *z, int rows, int ld, const int *index, float *sums) {
  const int out = r->sizes[r->numSizes - 1];
  if (r->lossKind == LOSS_softmaxCrossEntropy) return (float)mlp_softmax(z, s->answers, index, rows, out, ld, sums);
  double total = 0;
  const int share = r->lossKind == LOSS_evidenceBound ? 1 : out;
  const float *targets = s->answers, scale = 1.0f / ((float)rows * share);
  for (int b = 0; b < rows; b++) total += mlp_elementwise_row(r->lossKind, z + b * ld, targets + (long)index[b] * out, out, ld, scale);
  return (float)(total / ((double)rows * share));
}

// The class of an output row: its largest, or, where there is one alone, whether it is above a threshold.
INLINE int mlp_class(const float *y, int out, float threshold) {
  if (out == 1) return y[0] > threshold;
  int best = 0;
  for (int j = 1; j < out; j++) if (y[j] > y[best]) best = j;
  return best;
}

// How many of the outputs z [rows][ld] have the class of their answer.
SMALL int mlp_count_right(const rollout *r, const split *s, const float *z, int rows, int ld, const int *index) {
  const int out = r->sizes[r->numSizes - 1];
  int right = 0;
  for (int b = 0; b < rows; b++) {
    const int answer = r->lossKind == LOSS_softmaxCrossEntropy ? ((const int *)s->answers)[index[b]]
      : mlp_class((const float *)s->answers + (long)index[b] * out, out, 0.5f);
    right += mlp_class(z + b * ld, out, 0) == answer;
  }
  return right;
}
#endif
