/* csv_write.c: columns of elements as .csv: a line of names, then rows of numbers; an array in a row takes a column for
 * each of its elements. */
#include "io/csv.h"

#include "base/error.h"
#include "io/number.h"

#include <string.h>

static size_t width_of(const named_column *c)
{
  return c->width > 0 ? c->width : 1;
}

static size_t n_rows(const named_column *c)
{
  return c->column->n / width_of(c);
}

tg_status csv_check_lengths(const named_column *columns, size_t n, tg_error *error)
{
  for (size_t k = 1; k < n; k++) {
    if (n_rows(&columns[k]) == n_rows(&columns[0])) continue;
    return error_set(error, TG_ARGUMENT, "'%s' has %zu elements and '%s' has %zu: they need a file each",
                     columns[0].name, n_rows(&columns[0]), columns[k].name, n_rows(&columns[k]));
  }
  return TG_OK;
}

/* An array has a column for each element: name[0], name[1] and so on. */
static tg_status write_names(file_out *out, const named_column *c, tg_error *error)
{
  char element[32];
  for (size_t i = 0; i < width_of(c); i++) {
    int length = c->width > 0 ? snprintf(element, sizeof element, "[%zu]", i) : 0;
    TG_TRY(file_write(out, ",", i > 0, error));
    TG_TRY(file_write(out, c->name, strlen(c->name), error));
    TG_TRY(file_write(out, element, (size_t)length, error));
  }
  return TG_OK;
}

tg_status csv_write_header(file_out *out, const named_column *columns, size_t n, tg_error *error)
{
  for (size_t k = 0; k < n; k++) {
    TG_TRY(write_names(out, &columns[k], error));
    TG_TRY(file_write(out, k + 1 < n ? "," : "\n", 1, error));
  }
  return TG_OK;
}

/* What one column has in a row, and what follows it. */
static tg_status write_fields(file_out *out, const named_column *from, size_t row, char last, tg_error *error)
{
  char text[NUMBER_TEXT + 1];
  const column *c = from->column;
  size_t width = width_of(from);
  for (size_t i = 0; i < width; i++) {
    size_t length = number_format(c->mode, c->data + (row * width + i) * tg_mode_bytes(c->mode), text);
    text[length] = i + 1 < width ? ',' : last;
    TG_TRY(file_write(out, text, length + 1, error));
  }
  return TG_OK;
}

tg_status csv_write_rows(file_out *out, const named_column *columns, size_t n, tg_error *error)
{
  for (size_t i = 0; n > 0 && i < n_rows(&columns[0]); i++) {
    for (size_t k = 0; k < n; k++) TG_TRY(write_fields(out, &columns[k], i, k + 1 < n ? ',' : '\n', error));
  }
  return TG_OK;
}
