// Runs the training kernels natively, for AddressSanitizer and UndefinedBehaviorSanitizer, on odd shapes in buffers of
// exact size, and holds each against a plain loop in doubles.
#include "../../kernel/training.c"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned seed = 1;
static long checks;
static float uniform(void) {
  seed = seed * 1664525u + 1013904223u;
  return (float)(seed >> 8) / 8388608.0f - 1;
}
static float *filled(long n) {
  float *p = malloc((size_t)n * sizeof(float) + (n == 0));
  for (long i = 0; i < n; i++) p[i] = uniform();
  return p;
}
static void compare(const char *what, const float *got, const double *expected, long n) {
  for (long i = 0; i < n; i++, checks++)
    if (!(fabs(got[i] - expected[i]) <= 1e-4 * (1 + fabs(expected[i])))) {
      fprintf(stderr, "%s[%ld of %ld] is %g, expected %g\n", what, i, n, (double)got[i], expected[i]);
      exit(1);
    }
}

// Calls `body` for each pair of input and output pixel that a tap joins.
#define TAPS(...) \
  for (int n = 0; n < w.batch; n++) for (int y = 0; y < w.out_height; y++) for (int x = 0; x < w.out_width; x++) \
    for (int ky = 0; ky < w.filter_height; ky++) for (int kx = 0; kx < w.filter_width; kx++) { \
      const int iy = y * w.stride_y - w.top + ky * w.dilation_y, ix = x * w.stride_x - w.left + kx * w.dilation_x; \
      if (iy < 0 || ix < 0 || iy >= w.in_height || ix >= w.in_width) continue; \
      const long in = (((long)n * w.in_height + iy) * w.in_width + ix) * w.in_channels; \
      const long out = (((long)n * w.out_height + y) * w.out_width + x) * w.out_channels; \
      const long k = (long)ky * w.filter_width + kx; \
      (void)in; (void)out; (void)k; \
      __VA_ARGS__ \
    }

static void check_window(window w) {
  const int C = w.in_channels, F = w.out_channels, M = F / C, K = w.filter_height * w.filter_width;
  const long in = (long)w.batch * w.in_height * w.in_width * C, out = (long)w.batch * w.out_height * w.out_width * F;
  float *image = filled(in), *dy = filled(out), *dx = filled(in), *dw = filled((long)K * C * F), *filter = filled((long)K * F);
  double *want = calloc((size_t)(in + (long)K * C * F + 1), sizeof(double));

  conv2d_filter_gradient(&w, image, dy, dw);
  TAPS(for (int c = 0; c < C; c++) for (int f = 0; f < F; f++) want[(k * C + c) * F + f] += (double)image[in + c] * dy[out + f];)
  compare("conv2d filter", dw, want, (long)K * C * F);
  if (F % C == 0) {
    for (long i = 0; i < (long)K * F; i++) want[i] = 0;
    depthwise_filter_gradient(&w, image, dy, dw);
    TAPS(for (int f = 0; f < F; f++) want[k * F + f] += (double)image[in + f / M] * dy[out + f];)
    compare("depthwise filter", dw, want, (long)K * F);
    for (long i = 0; i < in; i++) want[i] = 0;
    depthwise_input_gradient(&w, dy, filter, dx);
    TAPS(for (int f = 0; f < F; f++) want[in + f / M] += (double)dy[out + f] * filter[k * F + f];)
    compare("depthwise input", dx, want, in);
  }
  if (F == C) {
    max_pool_gradient(&w, image, dy, dx);
    // Windows that lie in the padding as a whole have nobody to give to.
    double given = 0, received = 0;
    long last = -1;
    TAPS(if (out != last) { for (int f = 0; f < F; f++) given += dy[out + f]; last = out; })
    for (long i = 0; i < in; i++) received += dx[i];
    compare("sum of maxPool", &(float){(float)received}, &given, 1);
  }
  free(image); free(dy); free(dx); free(dw); free(filter); free(want);
}

int main(void) {
  for (int in_channels = 1; in_channels <= 9; in_channels += 2)
    for (int multiple = 1; multiple <= 3; multiple++)
      for (int size = 1; size <= 7; size += 3)
        for (int filter = 1; filter <= 4; filter++)
          for (int stride = 1; stride <= 3; stride++)
            for (int dilation = 1; dilation <= 2; dilation++) {
              const int span = (filter - 1) * dilation + 1, pad = span / 2, height = size + 1, padded = size + 2 * pad;
              if (padded < span) continue;
              check_window((window){
                .batch = 2, .in_height = height, .in_width = size, .in_channels = in_channels, .out_channels = in_channels * multiple,
                .out_height = (height + 2 * pad - span) / stride + 1, .out_width = (padded - span) / stride + 1,
                .filter_height = filter, .filter_width = filter, .stride_y = stride, .stride_x = stride,
                .dilation_y = dilation, .dilation_x = dilation, .top = pad, .left = pad,
              });
            }
  for (int row = 0; row <= 9; row++) {
    const int ids[] = {2, 0, -1, 2, 5, 3};
    float *x = filled(6L * row), *out = filled(4L * row);
    segment_sum(x, ids, 6, row, 4, out);
    for (int k = 0; k < row; k++) {
      const double want[4] = {x[row + k], 0, (double)x[k] + x[3 * row + k], x[5 * row + k]};
      for (int s = 0; s < 4; s++) compare("segment sum", out + s * row + k, want + s, 1);
    }
    free(x); free(out);
  }
  printf("%ld checks passed\n", checks);
  return 0;
}
