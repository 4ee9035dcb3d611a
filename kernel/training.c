// Gradients that TF.js 4.22's wasm backend lacks or gets wrong, on its own heap: no data, no stack, no globals.
// Tensors are float32, NHWC. A position (oy, ox) of the output reads the input at (oy * stride_y - top + ky * dilation_y, …).
#include "simd.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

// A 2-D window over a batch of images, written by the caller as ints in this order.
typedef struct {
  int batch, in_height, in_width, in_channels, out_height, out_width, out_channels;
  int filter_height, filter_width, stride_y, stride_x, dilation_y, dilation_x, top, left;
} window;

INLINE int imin(int a, int b) { return a < b ? a : b; }
// First output position whose tap lies inside the input, and one past the last: offset is tap * dilation - padding.
INLINE int first_inside(int offset, int stride) { return offset < 0 ? (-offset + stride - 1) / stride : 0; }
INLINE int past_inside(int offset, int stride, int in, int out) { return offset >= in ? 0 : imin(out, (in - 1 - offset) / stride + 1); }

// The output positions that see the input through one tap of the filter, and where the first of them finds it.
typedef struct { int y0, y1, x0, x1, offset_y, offset_x; } tap;
INLINE tap tap_of(const window *w, int ky, int kx) {
  const int oy = ky * w->dilation_y - w->top, ox = kx * w->dilation_x - w->left;
  return (tap){
    first_inside(oy, w->stride_y), past_inside(oy, w->stride_y, w->in_height, w->out_height),
    first_inside(ox, w->stride_x), past_inside(ox, w->stride_x, w->in_width, w->out_width), oy, ox,
  };
}

// Loops over batch and positions of a tap; X is the input's pixel, Y the output's.
#define EACH_POSITION(...) \
  for (int n = 0; n < w->batch; n++) \
    for (int y = t.y0; y < t.y1; y++) { \
      const long in_row = ((long)n * w->in_height + y * w->stride_y + t.offset_y) * w->in_width + t.offset_x; \
      const long out_row = ((long)n * w->out_height + y) * w->out_width; \
      for (int x = t.x0; x < t.x1; x++) { \
        const long in_pixel = (in_row + x * w->stride_x) * w->in_channels, out_pixel = (out_row + x) * w->out_channels; \
        __VA_ARGS__ \
      } \
    }

// dw[ky][kx][c][f] = sum of x[…][c] dy[…][f]: a block of 4 input by 4 * COLS output channels stays in registers.
#define FILTER_BLOCK(ROWS, COLS) \
  { \
    v4 acc[ROWS][COLS]; \
    for (int r = 0; r < ROWS; r++) for (int k = 0; k < COLS; k++) acc[r][k] = splat(0); \
    EACH_POSITION({ \
      const float *px = input + in_pixel + c, *py = dy + out_pixel + f; \
      v4 v[COLS]; \
      for (int k = 0; k < COLS; k++) v[k] = load(py + 4 * k); \
      for (int r = 0; r < ROWS; r++) for (int k = 0; k < COLS; k++) acc[r][k] += splat(px[r]) * v[k]; \
    }) \
    for (int r = 0; r < ROWS; r++) for (int k = 0; k < COLS; k++) store(block + (long)(c + r) * F + f + 4 * k, acc[r][k]); \
  }

EXPORT(conv2dFilterGradient) void conv2d_filter_gradient(const window *w, const float *input, const float *dy, float *dw) {
  const int C = w->in_channels, F = w->out_channels;
  for (int ky = 0; ky < w->filter_height; ky++)
    for (int kx = 0; kx < w->filter_width; kx++) {
      const tap t = tap_of(w, ky, kx);
      float *block = dw + ((long)ky * w->filter_width + kx) * C * F;
      int f = 0;
      for (; f + 8 <= F; f += 8) {
        int c = 0;
        for (; c + 4 <= C; c += 4) FILTER_BLOCK(4, 2)
        for (; c < C; c++) FILTER_BLOCK(1, 2)
      }
      for (; f + 4 <= F; f += 4) {
        int c = 0;
        for (; c + 4 <= C; c += 4) FILTER_BLOCK(4, 1)
        for (; c < C; c++) FILTER_BLOCK(1, 1)
      }
      for (; f < F; f++)
        for (int c = 0; c < C; c++) {
          float sum = 0;
          EACH_POSITION({ sum += input[in_pixel + c] * dy[out_pixel + f]; })
          block[(long)c * F + f] = sum;
        }
    }
}

