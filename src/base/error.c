/* error.c: statuses as text, and the filling of tg_error records. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

const char *tg_status_name(tg_status status)
{
  switch (status) {
#define NAME_CASE(name, value, text)                                                                                   \
  case TG_##name: return #name;
    TG_STATUS_LIST(NAME_CASE)
#undef NAME_CASE
  }
  return "?";
}

const char *tg_status_text(tg_status status)
{
  switch (status) {
#define TEXT_CASE(name, value, text)                                                                                   \
  case TG_##name: return text;
    TG_STATUS_LIST(TEXT_CASE)
#undef TEXT_CASE
  }
  return "an unknown status";
}

static void fill(tg_error *error, tg_status code, tg_pos pos, const char *format, va_list args) PRINTF_LIKE(4, 0);

static void fill(tg_error *error, tg_status code, tg_pos pos, const char *format, va_list args)
{
  if (error == NULL) {
    return;
  }
  error->code = code;
  error->pos = pos;
  error->hint[0] = '\0';
  vsnprintf(error->message, sizeof error->message, format, args);
}

tg_status error_set(tg_error *error, tg_status code, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  fill(error, code, (tg_pos){0, 0, 0}, format, args);
  va_end(args);
  return code;
}

tg_status error_at(tg_error *error, tg_status code, tg_pos pos, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  fill(error, code, pos, format, args);
  va_end(args);
  return code;
}

void error_hint(tg_error *error, const char *format, ...)
{
  if (error == NULL) {
    return;
  }
  va_list args;
  va_start(args, format);
  vsnprintf(error->hint, sizeof error->hint, format, args);
  va_end(args);
}
