/* column.c: columns in memory, the choice of a file format, writing in each, and checksums. reader.c reads. */
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

/* Only for native modes on a big-endian machine. */
bool column_bin_is_reversed(tg_mode mode)
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

tg_status column_write_head(file_out *out, column_format format, const named_column *columns, size_t n,
                            size_t n_elements, tg_error *error)
{
  if (format == COLUMN_CSV) return csv_write_header(out, columns, n, error);
  if (format == COLUMN_UNKNOWN || n != 1) return error_set(error, TG_ARGUMENT, "one column, to .npy, .csv or .bin");
  return format == COLUMN_NPY ? npy_write_header(out, columns[0].column->mode, n_elements, columns[0].width, error)
                              : TG_OK;
}

tg_status column_write_elements(file_out *out, column_format format, const named_column *columns, size_t n,
                                tg_error *error)
{
  if (format == COLUMN_CSV) return csv_write_rows(out, columns, n, error);
  const column *c = columns[0].column;
  bool is_reversed = format == COLUMN_NPY ? npy_is_reversed(c->mode) : column_bin_is_reversed(c->mode);
  return column_write_bytes(out, c, is_reversed, error);
}

tg_status column_shorten(file_out *out, column_format format, const named_column *columns, size_t n_elements,
                         tg_error *error)
{
  if (format != COLUMN_NPY || !file_rewind(out)) return TG_OK;
  return npy_write_header(out, columns[0].column->mode, n_elements, columns[0].width, error);
}

tg_status column_write(file_out *out, column_format format, const named_column *columns, size_t n, tg_error *error)
{
  if (format == COLUMN_CSV) TG_TRY(csv_check_lengths(columns, n, error));
  TG_TRY(column_write_head(out, format, columns, n, n > 0 ? columns[0].column->n : 0, error));
  return column_write_elements(out, format, columns, n, error);
}

/* ---- checksums ---- */

column_hash *column_hash_create(void)
{
  column_hash *hash = XXH64_createState();
  if (hash) XXH64_reset(hash, 0);
  return hash;
}

void column_hash_add(column_hash *hash, column *c)
{
  bool reversed = column_bin_is_reversed(c->mode);
  if (reversed) column_swap(c);
  XXH64_update(hash, c->data, c->n * tg_mode_bytes(c->mode));
  if (reversed) column_swap(c);
}

uint64_t column_hash_value(const column_hash *hash)
{
  return XXH64_digest(hash);
}

void column_hash_destroy(column_hash *hash)
{
  XXH64_freeState(hash);
}

uint64_t column_checksum(column *c)
{
  bool reversed = column_bin_is_reversed(c->mode);
  if (reversed) column_swap(c);
  uint64_t sum = XXH64(c->data, c->n * tg_mode_bytes(c->mode), 0);
  if (reversed) column_swap(c);
  return sum;
}
