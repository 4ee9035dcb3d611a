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

static NOINLINE void gemm(int M, int N, int K, const float *A, int row_stride, int col_stride, const float *B, int ldb,
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

// B[N][ldb] = A[M][N] transposed; the padding of B's rows becomes 0.
static NOINLINE void transpose(int M, int N, const float *A, int lda, float *B, int ldb) {
  int i = 0;
  for (; i + 4 <= M; i += 4) {
    const float *a = A + i * lda;
    int j = 0;
    for (; j + 4 <= N; j += 4) {
      const v4 r0 = load(a + j), r1 = load(a + lda + j), r2 = load(a + 2 * lda + j), r3 = load(a + 3 * lda + j);
      const v4 t0 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), t1 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
      const v4 t2 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5), t3 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
      float *b = B + j * ldb + i;
      store(b, __builtin_shufflevector(t0, t2, 0, 1, 4, 5));
      store(b + ldb, __builtin_shufflevector(t0, t2, 2, 3, 6, 7));
      store(b + 2 * ldb, __builtin_shufflevector(t1, t3, 0, 1, 4, 5));
      store(b + 3 * ldb, __builtin_shufflevector(t1, t3, 2, 3, 6, 7));
    }
    for (; j < N; j++) store(B + j * ldb + i, (v4){a[j], a[lda + j], a[2 * lda + j], a[3 * lda + j]});
  }
  for (; i < M; i++) for (int j = 0; j < N; j++) B[j * ldb + i] = A[i * lda + j];
  for (int j = 0; j < N; j++) for (int k = M; k < ldb; k++) B[j * ldb + k] = 0;
}

// sums[N] = the sum of A's rows, four columns of vectors at a time.
static NOINLINE void sum_rows(int M, int N, const float *A, float *sums) {
  int j = 0;
  for (; j + 16 <= N; j += 16) {
    v4 a = splat(0), b = a, c = a, d = a;
    for (int i = 0; i < M; i++) {
      const float *row = A + i * N + j;
      a += load(row);
      b += load(row + 4);
      c += load(row + 8);
      d += load(row + 12);
    }
    store(sums + j, a);
    store(sums + j + 4, b);
    store(sums + j + 8, c);
    store(sums + j + 12, d);
  }
  for (; j < N; j += 4) {
    v4 a = splat(0);
    for (int i = 0; i < M; i++) a += load(A + i * N + j);
    store(sums + j, a);
  }
}
#endif
