/* reader.h: the elements of one operand from a file of any format, a window at a time: memory holds a window of them,
 * however long the file is. Only what cannot be measured first, a pipe or a device, is read as a whole. */
#ifndef TG_IO_READER_H
#define TG_IO_READER_H

#include "io/csv.h"

typedef struct column_reader {
  tg_mode mode;
  size_t n, at; /* elements in the file, and read so far */
  column whole; /* a pipe's; else data is NULL */
  file_in file;
  csv_reader *csv;  /* NULL: the elements lie in the file as bytes */
  bool is_reversed; /* in another order than in memory */
} column_reader;

/* Opens a file and finds how many elements it has. name: of the column of a .csv file, or NULL; it must stay. Errors:
 * IO (a line, where there is one, in error->pos), FORMAT, NOMEM. */
tg_status column_open(const char *path, const char *name, tg_mode mode, column_reader *out, tg_error *error);

/* Stores the next n elements at `to`, of those that are left. Errors: IO, NOMEM. */
tg_status column_next(column_reader *r, size_t n, unsigned char *to, tg_error *error);

/* Any state, also all zeros. */
void column_close(column_reader *r);

#endif
