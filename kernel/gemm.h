// C[M][N] = A[M][K] B[K][N] (+ bias[N]); A by row and column strides, so that a transposed A needs no copy.
// N, ldb and ldc are multiples of 4; the caller pads with zeros.
#ifndef L2O_GEMM_H
#define L2O_GEMM_H
#include "simd.h"

#define GEMM_BLOCK(ROWS, COLS) \
  { \
    v4 acc[ROWS][COLS]; \
    for (int c = 0; c < COLS; c++) { \
      const v4 start = bias ? load(bias + j + 4 * c) : splat(0); \
      for (int r = 0; r < ROWS; r++) acc[r][c] = start; \
    } \
    const float *a = A + i * row_stride; \
    for (int k = 0; k < K; k++) { \
      const float *b = B + k * ldb + j; \
      v4 v[COLS]; \
      for (int c = 0; c < COLS; c++) v[c] = load(b + 4 * c); \
      for (int r = 0; r < ROWS; r++) { \
        const v4 x = splat(a[r * row_stride + k * col_stride]); \
        for (int c = 0; c < COLS; c++) acc[r][c] += x * v[c]; \
      } \
    } \
    for (int r = 0; r < ROWS; r++) \
      for (int c = 0; c < COLS; c++) store(C + (i + r) * ldc + j + 4 * c, acc[r][c]); \
  }

static void gemm(int M, int N, int K, const float *A, int row_stride, int col_stride, const float *B, int ldb,
                 const float *bias, float *C, int ldc) {
  int j = 0;
  for (; j + 8 <= N; j += 8) {
    int i = 0;
    for (; i + 4 <= M; i += 4) GEMM_BLOCK(4, 2)
    for (; i < M; i++) GEMM_BLOCK(1, 2)
  }
  for (; j < N; j += 4) {
    int i = 0;
    for (; i + 4 <= M; i += 4) GEMM_BLOCK(4, 1)
    for (; i < M; i++) GEMM_BLOCK(1, 1)
  }
}
#endif
