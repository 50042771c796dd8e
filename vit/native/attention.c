/* Equations 6 and 7 for short sequences: softmax(q k' / sqrt(D / H)) v of each head, and its gradient.
 *
 * torch's kernel is made for long sequences; with the 5 to 17 tokens of small images most of its time is spent beside the
 * products. Here all matrices of a head lie in the cache. Rows and columns are padded with zeros to whole vectors. */

#include <stddef.h>
#include <stdlib.h>

#include "vectors.h"

enum { DONE = 0, NO_MEMORY = 1 };
enum { ROWS = 4 }; /* of a product that are computed together, so that each vector that is loaded serves four of them */

static int padded(int count) { return (count + LANES - 1) / LANES * LANES; }

/* ROWS rows of a product, VECTORS vectors of each; see `multiply`. A macro, as the sums stay in registers only if their number
 * is a constant. */
#define MULTIPLY_BLOCK(VECTORS)                                                                                              \
    INLINE void multiply_##VECTORS(int inner, const float *left, int left_row, int left_inner, const float *right,          \
                                   int right_row, float *out, int out_row) {                                                \
        floats sums[ROWS][VECTORS] = {0};                                                                                   \
        for (int index = 0; index < inner; index++)                                                                         \
            for (int vector = 0; vector < VECTORS; vector++) {                                                              \
                floats factor = load(right + index * right_row + vector * LANES);                                           \
                for (int row = 0; row < ROWS; row++)                                                                        \
                    sums[row][vector] += left[row * left_row + index * left_inner] * factor;                                \
            }                                                                                                               \
        for (int row = 0; row < ROWS; row++)                                                                                \
            for (int vector = 0; vector < VECTORS; vector++)                                                                \
                store(out + row * out_row + vector * LANES, sums[row][vector]);                                             \
    }
MULTIPLY_BLOCK(1)
MULTIPLY_BLOCK(2)

/* out (rows, columns) = left (rows, inner) right (inner, columns). Rows a multiple of ROWS, columns of LANES. Element (r, i)
 * of `left` lies at r left_row + i left_inner, so that a transposed matrix can be given; rows of the others are contiguous. */
TARGET static void multiply(int rows, int inner, int columns, const float *left, int left_row, int left_inner,
                            const float *right, int right_row, float *out, int out_row) {
    for (int row = 0; row < rows; row += ROWS) {
        const float *these = left + (ptrdiff_t)row * left_row;
        float *to = out + (ptrdiff_t)row * out_row;
        int column = 0;
        for (; column + 2 * LANES <= columns; column += 2 * LANES)
            multiply_2(inner, these, left_row, left_inner, right + column, right_row, to + column, out_row);
        if (column < columns)
            multiply_1(inner, these, left_row, left_inner, right + column, right_row, to + column, out_row);
    }
}

/* The features of a head, (tokens, size) with a row every `stride` floats, into contiguous rows. */
TARGET static void gather(int tokens, int size, const float *from, ptrdiff_t stride, float *to) {
    for (int token = 0; token < tokens; token++) memcpy(to + token * size, from + token * stride, size * sizeof(float));
}

TARGET static void scatter(int tokens, int size, const float *from, float *to, ptrdiff_t stride) {
    for (int token = 0; token < tokens; token++) memcpy(to + token * stride, from + token * size, size * sizeof(float));
}

/* (tokens, size) into (size, columns). */
TARGET static void transpose(int tokens, int size, int columns, const float *from, float *to) {
    for (int token = 0; token < tokens; token++)
        for (int index = 0; index < size; index++) to[index * columns + token] = from[token * size + index];
}

/* Scores into weights, in place. Both are transposed, (keys, columns) with a column for each query, so that the sum over keys
 * is one of vectors. */
TARGET static void softmax(int tokens, int columns, float scale, float *scores) {
    for (int column = 0; column < columns; column += LANES) {
        floats largest = load(scores + column), sum = all(0);
        for (int token = 1; token < tokens; token++) {
            floats score = load(scores + token * columns + column);
            largest = choose(score > largest, score, largest);
        }
        for (int token = 0; token < tokens; token++) {
            float *at = scores + token * columns + column;
            floats weight = exponential((load(at) - largest) * scale);
            sum += weight;
            store(at, weight);
        }
        for (int token = 0; token < tokens; token++) {
            float *at = scores + token * columns + column;
            store(at, load(at) / sum);
        }
    }
}

