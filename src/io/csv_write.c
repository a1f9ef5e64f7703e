/* csv_write.c: columns of elements as .csv: a line of names, then rows of numbers. */
#include "io/csv.h"

#include "base/error.h"
#include "io/number.h"

#include <string.h>

tg_status csv_check_lengths(const named_column *columns, size_t n, tg_error *error)
{
  for (size_t k = 1; k < n; k++) {
    if (columns[k].column->n == columns[0].column->n) continue;
    return error_set(error, TG_ARGUMENT, "'%s' has %zu elements and '%s' has %zu: they need a file each",
                     columns[0].name, columns[0].column->n, columns[k].name, columns[k].column->n);
  }
  return TG_OK;
}

tg_status csv_write_header(file_out *out, const named_column *columns, size_t n, tg_error *error)
{
  for (size_t k = 0; k < n; k++) {
    TG_TRY(file_write(out, columns[k].name, strlen(columns[k].name), error));
    TG_TRY(file_write(out, k + 1 < n ? "," : "\n", 1, error));
  }
  return TG_OK;
}

tg_status csv_write_rows(file_out *out, const named_column *columns, size_t n, tg_error *error)
{
  char text[NUMBER_TEXT + 1];
  for (size_t i = 0; n > 0 && i < columns[0].column->n; i++) {
    for (size_t k = 0; k < n; k++) {
      const column *c = columns[k].column;
      size_t length = number_format(c->mode, c->data + i * tg_mode_bytes(c->mode), text);
      text[length] = k + 1 < n ? ',' : '\n';
      TG_TRY(file_write(out, text, length + 1, error));
    }
  }
  return TG_OK;
}
