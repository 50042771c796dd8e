/* Eight floats at a time, and their exponential. Each library of this folder includes it once. */

#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,fma")))
int is_supported(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#else
#define TARGET
int is_supported(void) { return 1; }
#endif
#define INLINE TARGET static inline __attribute__((always_inline))

enum { LANES = 8 };
typedef float floats __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t ints __attribute__((vector_size(LANES * sizeof(int32_t))));

INLINE floats all(float value) { return value - (floats){0}; }

INLINE floats load(const float *from) {
    floats value;
    memcpy(&value, from, sizeof value);
    return value;
}

INLINE void store(float *to, floats value) { memcpy(to, &value, sizeof value); }

INLINE floats choose(ints condition, floats yes, floats no) {
    return (floats)((condition & (ints)yes) | (~condition & (ints)no));
}

INLINE floats at_least(floats x, float least) { return choose(x > least, x, all(least)); }
INLINE floats at_most(floats x, float most) { return choose(x < most, x, all(most)); }

/* e^x within 2 units of the last place; below e^-87 it is e^-87, about 1e-38. NaN stays NaN. x = n log 2 + r with |r| <= log 2 / 2. */
INLINE floats exponential(floats given) {
    floats x = at_most(at_least(given, -87.0f), 88.0f);
    floats shifted = x * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds to a whole number, which is then in the low bits */
    ints whole = (ints)shifted - (ints)all(12582912.0f);
    floats n = shifted - 12582912.0f;
    floats r = (x - n * 0.693359375f) + n * 2.12194440e-4f; /* log 2 in two parts, as the first product is exact */
    floats y = all(1.0f / 720);
    y = y * r + 1.0f / 120;
    y = y * r + 1.0f / 24;
    y = y * r + 1.0f / 6;
    y = y * r + 0.5f;
    y = y * r + 1.0f;
    y = y * r + 1.0f;
    return choose(given == given, y * (floats)((whole + 127) << 23), given);
}
