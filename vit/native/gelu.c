/* The tanh form of GELU and its derivative, in one pass over memory. */

#include <stddef.h>

#include "vectors.h"

static const float CUBE = 0.044715f, SCALE = 1.5957691216f; /* as in vit/models/gelu.py: 2 sqrt(2 / pi) */

/* x sigmoid(w), and s + s (1 - s) x dw/dx with s = sigmoid(w), w = x (SCALE + SCALE CUBE x^2). */
INLINE void gelu(floats x, floats *value, floats *slope) {
    floats square = x * x;
    floats w = x * (SCALE + SCALE * CUBE * square);
    floats s = 1.0f / (1.0f + exponential(-w));
    *value = x * s;
    *slope = s + s * (1.0f - s) * (3.0f * w - 2.0f * SCALE * x);
}

/* x (rows, columns): overwritten with the slope at x + bias. bias (columns,), a multiple of LANES. value (rows, columns): written. Contiguous. */
TARGET void gelu_and_slope(float *x, const float *bias, ptrdiff_t rows, int columns, float *value) {
    for (ptrdiff_t row = 0; row < rows; row++)
        for (int column = 0; column < columns; column += LANES) {
            ptrdiff_t place = row * columns + column;
            floats gelu_of_x, slope;
            gelu(load(x + place) + load(bias + column), &gelu_of_x, &slope);
            store(value + place, gelu_of_x);
            store(x + place, slope);
        }
}
