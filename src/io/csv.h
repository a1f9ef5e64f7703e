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

/* Writes a header and the columns, all of one length. Errors: IO, ARGUMENT. */
tg_status csv_write_columns(file_out *out, const named_column *columns, size_t n, tg_error *error);

#endif
