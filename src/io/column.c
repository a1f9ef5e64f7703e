/* column.c: columns in memory, the choice of a file format, and the .bin format. */
#include "io/column.h"

#include "base/error.h"
#include "io/csv.h"
#include "io/npy.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { CHUNK = 1 << 16 }; /* bytes reversed at a time: a multiple of every element's size */

bool column_host_is_big(void)
{
  const uint16_t one = 1;
  unsigned char first;
  memcpy(&first, &one, 1);
  return first == 0;
}

bool column_mode_is_big(tg_mode mode)
{
  return mode >= TG_MODE_I16BE ? true : column_host_is_big();
}

/* Whether the bytes of a .bin file are those in memory reversed: only for native modes on a big-endian machine. */
static bool is_reversed_in_file(tg_mode mode)
{
  return mode < TG_MODE_I16BE && column_host_is_big();
}

tg_status column_create(tg_mode mode, size_t n, column *out, tg_error *error)
{
  size_t bytes = tg_mode_bytes(mode);
  void *memory = n <= SIZE_MAX / 2 / bytes ? calloc(n ? n : 1, bytes) : NULL;
  *out = (column){mode, memory ? n : 0, memory, memory};
  if (memory) return TG_OK;
  return error_set(error, TG_NOMEM, "there is no memory for %zu elements of %zu bytes", n, bytes);
}

void column_free(column *c)
{
  free(c->memory);
  *c = (column){c->mode, 0, NULL, NULL};
}

static void reverse_elements(unsigned char *to, const unsigned char *from, size_t n, size_t bytes)
{
  for (size_t i = 0; i < n * bytes; i += bytes) {
    unsigned char element[8];
    memcpy(element, from + i, bytes);
    for (size_t k = 0; k < bytes; k++) to[i + k] = element[bytes - 1 - k];
  }
}

void column_swap(column *c)
{
  reverse_elements(c->data, c->data, c->n, tg_mode_bytes(c->mode));
}

/* ---- formats ---- */

static bool ends_with(const char *text, const char *end)
{
  size_t n_text = strlen(text), n_end = strlen(end);
  return n_text > n_end && strcmp(text + n_text - n_end, end) == 0;
}

column_format column_format_of(const char *path)
{
  if (ends_with(path, ".npy")) return COLUMN_NPY;
  if (ends_with(path, ".csv")) return COLUMN_CSV;
  if (ends_with(path, ".bin")) return COLUMN_BIN;
  return COLUMN_UNKNOWN;
}

static tg_status bin_read(file_bytes *file, tg_mode mode, column *out, tg_error *error)
{
  size_t bytes = tg_mode_bytes(mode);
  if (file->n % bytes != 0) {
    error_set(error, TG_FORMAT, "its size, %zu bytes, is no multiple of %zu, the size of one %s", file->n, bytes,
              tg_mode_name(mode));
    error_hint(error, "a .bin file holds the elements and nothing else");
    return TG_FORMAT;
  }
  *out = (column){mode, file->n / bytes, file->data, file->data};
  *file = (file_bytes){NULL, 0};
  if (is_reversed_in_file(mode)) column_swap(out);
  return TG_OK;
}

static tg_status read_bytes(file_bytes *file, column_format format, const char *name, column *out, tg_error *error)
{
  if (format == COLUMN_CSV) return csv_read_column(file->data, file->n, name, out->mode, out, error);
  if (format == COLUMN_UNKNOWN) {
    error_set(error, TG_IO, "its format is not known");
    error_hint(error, "name it .npy, .csv or .bin");
    return TG_IO;
  }
  if (name) {
    error_set(error, TG_IO, "has no columns, but column '%.100s' of it is asked for", name);
    error_hint(error, "only .csv files have columns: leave out ':%.60s'", name);
    return TG_IO;
  }
  return format == COLUMN_NPY ? npy_read(file, out->mode, out, error) : bin_read(file, out->mode, out, error);
}

tg_status column_read(const char *path, const char *name, tg_mode mode, column *out, tg_error *error)
{
  file_bytes file;
  *out = (column){mode, 0, NULL, NULL};
  TG_TRY(file_read(path, &file, error));
  column_format format = column_format_of(path);
  if (format != COLUMN_BIN && npy_is_npy(file.data, file.n)) format = COLUMN_NPY;
  tg_status status = read_bytes(&file, format, name, out, error);
  file_free(&file);
  return status;
}

/* ---- writing ---- */

tg_status column_write_bytes(file_out *out, const column *c, bool reversed, tg_error *error)
{
  size_t bytes = tg_mode_bytes(c->mode), n_bytes = c->n * bytes;
  if (!reversed) return file_write(out, c->data, n_bytes, error);
  unsigned char chunk[CHUNK];
  for (size_t at = 0; at < n_bytes; at += CHUNK) {
    size_t n = n_bytes - at < CHUNK ? n_bytes - at : CHUNK;
    reverse_elements(chunk, c->data + at, n / bytes, bytes);
    TG_TRY(file_write(out, chunk, n, error));
  }
  return TG_OK;
}

tg_status column_write(file_out *out, column_format format, const named_column *columns, size_t n, tg_error *error)
{
  if (format == COLUMN_CSV) return csv_write_columns(out, columns, n, error);
  if (format == COLUMN_UNKNOWN || n != 1) return error_set(error, TG_ARGUMENT, "one column, to .npy, .csv or .bin");
  const column *c = columns[0].column;
  if (format == COLUMN_NPY) return npy_write(out, c, error);
  return column_write_bytes(out, c, is_reversed_in_file(c->mode), error);
}

uint64_t column_checksum(column *c)
{
  bool reversed = is_reversed_in_file(c->mode);
  if (reversed) column_swap(c);
  uint64_t sum = XXH64(c->data, c->n * tg_mode_bytes(c->mode), 0);
  if (reversed) column_swap(c);
  return sum;
}
