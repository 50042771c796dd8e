/* The arithmetic of bilinear.c for one REAL type; FMA(a, b, c) is a * b + c rounded once. Included once for each type. */

/* The old pixels `before` and `after` the centre of each new one, and their weights. */
TARGET static void NAME(neighbours)(int old, int new, int *before, int *after, REAL *weights, REAL *others) {
    REAL scale = (REAL)old / new;
    for (int index = 0; index < new; index++) {
        REAL centre = FMA(scale, index + (REAL)0.5, (REAL)-0.5);
        if (centre < 0) centre = 0; /* the pixel at the edge is repeated beyond it */
        int whole = centre < old - 1 ? (int)centre : old - 1;
        REAL beyond = centre - whole;
        before[index] = whole;
        after[index] = whole + (whole < old - 1);
        others[index] = beyond < 1 ? beyond : 1;
        weights[index] = 1 - others[index];
    }
}

/* For every new pixel of a row, the levels of the old ones before and after: (CHANNELS, size) each. */
TARGET static void NAME(spread)(const uint8_t *restrict row, int width, const int *restrict before,
                                const int *restrict after, int size, REAL *restrict levels, REAL *restrict left,
                                REAL *restrict right) {
    for (int index = 0; index < width * CHANNELS; index++) levels[index] = row[index];
    for (int index = 0; index < size; index++)
        for (int channel = 0; channel < CHANNELS; channel++) {
            left[channel * size + index] = levels[before[index] * CHANNELS + channel];
            right[channel * size + index] = levels[after[index] * CHANNELS + channel];
        }
}

/* The four neighbours weighted, in the order of torch's kernel, on which the last bit depends. */
TARGET static void NAME(blend)(int size, const REAL *restrict a, const REAL *restrict b, const REAL *restrict c,
                               const REAL *restrict d, REAL upper, REAL lower, const REAL *restrict weights,
                               const REAL *restrict others, float *restrict new) {
    for (int index = 0; index < size; index++) {
        REAL level = upper * others[index] * b[index];
        level = FMA(upper * weights[index], a[index], level);
        level = FMA(lower * weights[index], c[index], level);
        level = FMA(lower * others[index], d[index], level);
        new[index] = (float)FINISH(level);
    }
}

/* pixels: uint8 (height, width, CHANNELS), a row every `stride` bytes. new: float (CHANNELS, size, size), written. */
TARGET int NAME(bilinear)(const uint8_t *pixels, ptrdiff_t stride, int height, int width, int size, float *new) {
    size_t row = (size_t)size * CHANNELS;
    int *places = malloc(4 * size * sizeof(int));
    REAL *weights = malloc(4 * size * sizeof(REAL)), *levels = malloc(((size_t)width * CHANNELS + 4 * row) * sizeof(REAL));
    if (!places || !weights || !levels) {
        free(places), free(weights), free(levels);
        return NO_MEMORY;
    }
    int *left = places, *right = places + size, *above = places + 2 * size, *below = places + 3 * size;
    REAL *west = weights, *east = weights + size, *north = weights + 2 * size, *south = weights + 3 * size;
    NAME(neighbours)(width, size, left, right, west, east);
    NAME(neighbours)(height, size, above, below, north, south);

    /* Two old rows are kept, as one new row often needs those of the row before. */
    REAL *kept[2] = {levels + (size_t)width * CHANNELS, levels + (size_t)width * CHANNELS + 2 * row};
    int number[2] = {-1, -1};
    for (int line = 0; line < size; line++) {
        int upper = number[1] == above[line], lower; /* which of the two holds the old row above */
        if (number[upper] != above[line]) {
            NAME(spread)(pixels + above[line] * stride, width, left, right, size, levels, kept[upper], kept[upper] + row);
            number[upper] = above[line];
        }
        lower = below[line] == above[line] ? upper : !upper;
        if (number[lower] != below[line]) {
            NAME(spread)(pixels + below[line] * stride, width, left, right, size, levels, kept[lower], kept[lower] + row);
            number[lower] = below[line];
        }
        for (int channel = 0; channel < CHANNELS; channel++) {
            const REAL *first = kept[upper] + channel * size, *second = kept[lower] + channel * size;
            NAME(blend)(size, first, first + row, second, second + row, north[line], south[line], west, east,
                        new + ((size_t)channel * size + line) * size);
        }
    }
    free(places), free(weights), free(levels);
    return DONE;
}