/* The gradient of weights into that of scores, in place: w (g - sum(w g)) scale. Transposed as in softmax. */
TARGET static void softmax_backward(int tokens, int columns, float scale, const float *weights, float *gradients) {
    for (int column = 0; column < columns; column += LANES) {
        floats sum = all(0);
        for (int token = 0; token < tokens; token++) {
            int at = token * columns + column;
            sum += load(weights + at) * load(gradients + at);
        }
        for (int token = 0; token < tokens; token++) {
            int at = token * columns + column;
            store(gradients + at, load(weights + at) * (load(gradients + at) - sum) * scale);
        }
    }
}

/* size is a multiple of LANES. Shapes, all float32 and contiguous: qkv (batch, tokens, 3, heads, size), context and its gradient (batch, tokens, heads,
 * size), weights (batch, heads, columns, columns), transposed, with columns = tokens rounded up to a multiple of LANES. */
TARGET int attention_forward(const float *qkv, int batch, int tokens, int heads, int size, float scale, float *context,
                             float *weights) {
    int columns = padded(tokens);
    size_t rows = (size_t)columns * size;
    float *memory = calloc(5 * rows, sizeof(float)); /* zeros, of which the padding stays */
    if (!memory) return NO_MEMORY;
    float *q = memory, *k = q + rows, *v = k + rows, *q_transposed = v + rows, *out = q_transposed + rows;
    ptrdiff_t features = (ptrdiff_t)heads * size;
    for (int image = 0; image < batch; image++)
        for (int head = 0; head < heads; head++) {
            const float *from = qkv + image * tokens * 3 * features + head * size;
            gather(tokens, size, from, 3 * features, q);
            gather(tokens, size, from + features, 3 * features, k);
            gather(tokens, size, from + 2 * features, 3 * features, v);
            transpose(tokens, size, columns, q, q_transposed);
            multiply(columns, size, columns, k, size, 1, q_transposed, columns, weights, columns);
            softmax(tokens, columns, scale, weights);
            multiply(columns, tokens, size, weights, 1, columns, v, size, out, size);
            scatter(tokens, size, out, context + image * tokens * features + head * size, features);
            weights += columns * columns;
        }
    free(memory);
    return DONE;
}

TARGET int attention_backward(const float *qkv, const float *weights, const float *gradient, int batch, int tokens, int heads,
                              int size, float scale, float *qkv_gradient) {
    int columns = padded(tokens);
    size_t rows = (size_t)columns * size, square = (size_t)columns * columns;
    float *memory = calloc(6 * rows + square, sizeof(float));
    if (!memory) return NO_MEMORY;
    float *q = memory, *k = q + rows, *v = k + rows, *g = v + rows, *g_transposed = g + rows, *out = g_transposed + rows;
    float *scores = out + rows;
    ptrdiff_t features = (ptrdiff_t)heads * size;
    for (int image = 0; image < batch; image++)
        for (int head = 0; head < heads; head++) {
            const float *from = qkv + image * tokens * 3 * features + head * size;
            float *to = qkv_gradient + image * tokens * 3 * features + head * size;
            gather(tokens, size, from, 3 * features, q);
            gather(tokens, size, from + features, 3 * features, k);
            gather(tokens, size, from + 2 * features, 3 * features, v);
            gather(tokens, size, gradient + image * tokens * features + head * size, features, g);
            transpose(tokens, size, columns, g, g_transposed);
            multiply(columns, tokens, size, weights, columns, 1, g, size, out, size);
            scatter(tokens, size, out, to + 2 * features, 3 * features); /* the gradient of v: w' g */
            multiply(columns, size, columns, v, size, 1, g_transposed, columns, scores, columns); /* of w: g v' */
            softmax_backward(tokens, columns, scale, weights, scores);
            multiply(columns, tokens, size, scores, 1, columns, k, size, out, size);
            scatter(tokens, size, out, to, 3 * features); /* of q */
            multiply(columns, tokens, size, scores, columns, 1, q, size, out, size);
            scatter(tokens, size, out, to + features, 3 * features); /* of k */
            weights += square;
        }
    free(memory);
    return DONE;
}
