// Convolutional classifiers: convolutions of 3×3 with one activation, each of which halves the image, then a dense layer.
// sizes: side of the images (of one channel), downsampling, head, channels of each convolution, classes.
#ifndef L2O_CONV_H
#define L2O_CONV_H
#include "activations.h"
#include "layer.h"

// One convolution: images of side² pixels of `in` channels within a border of zeros, and as a matrix of patches; of the output,
// `wide`² pixels of `out` channels, every step-th pixel of both directions begins a window of which one pixel remains.
typedef struct { int side, in, out, wide, stride, step; layer weights; float *image, *patches, *output; } conv_layer;
typedef struct {
  int depth, side, channels, inputs;
  conv_layer *layer;
  layer head;
  // What the last convolution leaves [rows][pad4(side² channels)], what the dense layer reads [rows][pad4(inputs)], its outputs.
  float *last, *read, *logits;
  float *delta, *image_delta, *packed, *sums;
} conv_scratch;

// Where the images of a batch are: pixel (y, x) of image b begins at b * stride + (y * width + x) * channels.
typedef struct { float *data; int stride, width; } images;

INLINE images bordered(float *image, int side, int channels) {
  const int width = side + 2;
  return (images){image + (width + 1) * channels, width * width * channels, width};
}
INLINE float *pixel(images of, int b, int y, int x, int channels) { return of.data + b * of.stride + (y * of.width + x) * channels; }

SMALL int conv_layout(const rollout *r, int rows, float *scratch, conv_scratch *m) {
  const int depth = r->numSizes - 4, strided = r->sizes[1] == DOWNSAMPLING_stride, classes = r->sizes[r->numSizes - 1];
  int used = 0, side = r->sizes[0], channels = 1, output = 0, image = 0, packed = 0, widest = pad4(classes);
  TAKE(m, layer, depth * (int)(sizeof(conv_layer) / sizeof(float)));
  for (int l = 0; l < depth; l++) {
    const int out = r->sizes[3 + l], half = (side + 1) / 2, wide = strided ? half : side, pixels = rows * wide * wide;
    const int image_size = rows * (side + 2) * (side + 2) * channels;
    if (m) {
      conv_layer *to = &m->layer[l];
      to->side = side, to->in = channels, to->out = out, to->wide = wide, to->stride = strided ? 2 : 1, to->step = strided ? 1 : 2;
    }
    TAKE(m, layer[l].image, image_size + 4);
    TAKE(m, layer[l].patches, pixels * pad4(9 * channels) + 4);
    TAKE(m, layer[l].output, pixels * pad4(out));
    TAKE(m, layer[l].weights.weight, 9 * channels * pad4(out));
    TAKE(m, layer[l].weights.transposed, l ? out * pad4(9 * channels) : 0);
    TAKE(m, layer[l].weights.bias, pad4(out));
    output = imax(output, pixels * pad4(out));
    if (l) image = imax(image, image_size);
    packed = imax(packed, 9 * channels * pad4(out));
    widest = imax(widest, pad4(out));
    side = half;
    channels = out;
  }
  const int flat = pad4(side * side * channels), averaged = r->sizes[2] == HEAD_globalAverage;
  const int inputs = averaged ? channels : side * side * channels;
  if (m) m->depth = depth, m->side = side, m->channels = channels, m->inputs = inputs;
  TAKE(m, last, rows * flat);
  TAKE(m, read, averaged ? rows * pad4(inputs) : 0);
  if (m && !averaged) m->read = m->last;
  TAKE(m, logits, rows * pad4(classes));
  TAKE(m, head.weight, inputs * pad4(classes));
  TAKE(m, head.transposed, classes * pad4(inputs));
  TAKE(m, head.bias, pad4(classes));
  TAKE(m, delta, output);
  TAKE(m, image_delta, imax(image, rows * flat) + 4);
  TAKE(m, packed, imax(packed, inputs * pad4(classes)));
  TAKE(m, sums, widest);
  return used;
}