// dw[ky][kx][c][m] = sum of x[…][c] dy[…][c * M + m], with M outputs per input channel.
EXPORT(depthwiseFilterGradient) void depthwise_filter_gradient(const window *w, const float *input, const float *dy, float *dw) {
  const int C = w->in_channels, M = w->out_channels / C;
  for (int ky = 0; ky < w->filter_height; ky++)
    for (int kx = 0; kx < w->filter_width; kx++) {
      const tap t = tap_of(w, ky, kx);
      float *block = dw + ((long)ky * w->filter_width + kx) * w->out_channels;
      int o = 0;
      if (M == 1) for (; o + 4 <= C; o += 4) {
        v4 sum = splat(0);
        EACH_POSITION({ sum += load(input + in_pixel + o) * load(dy + out_pixel + o); })
        store(block + o, sum);
      }
      for (; o < w->out_channels; o++) {
        float sum = 0;
        EACH_POSITION({ sum += input[in_pixel + o / M] * dy[out_pixel + o]; })
        block[o] = sum;
      }
    }
}

INLINE void fill_zero(float *p, long n) {
  long i = 0;
  for (; i + 4 <= n; i += 4) store(p + i, splat(0));
  for (; i < n; i++) p[i] = 0;
}

// dx[…][c] += dy[…][c * M + m] filter[ky][kx][c][m]
EXPORT(depthwiseInputGradient) void depthwise_input_gradient(const window *w, const float *dy, const float *filter, float *dx) {
  const int C = w->in_channels, M = w->out_channels / C;
  fill_zero(dx, (long)w->batch * w->in_height * w->in_width * C);
  for (int ky = 0; ky < w->filter_height; ky++)
    for (int kx = 0; kx < w->filter_width; kx++) {
      const tap t = tap_of(w, ky, kx);
      const float *block = filter + ((long)ky * w->filter_width + kx) * w->out_channels;
      EACH_POSITION({
        float *px = dx + in_pixel;
        const float *py = dy + out_pixel;
        int c = 0;
        if (M == 1) for (; c + 4 <= C; c += 4) store(px + c, load(px + c) + load(py + c) * load(block + c));
        for (; c < C; c++) for (int m = 0; m < M; m++) px[c] += py[c * M + m] * block[c * M + m];
      })
    }
}

// Sends each output's gradient to the first maximum of its window, whatever its sign.
EXPORT(maxPoolGradient) void max_pool_gradient(const window *w, const float *input, const float *dy, float *dx) {
  const int C = w->in_channels;
  fill_zero(dx, (long)w->batch * w->in_height * w->in_width * C);
  for (int n = 0; n < w->batch; n++)
    for (int y = 0; y < w->out_height; y++)
      for (int x = 0; x < w->out_width; x++)
        for (int c = 0; c < C; c++) {
          long best = -1;
          float most = 0;
          for (int ky = 0; ky < w->filter_height; ky++) {
            const int iy = y * w->stride_y - w->top + ky * w->dilation_y;
            if (iy < 0 || iy >= w->in_height) continue;
            for (int kx = 0; kx < w->filter_width; kx++) {
              const int ix = x * w->stride_x - w->left + kx * w->dilation_x;
              if (ix < 0 || ix >= w->in_width) continue;
              const long at = (((long)n * w->in_height + iy) * w->in_width + ix) * C + c;
              if (best < 0 || input[at] > most) {
                best = at;
                most = input[at];
              }
            }
          }
          if (best >= 0) dx[best] += dy[(((long)n * w->out_height + y) * w->out_width + x) * C + c];
        }
}

// out[segment][…] = sum of the rows of x whose id is that segment; ids outside 0 … segments - 1 are left out.
EXPORT(segmentSum) void segment_sum(const float *x, const int *ids, int rows, int row_size, int segments, float *out) {
  fill_zero(out, (long)segments * row_size);
  for (int i = 0; i < rows; i++) {
    if (ids[i] < 0 || ids[i] >= segments) continue;
    const float *from = x + (long)i * row_size;
    float *to = out + (long)ids[i] * row_size;
    int k = 0;
    for (; k + 4 <= row_size; k += 4) store(to + k, load(to + k) + load(from + k));
    for (; k < row_size; k++) to[k] += from[k];
  }
}
