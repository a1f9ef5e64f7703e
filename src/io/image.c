/* image.c: see image.h. Elements become samples in the memory of one row, which is written when it is full. */
#include "io/image.h"

#include "base/error.h"
#include "io/png.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct image {
  image_shape shape;
  file_out *file;
  pngout *png;         /* NULL: Netpbm */
  unsigned char *row;  /* samples as the file has them */
  size_t bytes, at;    /* of a row; of it, those that are there */
  size_t sample_bytes; /* 1 or 2, most significant first */
  size_t repeats;      /* of each sample: a grey picture in a format of colours has three */
  uint64_t y;          /* rows written */
};

image_format image_format_of(const char *path)
{
  const char *dot = strrchr(path, '.');
  if (!dot || dot == path) return IMAGE_NONE;
  if (strcmp(dot, ".pgm") == 0) return IMAGE_PGM;
  if (strcmp(dot, ".ppm") == 0) return IMAGE_PPM;
  return strcmp(dot, ".png") == 0 ? IMAGE_PNG : IMAGE_NONE;
}

tg_status image_check(const image_shape *s, tg_error *error)
{
  if (s->mode >= TG_MODE_F16) {
    return error_set(error, TG_ARGUMENT, "%s cannot be pixels: a picture is made of native types",
                     tg_mode_name(s->mode));
  }
  if (s->channels != 1 && s->channels != 3 && s->channels != 4) {
    error_set(error, TG_ARGUMENT, "a pixel is one element, or an array of 3 or 4, not of %zu", s->channels);
    error_hint(error, "3 are red, green and blue; a fourth is opacity");
    return TG_ARGUMENT;
  }
  if ((s->format == IMAGE_PGM && s->channels > 1) || (s->format == IMAGE_PPM && s->channels > 3)) {
    error_set(error, TG_ARGUMENT, "a %s picture has no %s", s->format == IMAGE_PGM ? ".pgm" : ".ppm",
              s->format == IMAGE_PGM ? "colours" : "opacity");
    error_hint(error, "write it to %s", s->format == IMAGE_PGM && s->channels == 3 ? ".ppm or .png" : ".png");
    return TG_ARGUMENT;
  }
  if (s->width < 1 || s->height < 1 || s->width > IMAGE_SIDE_MOST || s->height > IMAGE_SIDE_MOST) {
    return error_set(error, TG_ARGUMENT, "a picture has 1 to %d rows and columns", IMAGE_SIDE_MOST);
  }
  return s->format == IMAGE_PNG ? pngout_available(error) : TG_OK;
}

/* ---- beginning ---- */

static tg_status write_head(image *i, tg_error *error)
{
  const image_shape *s = &i->shape;
  int bits = (int)i->sample_bytes * 8;
  if (s->format == IMAGE_PNG) {
    const pngout_head head = {(uint32_t)s->width, (uint32_t)s->height, (int)s->channels, bits};
    return pngout_begin(i->file, &head, &i->png, error);
  }
  char text[80];
  int n = snprintf(text, sizeof text, "P%c\n%llu %llu\n%d\n", s->format == IMAGE_PGM ? '5' : '6',
                   (unsigned long long)s->width, (unsigned long long)s->height, (1 << bits) - 1);
  return file_write(i->file, text, (size_t)n, error);
}

tg_status image_create(file_out *file, const image_shape *shape, image **out, tg_error *error)
{
  *out = NULL;
  TG_TRY(image_check(shape, error));
  image *i = calloc(1, sizeof *i);
  if (!i) return error_set(error, TG_NOMEM, "there is no memory for a picture");
  i->shape = *shape;
  i->file = file;
  i->sample_bytes = shape->mode == TG_MODE_U16 ? 2 : 1;
  i->repeats = shape->format == IMAGE_PPM && shape->channels == 1 ? 3 : 1;
  i->bytes = (size_t)shape->width * shape->channels * i->repeats * i->sample_bytes;
  i->row = calloc(i->bytes, 1);
  tg_status status = i->row ? write_head(i, error) : error_set(error, TG_NOMEM, "there is no memory for a row");
  if (status == TG_OK) {
    *out = i;
  } else {
    image_destroy(i);
  }
  return status;
}

void image_destroy(image *i)
{
  if (!i) return;
  pngout_destroy(i->png);
  free(i->row);
  free(i);
}

/* ---- samples ---- */

static unsigned clamp(double x)
{
  double sample = floor(x * 255 + 0.5);
  if (!(sample > 0)) return 0; /* also a NaN */
  return sample < 255 ? (unsigned)sample : 255;
}

static double real_at(tg_mode mode, const unsigned char *at)
{
  float f;
  double d;
  if (mode == TG_MODE_F32) {
    memcpy(&f, at, sizeof f);
    return (double)f;
  }
  memcpy(&d, at, sizeof d);
  return d;
}

static uint64_t bits_at(size_t bytes, const unsigned char *at)
{
  uint64_t bits = 0;
  for (size_t k = 0; k < bytes; k++) {
    bits |= (uint64_t)at[column_host_is_big() ? bytes - 1 - k : k] << 8 * k;
  }
  return bits;
}

static unsigned sample_of(tg_mode mode, const unsigned char *at)
{
  size_t bytes = tg_mode_bytes(mode);
  if (mode == TG_MODE_F32 || mode == TG_MODE_F64) return clamp(real_at(mode, at));
  uint64_t bits = bits_at(bytes, at);
  bool is_signed = mode == TG_MODE_I8 || mode == TG_MODE_I16 || mode == TG_MODE_I32 || mode == TG_MODE_I64;
  if (mode == TG_MODE_BOOL) return bits != 0 ? 255 : 0;
  if (mode == TG_MODE_U16) return (unsigned)bits;
  if (is_signed && bits >> (8 * bytes - 1) != 0) return 0;
  return bits < 255 ? (unsigned)bits : 255;
}

static void put_sample(image *i, unsigned sample)
{
  for (size_t k = 0; k < i->repeats; k++) {
    if (i->sample_bytes == 2) i->row[i->at++] = (unsigned char)(sample >> 8);
    i->row[i->at++] = (unsigned char)sample;
  }
}

/* ---- rows ---- */

static tg_status put_row(image *i, tg_error *error)
{
  i->at = 0;
  i->y++;
  return i->png ? pngout_add_row(i->png, i->row, error) : file_write(i->file, i->row, i->bytes, error);
}

tg_status image_add(image *i, const column *c, tg_error *error)
{
  size_t each = tg_mode_bytes(c->mode);
  for (size_t k = 0; k < c->n && i->y < i->shape.height; k++) {
    put_sample(i, sample_of(c->mode, c->data + k * each));
    if (i->at == i->bytes) TG_TRY(put_row(i, error));
  }
  return TG_OK;
}

tg_status image_finish(image *i, tg_error *error)
{
  while (i->y < i->shape.height) {
    memset(i->row + i->at, 0, i->bytes - i->at);
    TG_TRY(put_row(i, error));
  }
  return i->png ? pngout_end(i->png, error) : TG_OK;
}
