// Checks, and buffers from malloc in their exact size, for the programs that run under the sanitizers.
#ifndef L2O_TEST_BUFFERS_H
#define L2O_TEST_BUFFERS_H
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition, ...) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
      fprintf(stderr, __VA_ARGS__); \
      fputc('\n', stderr); \
      exit(1); \
    } \
    checks++; \
  } while (0)

static long checks;
static unsigned seed = 1;
static float uniform(void) {
  seed = seed * 1664525u + 1013904223u;
  return (float)(seed >> 8) / 8388608.0f - 1;
}

// Floats behind `lead` guards; nothing but the allocator's own red zone behind the last.
enum { GUARD = 0x7fedcba9 };
typedef struct { float *base, *data; int lead, n; } buffer;

static buffer allocate(int n, int lead) {
  buffer b = {.lead = lead, .n = n};
  b.base = malloc((size_t)(lead + n) * sizeof(float) + (lead + n == 0));
  b.data = b.base + lead;
  for (int i = 0; i < lead; i++) ((int *)b.base)[i] = GUARD;
  for (int i = 0; i < n; i++) b.data[i] = 0;
  return b;
}
static buffer random_buffer(int n, int lead, float scale) {
  const buffer b = allocate(n, lead);
  for (int i = 0; i < n; i++) b.data[i] = uniform() * scale;
  return b;
}
static void check_finite(const buffer *b, const char *what) {
  for (int i = 0; i < b->n; i++) CHECK(isfinite(b->data[i]), "%s[%d of %d] is %g", what, i, b->n, (double)b->data[i]);
}
static void release(buffer *b) {
  for (int i = 0; i < b->lead; i++) CHECK(((int *)b->base)[i] == GUARD, "guard %d of %d is overwritten", i, b->lead);
  free(b->base);
}
// A copy to hold an input against after the call.
static float *snapshot(const buffer *b) {
  float *copy = malloc((size_t)b->n * sizeof(float) + (b->n == 0));
  memcpy(copy, b->data, (size_t)b->n * sizeof(float));
  return copy;
}
static void check_unchanged(const buffer *b, float *copy, const char *what) {
  CHECK(memcmp(copy, b->data, (size_t)b->n * sizeof(float)) == 0, "%s of %d is changed", what, b->n);
  free(copy);
}
#endif
