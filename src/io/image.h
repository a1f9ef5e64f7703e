/* image.h: pictures from elements, row by row as they come. A pixel is one element, grey, or the three or four elements
 * of an array: red, green, blue and opacity.
 *
 * Integers are clamped to 0..255; u16 keeps its 16 bits; bool is black and white; floats go from 0, black, to 1, white,
 * and a NaN is black. .pgm and .ppm are the binary forms of Netpbm; .png is written by libpng, where the build had it.
 */
#ifndef TG_IO_IMAGE_H
#define TG_IO_IMAGE_H

#include "io/column.h"

typedef enum image_format { IMAGE_NONE, IMAGE_PGM, IMAGE_PPM, IMAGE_PNG } image_format;
image_format image_format_of(const char *path);

enum { IMAGE_SIDE_MOST = 1000000 };

typedef struct image_shape {
  image_format format;
  tg_mode mode;
  uint64_t width, height; /* pixels, 1 to IMAGE_SIDE_MOST each */
  size_t channels;        /* elements of a pixel: 1, 3 or 4 */
} image_shape;

/* Whether the format can have such pixels. Errors: ARGUMENT, UNSUPPORTED (a build without libpng). */
tg_status image_check(const image_shape *shape, tg_error *error);

typedef struct image image;

/* Begins a picture in a file that was created and must stay. Errors: as image_check; IO, NOMEM. */
tg_status image_create(file_out *file, const image_shape *shape, image **out, tg_error *error);

/* The next elements, row by row from the top, from the left in each. Errors: IO, NOMEM. */
tg_status image_add(image *i, const column *elements, tg_error *error);

/* Ends the picture; what no elements came for is black. Errors: IO, NOMEM. */
tg_status image_finish(image *i, tg_error *error);
void image_destroy(image *i);

#endif
