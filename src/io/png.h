/* png.h: rows of samples to a .png file, by libpng, which alone may be missing from a build. */
#ifndef TG_IO_PNG_H
#define TG_IO_PNG_H

#include "io/file.h"

typedef struct pngout pngout;

/* TG_UNSUPPORTED where the build had no libpng. */
tg_status pngout_available(tg_error *error);

/* channels: 1, 3 or 4; bits: of a sample, 8 or 16, most significant byte first. Errors: UNSUPPORTED, IO, NOMEM. */
typedef struct pngout_head {
  uint32_t width, height;
  int channels, bits;
} pngout_head;
tg_status pngout_begin(file_out *file, const pngout_head *head, pngout **out, tg_error *error);
tg_status pngout_add_row(pngout *p, const unsigned char *row, tg_error *error);
tg_status pngout_end(pngout *p, tg_error *error);
void pngout_destroy(pngout *p);

#endif
