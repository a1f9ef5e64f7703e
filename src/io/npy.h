/* npy.h: NumPy's .npy files, format versions 1, 2 and 3. */
#ifndef TG_IO_NPY_H
#define TG_IO_NPY_H

#include "io/column.h"

/* What the header of a file says. */
typedef struct npy_header {
  char kind;    /* 'b' bool, 'i' signed, 'u' unsigned, 'f' float, 'V' raw bytes */
  char order;   /* '<', '>', '|' or '=' */
  size_t bytes; /* of an element */
  size_t n;     /* elements: the product of the shape */
  size_t n_dims;
  size_t data_at; /* where the elements begin */
} npy_header;

/* Whether the bytes begin like a .npy file. */
bool npy_is_npy(const unsigned char *bytes, size_t n);

/* Reads and checks the header against the n bytes of the whole file. Errors: FORMAT. */
tg_status npy_read_header(const unsigned char *bytes, size_t n, npy_header *out, tg_error *error);

/* The same from its first n bytes alone, when the whole file has n_file. A header that is longer than NPY_HEADER_MOST
 * is refused. */
enum { NPY_HEADER_MOST = 1 << 20 };
tg_status npy_read_start(const unsigned char *bytes, size_t n, uint64_t n_file, npy_header *out, tg_error *error);

/* Whether the elements are of the mode, and if so, whether the bytes of each are in memory's order reversed. Errors:
 * FORMAT. */
tg_status npy_check_mode(const npy_header *header, tg_mode mode, bool *is_reversed, tg_error *error);

/* Makes a column of the file's elements, in the order in which they lie in the file, whatever the shape. The column
 * takes over the file's memory. The dtype must be that of the mode, in either byte order. Errors: FORMAT. */
tg_status npy_read(file_bytes *file, tg_mode mode, column *out, tg_error *error);

/* Writes the header of an array of n elements, or if width is not 0 of n rows of so many; format version 1. Whether the
 * bytes of each element, which follow, are those of memory reversed. */
tg_status npy_write_header(file_out *out, tg_mode mode, size_t n, size_t width, tg_error *error);
bool npy_is_reversed(tg_mode mode);

#endif
