/* Decodes a box of a JPEG with libjpeg-turbo: columns and rows beside it are neither transformed nor coloured, and rows
 * below it are not even read. What is left is the entropy coding of the rows above, which nothing can skip.
 *
 * The pixels are those that the whole decode has there, bit for bit. Whatever could make a difference, or an error, is left
 * to the whole decode: unusual kinds of JPEG, and damage that libjpeg notices. */

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#if !defined(LIBJPEG_TURBO_VERSION_NUMBER) || LIBJPEG_TURBO_VERSION_NUMBER < 2001000
#error "libjpeg-turbo 2.1 or newer is needed: older ones skip lines with mistakes, and other libjpegs cannot"
#endif

/* Interpolation of colours takes a pixel from beyond the box on each side, and libjpeg two on the right to know of one. */
enum { BEFORE = 1, AFTER = 2 };

enum { DECODED = 0, WHOLE_NEEDED = 1 };

struct errors {
    struct jpeg_error_mgr base; /* first, so that libjpeg's pointer to it is a pointer to this */
    jmp_buf failed;
};

static void on_error(j_common_ptr jpeg) { longjmp(((struct errors *)jpeg->err)->failed, 1); }

static void on_message(j_common_ptr jpeg, int level) {
    if (level < 0) jpeg->err->num_warnings++; /* counted, not printed: the whole decode will say it */
}

/* Grey, or colours of half or full resolution, in the usual order. */
static int usual(const struct jpeg_decompress_struct *jpeg) {
    const jpeg_component_info *first = jpeg->comp_info;
    if (jpeg->data_precision != 8) return 0;
    if (jpeg->jpeg_color_space == JCS_GRAYSCALE) return jpeg->num_components == 1;
    if (jpeg->jpeg_color_space != JCS_YCbCr || jpeg->num_components != 3) return 0;
    for (int index = 1; index < 3; index++)
        if (first[index].h_samp_factor != 1 || first[index].v_samp_factor != 1) return 0;
    int across = first->h_samp_factor, down = first->v_samp_factor;
    return (across == 1 && down == 1) || (across == 2 && (down == 1 || down == 2));
}

/* Does the entropy-coded data go on to the end of the picture, without another segment or the end of the file? */
static int ends_well(const struct jpeg_decompress_struct *jpeg) {
    if (jpeg->unread_marker == JPEG_EOI) return 1;
    const uint8_t *byte = jpeg->src->next_input_byte, *end = byte + jpeg->src->bytes_in_buffer;
    while ((byte = memchr(byte, 0xFF, end - byte)) && ++byte < end) {
        int marker = *byte;
        if (marker == JPEG_EOI) return 1;
        int in_data = marker == 0 || (marker >= JPEG_RST0 && marker <= JPEG_RST0 + 7);
        if (marker != 0xFF && !in_data) return 0; /* 0xFF: padding, after which the marker follows */
    }
    return 0;
}

/* data: the file. image_height, image_width: its size, as the caller knows it. top, left, height, width: a box inside.
 * pixels: uint8 (height, width, 3), RGB, written. Returns DECODED or WHOLE_NEEDED. */
int decode_part(const uint8_t *data, size_t length, int image_height, int image_width, int top, int left, int height,
                int width, uint8_t *pixels) {
    struct jpeg_decompress_struct jpeg = {0}; /* zeros, as an error may come before libjpeg has set it up */
    struct errors errors;
    uint8_t *volatile row = NULL; /* volatile: read after longjmp */
    volatile int result = WHOLE_NEEDED;

    jpeg.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = on_error;
    errors.base.emit_message = on_message;
    if (setjmp(errors.failed)) {
        result = WHOLE_NEEDED;
        goto end;
    }
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, (unsigned char *)data, length);
    jpeg_read_header(&jpeg, TRUE);
    if (!usual(&jpeg) || (int)jpeg.image_height != image_height || (int)jpeg.image_width != image_width) goto end;
    if (top < 0 || left < 0 || height < 1 || width < 1 || height > image_height - top || width > image_width - left)
        goto end;
    jpeg.out_color_space = JCS_RGB;
    jpeg_start_decompress(&jpeg);

    JDIMENSION first_column = left > BEFORE ? left - BEFORE : 0;
    JDIMENSION columns = (width + AFTER < image_width - left ? left + width + AFTER : image_width) - first_column;
    if ((int)columns < image_width) jpeg_crop_scanline(&jpeg, &first_column, &columns); /* rounds them to whole blocks */
    int line = top > BEFORE ? top - BEFORE : 0;
    if (line) jpeg_skip_scanlines(&jpeg, line);
    row = malloc((size_t)columns * 3);
    if (!row) goto end;
    JSAMPROW rows[1] = {row};
    for (; line < top + height; line++) {
        jpeg_read_scanlines(&jpeg, rows, 1);
        if (line >= top)
            memcpy(pixels + (size_t)(line - top) * width * 3, row + (left - first_column) * 3, (size_t)width * 3);
    }
    /* All scans of a progressive file have been read by now. */
    int complete = jpeg_has_multiple_scans(&jpeg) || ends_well(&jpeg);
    if (complete && !errors.base.num_warnings) result = DECODED;
end:
    jpeg_destroy_decompress(&jpeg);
    free(row);
    return result;
}