SMALL void conv_pack(const rollout *r, conv_scratch *m, const float *w, int with_gradient) {
  const int classes = r->sizes[r->numSizes - 1];
  for (int l = 0; l < m->depth; l++) {
    conv_layer *to = &m->layer[l];
    const int in = 9 * to->in, out = to->out;
    if (with_gradient && l) transpose(in, out, w, out, to->weights.transposed, pad4(in));
    pack_layer(&to->weights, in, 1, out, w);
    w += (in + 1) * out;
  }
  if (with_gradient) transpose(m->inputs, classes, w, classes, m->head.transposed, pad4(m->inputs));
  pack_layer(&m->head, m->inputs, 1, classes, w);
}

// Where the layer's first window of 3×3 begins in the bordered image: TF.js's padding 'same' is 0 before even sides at stride 2.
INLINE float *first_window(const conv_layer *l, float *image) {
  return image + (l->stride == 2 && l->side % 2 == 0 ? (l->side + 3) * l->in : 0);
}

// A row of nine neighbours' channels for each pixel of the output.
static NOINLINE void conv_patches(const conv_layer *l, int rows) {
  const int width = (l->side + 2) * l->in, part = 3 * l->in;
  float *to = l->patches;
  for (int b = 0; b < rows; b++) {
    const float *image = first_window(l, l->image) + b * width * (l->side + 2);
    for (int y = 0; y < l->wide; y++)
      for (int x = 0; x < l->wide; x++, to += pad4(3 * part))
        for (int k = 0; k < 3; k++) copy_beyond(to + k * part, image + (y * l->stride + k) * width + x * l->stride * l->in, part);
  }
}

// The gradient of the bordered images from that of their patches, which are in their place.
static NOINLINE void conv_image_gradient(const conv_layer *l, int rows, float *image_delta) {
  const int width = (l->side + 2) * l->in, part = 3 * l->in, size = width * (l->side + 2);
  const float *from = l->patches;
  clear(image_delta, rows * size);
  for (int b = 0; b < rows; b++) {
    float *image = first_window(l, image_delta) + b * size;
    for (int y = 0; y < l->wide; y++)
      for (int x = 0; x < l->wide; x++, from += pad4(3 * part))
        for (int k = 0; k < 3; k++) {
          float *to = image + (y * l->stride + k) * width + x * l->stride * l->in;
          int i = 0;
          for (; i + 4 <= part; i += 4) store(to + i, load(to + i) + load(from + k * part + i));
          #pragma clang loop unroll(disable) vectorize(disable)
          for (; i < part; i++) to[i] += from[k * part + i];
        }
  }
}

// Largest or mean of each window of 2×2 pixels, or the pixel itself where the stride has halved the image. With `delta`, the way
// back: it receives the gradient from the images'. At an odd side's end pixels are their own neighbours.
SMALL void conv_downsample(const conv_layer *l, int average, int rows, images small, float *delta) {
  const int ld = pad4(l->out), half = (l->side + 1) / 2;
  for (int b = 0; b < rows; b++)
    for (int y = 0; y < half; y++)
      for (int x = 0; x < half; x++) {
        const int at = ((b * l->wide + y * l->step) * l->wide + x * l->step) * ld;
        const int right = x * l->step + l->step <= l->wide && l->step == 2 ? ld : 0;
        const int down = y * l->step + l->step <= l->wide && l->step == 2 ? l->wide * ld : 0;
        const float share = (right ? 0.5f : 1) * (down ? 0.5f : 1);
        float *to = pixel(small, b, y, x, l->out);
        for (int c = 0; c < ld; c += 4) {
          const float *p = l->output + at + c;
          const v4 p0 = load(p), p1 = load(p + right), p2 = load(p + down), p3 = load(p + right + down);
          const v4 value = average ? 0.25f * ((p0 + p1) + (p2 + p3)) : vmax(vmax(p0, p1), vmax(p2, p3));
          if (!delta) {
            if (c + 4 <= l->out) store(to + c, value);
            else store_part(to + c, value, l->out - c);
            continue;
          }
          // The first of the largest receives all. It is written last, over a neighbour that is the same pixel.
          const v4 d = load(to + c), even = d * share;
          const i4 is0 = p0 == value, is1 = ~is0 & (p1 == value), is2 = ~is0 & ~is1 & (p2 == value), is3 = ~is0 & ~is1 & ~is2;
          float *q = delta + at + c;
          store(q + right + down, average ? even : (v4)((i4)d & is3));
          store(q + down, average ? even : (v4)((i4)d & is2));
          store(q + right, average ? even : (v4)((i4)d & is1));
          store(q, average ? even : (v4)((i4)d & is0));
        }
      }
}

