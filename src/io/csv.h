/* csv.h: columns of numbers from and to .csv files (RFC 4180, and what programs write in its place).
 *
 * Fields are separated by commas and may be quoted; lines end with LF or CR LF; a UTF-8 byte order mark and empty lines
 * are skipped. The first line is a header, unless every field of it is a number. Every row has as many fields as the
 * first. A field that is empty or NA or NaN is a missing value: a NaN for a float, an error for all else. */
#ifndef TG_IO_CSV_H
#define TG_IO_CSV_H

#include "io/column.h"

/* Reads one column. name: in the header, or a number counted from 1; NULL if there is only one. Errors: IO, with the
 * line in error->pos, NOMEM. */
tg_status csv_read_column(const unsigned char *bytes, size_t n, const char *name, tg_mode mode, column *out,
                          tg_error *error);

/* Reads one column piece by piece. */
typedef struct csv_reader csv_reader;

/* Goes through a regular file, from where it stands, to find how many elements the column has, and returns to its
 * beginning. Rows and quotes are checked, elements are not. file and name must stay. Errors: as above. */
tg_status csv_open(file_in *file, const char *name, tg_mode mode, csv_reader **out, size_t *n, tg_error *error);

/* Stores the next n elements at `to`, any address. Errors: as above; also where the file has become shorter. */
tg_status csv_next(csv_reader *r, size_t n, unsigned char *to, tg_error *error);
void csv_close(csv_reader *r);

/* Whether the columns can be in one file: all of one length. Errors: ARGUMENT. */
tg_status csv_check_lengths(const named_column *columns, size_t n, tg_error *error);

/* A line of names; then a line for each element. Errors: IO. */
tg_status csv_write_header(file_out *out, const named_column *columns, size_t n, tg_error *error);
tg_status csv_write_rows(file_out *out, const named_column *columns, size_t n, tg_error *error);

#endif
