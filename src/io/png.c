/* png.c: see png.h. libpng tells of an error by leaving the call (setjmp): each call here has one place to come back
 * to, and all that lives over it lies in the pngout. */
#include "io/png.h"

#include "base/error.h"

#ifndef TG_HAVE_PNG

tg_status pngout_available(tg_error *error)
{
  error_set(error, TG_UNSUPPORTED, "this build writes no .png");
  error_hint(error, "install libpng-dev (Debian's name) and build again, or write .pgm or .ppm");
  return TG_UNSUPPORTED;
}

tg_status pngout_begin(file_out *file, const pngout_head *head, pngout **out, tg_error *error)
{
  (void)file;
  (void)head;
  *out = NULL;
  return pngout_available(error);
}

tg_status pngout_add_row(pngout *p, const unsigned char *row, tg_error *error)
{
  (void)p;
  (void)row;
  return pngout_available(error);
}

tg_status pngout_end(pngout *p, tg_error *error)
{
  (void)p;
  return pngout_available(error);
}

void pngout_destroy(pngout *p)
{
  (void)p;
}

#else

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

struct pngout {
  png_structp png;
  png_infop info;
  file_out *file;
  tg_error *error; /* of the call that is on */
  tg_status status;
  jmp_buf back;
};

tg_status pngout_available(tg_error *error)
{
  (void)error;
  return TG_OK;
}

/* ---- what libpng calls ---- */

static void refuse(png_structp png, png_const_charp text)
{
  pngout *p = png_get_error_ptr(png);
  if (p->status == TG_OK) p->status = error_set(p->error, TG_IO, "cannot be written: %.100s", text);
  longjmp(p->back, 1);
}

static void ignore(png_structp png, png_const_charp text)
{
  (void)png;
  (void)text;
}

static void write_bytes(png_structp png, png_bytep bytes, size_t n)
{
  pngout *p = png_get_io_ptr(png);
  p->status = file_write(p->file, bytes, n, p->error);
  if (p->status != TG_OK) longjmp(p->back, 1);
}

static void flush(png_structp png)
{
  (void)png;
}

/* ---- writing ---- */

static tg_status open_png(pngout *p)
{
  p->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, p, refuse, ignore);
  p->info = p->png ? png_create_info_struct(p->png) : NULL;
  return p->info ? TG_OK : error_set(p->error, TG_NOMEM, "there is no memory for a picture");
}

static tg_status write_head(pngout *p, const pngout_head *head)
{
  static const int kinds[] = {[1] = PNG_COLOR_TYPE_GRAY, [3] = PNG_COLOR_TYPE_RGB, [4] = PNG_COLOR_TYPE_RGB_ALPHA};
  if (setjmp(p->back)) return p->status;
  png_set_write_fn(p->png, p, write_bytes, flush);
  png_set_IHDR(p->png, p->info, head->width, head->height, head->bits, kinds[head->channels], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(p->png, p->info);
  return TG_OK;
}

tg_status pngout_begin(file_out *file, const pngout_head *head, pngout **out, tg_error *error)
{
  pngout *p = calloc(1, sizeof *p);
  *out = NULL;
  if (!p) return error_set(error, TG_NOMEM, "there is no memory for a picture");
  p->file = file;
  p->error = error;
  tg_status status = open_png(p);
  if (status == TG_OK) status = write_head(p, head);
  if (status == TG_OK) {
    *out = p;
  } else {
    pngout_destroy(p);
  }
  return status;
}

tg_status pngout_add_row(pngout *p, const unsigned char *row, tg_error *error)
{
  p->error = error;
  if (setjmp(p->back)) return p->status;
  png_write_row(p->png, row);
  return TG_OK;
}

tg_status pngout_end(pngout *p, tg_error *error)
{
  p->error = error;
  if (setjmp(p->back)) return p->status;
  png_write_end(p->png, NULL);
  return TG_OK;
}

void pngout_destroy(pngout *p)
{
  if (!p) return;
  png_destroy_write_struct(&p->png, &p->info);
  free(p);
}

#endif