// Where what layer l leaves goes: into the next one's images, or those after the last.
INLINE images conv_below(const conv_scratch *m, int l, float *inner, float *last) {
  return l + 1 < m->depth ? bordered(inner, m->layer[l + 1].side, m->layer[l + 1].in)
    : (images){last, pad4(m->side * m->side * m->channels), m->side};
}

SMALL float *conv_forward(const rollout *r, const split *s, const conv_scratch *m, const int *index, int rows) {
  const int average = r->sizes[1] == DOWNSAMPLING_averagePool, pixels = m->side * m->side;
  for (int l = 0; l < m->depth; l++) {
    const conv_layer *at = &m->layer[l];
    clear(at->image, rows * (at->side + 2) * (at->side + 2) * at->in);
  }
  const conv_layer *first = &m->layer[0];
  const images data = bordered(first->image, first->side, 1);
  for (int b = 0; b < rows; b++) {
    const float *x = s->inputs + (long)index[b] * first->side * first->side;
    for (int i = 0; i < first->side; i++, x += first->side)
      for (int j = 0; j < first->side; j++) *pixel(data, b, i, j, 1) = x[j];
  }
  for (int l = 0; l < m->depth; l++) {
    const conv_layer *at = &m->layer[l];
    const int outputs = rows * at->wide * at->wide;
    conv_patches(at, rows);
    layer_forward(&at->weights, 9 * at->in, at->out, outputs, at->patches, pad4(9 * at->in), at->output);
    mlp_activate(r->activation, at->output, outputs * pad4(at->out));
    conv_downsample(at, average, rows, conv_below(m, l, l + 1 < m->depth ? m->layer[l + 1].image : 0, m->last), 0);
  }
  if (m->read != m->last)
    for (int b = 0; b < rows; b++) {
      const float *from = m->last + b * pad4(pixels * m->channels);
      for (int c = 0; c < m->channels; c++) {
        float sum = 0;
        for (int i = 0; i < pixels; i++) sum += from[i * m->channels + c];
        m->read[b * pad4(m->channels) + c] = sum / pixels;
      }
    }
  layer_forward(&m->head, m->inputs, r->sizes[r->numSizes - 1], rows, m->read, pad4(m->inputs), m->logits);
  return m->logits;
}

SMALL void conv_backward(const rollout *r, const conv_scratch *m, int rows, const float *delta, float *g) {
  const int classes = r->sizes[r->numSizes - 1], average = r->sizes[1] == DOWNSAMPLING_averagePool, pixels = m->side * m->side;
  const int flat = m->read == m->last;
  int offset = r->numParams - (m->inputs + 1) * classes;
  float *back = flat ? m->image_delta : m->read;
  layer_backward(&m->head, m->inputs, classes, rows, m->read, pad4(m->inputs), delta, m->packed, m->sums, g + offset, back);
  if (!flat)
    for (int b = 0; b < rows; b++)
      for (int i = 0; i < pixels; i++)
        for (int c = 0; c < m->channels; c++)
          m->image_delta[b * pad4(pixels * m->channels) + i * m->channels + c] = m->read[b * pad4(m->channels) + c] / pixels;
  for (int l = m->depth - 1; l >= 0; l--) {
    const conv_layer *at = &m->layer[l];
    const int in = 9 * at->in, outputs = rows * at->wide * at->wide;
    offset -= (in + 1) * at->out;
    conv_downsample(at, average, rows, conv_below(m, l, m->image_delta, m->image_delta), m->delta);
    mlp_activation_gradient(r->activation, at->output, m->delta, outputs * pad4(at->out));
    layer_backward(&at->weights, in, at->out, outputs, at->patches, pad4(in), m->delta, m->packed, m->sums, g + offset, l ? at->patches : 0);
    if (l) conv_image_gradient(at, rows, m->image_delta);
  }
}
#endif
