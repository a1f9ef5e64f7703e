/* run_image.c: pictures of outputs, one pixel for each lane. In: --out NAME=PATH[:WIDTHxHEIGHT]. Their size is what
 * stands behind the path; else the parameter `width` of the program says the width, and the number of lanes the height.
 */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the option ---- */

/* WIDTHxHEIGHT and no more. */
static bool read_size(const char *text, assignment *a)
{
  char *end;
  if (*text < '0' || *text > '9') return false;
  a->width = strtoull(text, &end, 10);
  if (*end != 'x' || end[1] < '0' || end[1] > '9') return false;
  a->height = strtoull(end + 1, &end, 10);
  return *end == '\0';
}

int run_image_option(run *r, assignment *a)
{
  tg_error error = {.code = TG_NOMEM};
  char *colon = NULL;
  a->path = malloc(strlen(a->value) + 1);
  if (!a->path) return print_error(NULL, &error);
  strcpy(a->path, a->value);
  colon = strrchr(a->path, ':');
  if (!colon || image_format_of(a->path) != IMAGE_NONE) return STATUS_OK;
  *colon = '\0';
  if (image_format_of(a->path) == IMAGE_NONE) {
    *colon = ':';
    return STATUS_OK;
  }
  bool is_size = read_size(colon + 1, a) && a->width >= 1 && a->height >= 1 && a->width <= IMAGE_SIDE_MOST &&
                 a->height <= IMAGE_SIDE_MOST;
  if (is_size) return STATUS_OK;
  return usage_error(r->self, "'%s' is no size of a picture: WIDTHxHEIGHT is wanted, as in 800x600, each at most %d",
                     colon + 1, IMAGE_SIDE_MOST);
}

/* ---- the size ---- */

static bool is_integer(tg_mode mode)
{
  return mode < TG_MODE_F16 && mode != TG_MODE_BOOL && mode != TG_MODE_F32 && mode != TG_MODE_F64;
}

/* The value of the parameter `width`, or 0. */
static uint64_t width_parameter(const run *r)
{
  for (size_t k = 0; k < r->n_operands; k++) {
    const run_operand *o = &r->operands[k];
    uint64_t bits = 0;
    if (o->info.kind != TG_PARAM || !is_integer(o->info.mode) || strcmp(o->info.name, "width") != 0) continue;
    if (!o->is_bound) return o->info.has_default ? o->info.default_bits : 0;
    for (size_t i = 0, bytes = tg_mode_bytes(o->info.mode); i < bytes; i++) {
      bits |= (uint64_t)o->column.data[column_host_is_big() ? bytes - 1 - i : i] << 8 * i;
    }
    return bits;
  }
  return 0;
}

static int no_width(const run *r, const assignment *a)
{
  usage_error(r->self, "'%s': nothing says how wide the picture is", a->path);
  print_hint("add its size, as in %s:800x600, or let the program have a parameter `width`", a->path);
  return STATUS_USAGE;
}

static int find_size(const run *r, const assignment *a, image_shape *s)
{
  s->width = a->width > 0 ? a->width : width_parameter(r);
  if (s->width == 0) return no_width(r, a);
  s->height = r->n / s->width;
  bool is_full = s->height > 0 && r->n % s->width == 0;
  if (is_full && (a->height == 0 || a->height == s->height)) return STATUS_OK;
  if (a->height > 0) {
    return usage_error(r->self,
                       "%s: %" PRIu64 " x %" PRIu64 " pixels are %" PRIu64 ", not %" PRIu64 ": add -n %" PRIu64,
                       a->path, a->width, a->height, a->width * a->height, r->n, a->width * a->height);
  }
  return usage_error(r->self, "%s: %" PRIu64 " pixels do not fill rows of %" PRIu64 ": give -n a multiple of it",
                     a->path, r->n, s->width);
}

int run_image_create(run *r, const assignment *a, run_file *f)
{
  tg_error error = {.code = TG_OK};
  const run_operand *o = &r->operands[a->operand];
  image_shape shape = {image_format_of(a->path), o->info.mode, 0, 0, o->width};
  int status = find_size(r, a, &shape);
  if (status != STATUS_OK) return status;
  if (image_create(&f->out, &shape, &f->image, &error) == TG_OK) return STATUS_OK;
  return print_error(a->path, &error);
}
