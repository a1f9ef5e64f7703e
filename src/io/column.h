/* column.h: the elements of one operand in memory, and their way from and to files of every format.
 *
 *   .npy   NumPy, one array            .csv   one column of many, chosen by name or number
 *   .bin   the elements alone, as they lie in memory, native modes least significant byte first
 * A file is read as .npy if it begins like one, else by its extension; it is written by its extension. */
#ifndef TG_IO_COLUMN_H
#define TG_IO_COLUMN_H

#include "io/file.h"

typedef struct column {
  tg_mode mode;
  size_t n;            /* elements */
  unsigned char *data; /* never NULL; n * tg_mode_bytes(mode) bytes at any alignment */
  void *memory;        /* what column_free frees */
} column;

typedef enum column_format { COLUMN_NPY, COLUMN_CSV, COLUMN_BIN, COLUMN_UNKNOWN } column_format;
column_format column_format_of(const char *path);

/* n zeroed elements. Errors: NOMEM. */
tg_status column_create(tg_mode mode, size_t n, column *out, tg_error *error);
void column_free(column *c);

/* Reads all elements of a file. name: of the column of a .csv file, or NULL. Errors: IO (a line, where there is one, in
 * error->pos), FORMAT, NOMEM. */
tg_status column_read(const char *path, const char *name, tg_mode mode, column *out, tg_error *error);

/* What a file is to hold. */
typedef struct named_column {
  const char *name;
  const column *column;
  size_t width; /* 0: one dimension; else a second one of so many elements, in .csv a column each */
} named_column;

/* Writes columns to a file that was created: any number, of one length, to .csv, one to others. Errors: IO, ARGUMENT.
 */
tg_status column_write(file_out *out, column_format format, const named_column *columns, size_t n, tg_error *error);

/* The same in parts: first what stands before the elements, of which there will be n_elements in each column; then
 * elements, as often as there are more. */
tg_status column_write_head(file_out *out, column_format format, const named_column *columns, size_t n,
                            size_t n_elements, tg_error *error);
tg_status column_write_elements(file_out *out, column_format format, const named_column *columns, size_t n,
                                tg_error *error);

/* Fewer elements came than the head said, n_elements: makes it say so, where the format has a number there. Nothing may
 * be written after that. Errors: IO. */
tg_status column_shorten(file_out *out, column_format format, const named_column *columns, size_t n_elements,
                         tg_error *error);

/* XXH64 of the bytes that a .bin file of the column would have: the same on every machine. */
uint64_t column_checksum(column *c);

/* The same in parts. NULL: no memory. */
typedef struct XXH64_state_s column_hash;
column_hash *column_hash_create(void);
void column_hash_add(column_hash *hash, column *c);
uint64_t column_hash_value(const column_hash *hash);
void column_hash_destroy(column_hash *hash);

/* For the formats: whether a .bin file has the bytes of each element reversed; whether this machine, or an element of
 * the mode on it, has the most significant byte first; turning the bytes of every element round. */
bool column_bin_is_reversed(tg_mode mode);
bool column_host_is_big(void);
bool column_mode_is_big(tg_mode mode);
void column_swap(column *c);

/* Writes the elements' bytes, each element's in reverse if `reversed`. */
tg_status column_write_bytes(file_out *out, const column *c, bool reversed, tg_error *error);

#endif
