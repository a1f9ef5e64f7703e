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

/* Makes a column of the file's elements, in the order in which they lie in the file, whatever the shape. The column
 * takes over the file's memory. The dtype must be that of the mode, in either byte order. Errors: FORMAT. */
tg_status npy_read(file_bytes *file, tg_mode mode, column *out, tg_error *error);

/* Writes a one-dimensional array, format version 1. */
tg_status npy_write(file_out *out, const column *c, tg_error *error);

#endif
