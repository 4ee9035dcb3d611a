// A hash of 32 bits: `mix` of src/random.ts and of the task families' batches.
#ifndef L2O_MIX_H
#define L2O_MIX_H
#include "simd.h"

INLINE unsigned mix32(unsigned x) {
  x ^= x >> 16; x *= 0x7feb352du;
  x ^= x >> 15; x *= 0x846ca68bu;
  return x ^ (x >> 16);
}
#endif
