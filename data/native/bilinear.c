/* Resizes the uint8 pixels of a box to size x size, bilinear with half-pixel centres and not antialiased, with the bits of
 * torch's upsample_bilinear2d on processors with fused multiply-add; data/native/bilinear.py checks that they are.
 *
 * torch's kernel weighs the three colours of one pixel at a time; here a row is weighed at once, in vectors. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { CHANNELS = 3 };
enum { DONE = 0, NO_MEMORY = 1, NO_FMA = 2 };

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,fma")))
#define HAS_FMA (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define TARGET
#define HAS_FMA 1
#endif

/* float: fractions of levels are kept (vit_jax). */
#define REAL float
#define NAME(word) word##_float
#define FMA fmaf
#define FINISH(level) (level)
#include "bilinear_rows.h"
#undef REAL
#undef NAME
#undef FMA
#undef FINISH

/* double: truncated to whole levels (big_vision); 1e-9 as in data.transforms.resize.truncated. */
#define REAL double
#define NAME(word) word##_double
#define FMA fma
#define FINISH(level) floor((level) + 1e-9)
#include "bilinear_rows.h"

/* truncate: 0 or 1. The rest as in bilinear_rows.h. Returns DONE, NO_MEMORY or NO_FMA. */
int resize_bilinear(const uint8_t *pixels, ptrdiff_t stride, int height, int width, int size, int truncate, float *new) {
    if (!HAS_FMA) return NO_FMA;
    return (truncate ? bilinear_double : bilinear_float)(pixels, stride, height, width, size, new);
}
